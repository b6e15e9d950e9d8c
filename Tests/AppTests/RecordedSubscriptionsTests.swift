import Access
import Cryptography
import Endpoints
import Engine
import HTTP
import JOSE
import JSON
import Logins
import Notifications
import TestSupport
import Testing

@testable import App

/// A user, and the channel that sends to their browsers.
private struct Scene {
    let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_000))
    let users = MemoryUserStore()
    let access: MemoryAccessStore
    let channel: WebPushChannel
    let browsers: RecordedSubscriptions
    let anna = UserID.named("anna")
    let author = AuditAuthor.commandLine

    init(
        _ settings: (VAPID) -> WebPushChannel.Settings = { .init(vapid: $0) },
        channels: Set<ChannelID>? = nil
    ) async throws {
        access = MemoryAccessStore(users: users)
        let desk = UserDesk(users: users, access: access)
        let key = try SigningKey(PrivateKey.generate(.p256))
        channel = WebPushChannel(
            id: try #require(ChannelID("push")),
            settings: settings(try #require(VAPID(key, contact: "mailto:ops@bank.example"))),
            brand: "Bank",
            subscriptions: RecordedAddresses(desk: desk),
            client: NoHTTP(),
            clock: clock,
            log: CapturedLog().logger
        )
        let plan = EscalationPlan([.init(channel: channel, after: .zero)])
        browsers = try #require(RecordedSubscriptions(plan, desk, clock))
        try await users.put(
            User(id: anna, isActive: true, channels: channels, addresses: [.named("sms"): "+44"])
        )
    }

    func add(
        _ endpoint: String,
        named name: String = "B",
        replacing old: String? = nil
    )
        async throws(BrowserRefusal)
    {
        try await browsers.add(
            Self.subscription(endpoint),
            named: name,
            replacing: old,
            of: anna,
            by: author
        )
    }

    func list() async throws -> [SubscribedBrowser] {
        try #require(try await browsers.browsers(of: anna))
    }

    /// What `PushSubscription.toJSON()` of a browser returns, with the key of RFC 8291, section 5.
    static func subscription(_ endpoint: String) -> String {
        let key =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        return
            "{\"endpoint\":\"\(endpoint)\",\"expirationTime\":null,\"keys\":{\"p256dh\":\"\(key)\","
            + "\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"},\"more\":\"\(String(repeating: "x", count: 99))\"}"
    }
}

/// Nothing is sent here.
struct NoHTTP: OutboundHTTP {
    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        throw .notSent("nobody is there")
    }
}

@Suite("The browsers in a user's record")
struct RecordedSubscriptionsTests {
    @Test("are added once each, with name and time, beside other addresses, and removed alone")
    func list() async throws {
        let scene = try await Scene()
        #expect(try await scene.list().isEmpty)
        try await scene.add("https://push.example/a", named: "Browser/1")
        scene.clock.advance(by: .seconds(5))
        try await scene.add("https://push.example/b", named: String(repeating: "n", count: 999))
        try await scene.add("https://push.example/a", named: "Browser/2")
        let all = try await scene.list()
        #expect(all.map(\.name) == [String(repeating: "n", count: 200), "Browser/2"])
        #expect(all.map(\.since) == [scene.clock.now(), scene.clock.now()])
        let digest = SHA256.digest(Array("https://push.example/a".utf8))
        #expect(all[1].id == Base64URL.encode(digest))
        // The channel sends to both, and what the browser said besides is not stored.
        let user = try #require(try await scene.users.user(scene.anna))
        let texts = try await RecordedAddresses(desk: nil).addresses(
            of: user,
            through: scene.channel.id
        )
        #expect(texts.count == 2 && texts.allSatisfy { !$0.contains("more") })
        try await scene.browsers.remove(all[0].id, of: scene.anna, by: scene.author)
        #expect(try await scene.list() == [all[1]])
        await #expect(throws: BrowserRefusal.unknown) {
            try await scene.browsers.remove(all[0].id, of: scene.anna, by: scene.author)
        }
        try await scene.browsers.remove(all[1].id, of: scene.anna, by: scene.author)
        #expect(
            try await scene.users.user(scene.anna)?.addresses == [.named("sms"): "+44"]
        )
        #expect(scene.access.events.map(\.kind) == Array(repeating: "user.changed", count: 5))
    }

    // rule: B3
    @Test("end alone when the push service says that they have ended")
    func ended() async throws {
        let scene = try await Scene()
        for name in ["a", "b", "c"] { try await scene.add("https://push.example/" + name) }
        let addresses = RecordedAddresses(
            desk: UserDesk(users: scene.users, access: scene.access)
        )
        let user = try #require(try await scene.users.user(scene.anna))
        let texts = try await addresses.addresses(of: user, through: scene.channel.id)
        let all = try await scene.list()
        try await addresses.end(texts[1], of: user, through: scene.channel.id)
        #expect(try await scene.list() == [all[0], all[2]])
    }

    @Test("replace the one that was made with another key, and are at most eight")
    func replaced() async throws {
        let scene = try await Scene()
        for number in 1...8 { try await scene.add("https://push.example/\(number)") }
        await #expect(throws: BrowserRefusal.tooMany) {
            try await scene.add("https://push.example/9")
        }
        let old = try await scene.list()[3].id
        try await scene.add("https://push.example/9", replacing: old)
        let all = try await scene.list()
        #expect(all.count == 8 && !all.contains { $0.id == old })
    }

    // rule: B6
    @Test(
        "are refused with an address that messages must not go to",
        arguments: [
            "http://push.example/a", "https://u:p@push.example/a", "https://127.0.0.1/a",
            "https://10.1.2.3/a", "https://[::1]/a", "https://[fd00::1]/a", "https://2130706433/a",
            "https://169.254.169.254/a", "https://localhost/a", "https://push.localhost/a",
            "https://intranet/a", "https://push.internal/a", "https://push.local./a",
            "https://push.example", "push.example", "",
        ]
    )
    func forbidden(_ endpoint: String) async throws {
        let scene = try await Scene()
        await #expect(throws: BrowserRefusal.unusable) { try await scene.add(endpoint) }
        #expect(try await scene.list().isEmpty)
    }

    // rule: B6
    @Test("are refused of services that are not listed")
    func unlisted() async throws {
        let scene = try await Scene { .init(vapid: $0, hosts: ["push.example", ".apple.example"]) }
        try await scene.add("https://push.example/a")
        try await scene.add("https://x.apple.example/a")
        for host in ["evil.example", "push.example.evil.example", "apple.example"] {
            await #expect(throws: BrowserRefusal.unusable) {
                try await scene.add("https://\(host)/a")
            }
        }
        let inner = try await Scene {
            .init(vapid: $0, destination: Destination(allowsInternalAddresses: true))
        }
        try await inner.add("https://127.0.0.1:8443/a")
    }

    @Test(
        "are none for users who are not reached by the channel, and not where users are elsewhere"
    )
    func unreached() async throws {
        let scene = try await Scene(channels: [.named("sms")])
        #expect(try await scene.browsers.browsers(of: scene.anna) == nil)
        await #expect(throws: BrowserRefusal.unknown) {
            try await scene.add("https://push.example/a")
        }
        #expect(try await scene.browsers.browsers(of: .named("nobody")) == nil)
        let plan = EscalationPlan([.init(channel: scene.channel, after: .zero)])
        #expect(RecordedSubscriptions(plan, nil, scene.clock) == nil)
        let desk = UserDesk(users: scene.users, access: scene.access)
        #expect(RecordedSubscriptions(EscalationPlan([]), desk, scene.clock) == nil)
    }

    @Test("are unavailable while the store fails")
    func unavailable() async throws {
        let scene = try await Scene()
        scene.access.fail(.unavailable("full"))
        await #expect(throws: BrowserRefusal.unavailable("\(StoreError.unavailable("full"))")) {
            try await scene.add("https://push.example/a")
        }
    }
}

import Cryptography
import Foundation
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Threads

@testable import Notifications

/// Answers each request as told, and keeps them.
private final class PushService: OutboundHTTP {
    let requests = Locked<[OutboundRequest]>([])
    private let script: @Sendable (OutboundRequest) -> Result<OutboundResponse, OutboundError>

    init(_ script: @escaping @Sendable (OutboundRequest) -> Result<OutboundResponse, OutboundError>)
    {
        self.script = script
    }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        requests.withLock { $0.append(request) }
        return try script(request).get()
    }
}

/// The addresses of one user.
private final class Addresses: ChannelAddresses {
    let texts: Locked<[String]>
    init(_ texts: [String]) { self.texts = Locked(texts) }

    func addresses(of: User, through: ChannelID) async throws(StoreError) -> [String] {
        texts.withLock { $0 }
    }

    func end(_ address: String, of: User, through: ChannelID) async throws(StoreError) {
        texts.withLock { $0.removeAll { $0 == address } }
    }
}

/// The keys of RFC 8291, section 5 and appendix A.
private enum Example {
    static let text = "When I grow up, I want to be a watermelon"
    static let secret = "BTBZMqHH6r4Tts7J_aSIgg"
    static let receiver =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    static let receiverKey = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
    static let sender =
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    static let senderKey = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
    static let salt = "DGv6ra1nlYgDCS1FRnbzlw"
    static let body =
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
        + "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
        + "lcy4a-fN"

    static func bytes(_ text: String) throws -> [UInt8] { try #require(Base64URL.decode(text)) }

    static func key(_ point: String, _ scalar: String) throws -> PrivateKey {
        let point = try bytes(point)
        return try PrivateKey(
            .p256(x: Array(point[1...32]), y: Array(point[33...]), d: try bytes(scalar))
        )
    }

    static func subscription(_ endpoint: String) -> String {
        "{\"endpoint\":\"\(endpoint)\",\"expirationTime\":null,"
            + "\"keys\":{\"p256dh\":\"\(receiver)\",\"auth\":\"\(secret)\"}}"
    }

    /// Opens a body as the browser does (RFC 8291 §3.4), written apart from what made it.
    static func opened(_ body: [UInt8]) throws -> String {
        let receiver = try key(receiver, receiverKey)
        let sender = Array(body[21..<86])
        let peer = try PublicKey(.p256(x: Array(sender[1...32]), y: Array(sender[33...])))
        let shared = try receiver.sharedSecret(with: peer)
        let extracted = HMAC.sha256(key: try bytes(secret), shared)
        let info = Array("WebPush: info\0".utf8) + (try bytes(Example.receiver)) + sender
        let material = HMAC.sha256(key: extracted, info + [1])
        let random = HMAC.sha256(key: Array(body[..<16]), material)
        func derived(_ label: String, _ count: Int) -> [UInt8] {
            Array(HMAC.sha256(key: random, Array(label.utf8) + [0, 1]).prefix(count))
        }
        let text = try #require(
            AES128GCM.open(
                Array(body[86...]),
                key: derived("Content-Encoding: aes128gcm", 16),
                nonce: derived("Content-Encoding: nonce", 12)
            )
        )
        #expect(text.last == 2)
        return String(decoding: text.dropLast(), as: UTF8.self)
    }
}

@Suite("The encryption of a push message")
struct PushEncryptionTests {
    // rule: B4
    @Test("makes the body of RFC 8291, appendix A, of its keys")
    func vector() throws {
        let subscription = try #require(
            PushSubscription(
                Example.subscription("https://push.example.net/push/JzLQ3raZJfFBR0aqvOMs")
            )
        )
        let body = try PushEncryption.body(
            Array(Example.text.utf8),
            for: subscription.key,
            secret: subscription.secret,
            salt: try Example.bytes(Example.salt),
            key: try Example.key(Example.sender, Example.senderKey)
        )
        #expect(Base64URL.encode(body) == Example.body)
        #expect(try Example.opened(body) == Example.text)
    }

    // rule: B4
    @Test("uses a new key and a new salt for each message, within one record of 4096 bytes")
    func fresh() throws {
        let subscription = try #require(
            PushSubscription(Example.subscription("https://a.example/1"))
        )
        let longest = [UInt8](repeating: 0x41, count: PushEncryption.longestText)
        let bodies = try (0..<4).map { _ in try PushEncryption.body(longest, for: subscription) }
        #expect(Set(bodies.map { $0[..<16] }).count == 4)
        #expect(Set(bodies.map { $0[21..<86] }).count == 4)
        #expect(bodies.allSatisfy { $0.count == 4096 })
        #expect(throws: KeyError.malformed) {
            try PushEncryption.body(longest + [0], for: subscription)
        }
    }

    // rule: B6
    @Test(
        "takes a subscription only with a public https address and sound keys",
        arguments: [
            (Example.subscription("https://a.example:443/x"), "https://a.example"),
            (Example.subscription("https://A.example:8443/x?y"), "https://a.example:8443"),
            (Example.subscription("http://a.example/x"), nil),
            (Example.subscription("https://u:p@a.example/x"), nil),
            (Example.subscription("https://a.example/x#y"), nil),
            (Example.subscription("https://a.example"), nil), (Example.subscription("/x"), nil),
            (
                Example.subscription("https://a.example/x")
                    .replacingOccurrences(of: Example.secret, with: "AAAA"), nil
            ),
            (
                Example.subscription("https://a.example/x")
                    .replacingOccurrences(of: "BCVxsr7N", with: "BCVxsr7O"), nil
            ),
            ("{}", nil), ("", nil),
        ] as [(String, String?)]
    )
    func subscriptions(_ text: String, _ origin: String?) {
        #expect(PushSubscription(text)?.origin == origin)
    }
}

@Suite("VAPID")
struct VAPIDTests {
    // rule: B5
    @Test("signs the service's origin, a contact and an end within 24 hours, and reuses it for 12")
    func token() throws {
        let key = try PrivateKey.generate(.p256)
        let vapid = try #require(VAPID(try SigningKey(key), contact: "mailto:ops@bank.example"))
        let now = Timestamp(milliseconds: 1_795_176_000_000)
        let field = try vapid.authorization(for: "https://push.example", at: now)
        let parts = field.split(separator: " ")
        try #require(parts.count == 3 && parts[0] == "vapid")
        #expect(parts[2] == "k=\(vapid.publicKey)")
        let token = String(parts[1].dropFirst(2).dropLast())
        let keys = JWKSet([VerificationKey(key.publicKey)])
        let claims = try JSONValue(JWS.verify(token, keys: keys, allowed: [.es256]).payload)
        #expect(claims["aud"]?.string == "https://push.example")
        #expect(claims["sub"]?.string == "mailto:ops@bank.example")
        let end = try #require(claims["exp"]?.integer)
        #expect((43_200...86_400).contains(end - 1_795_176_000))
        #expect(
            try vapid.authorization(for: "https://push.example", at: now + .seconds(43_199))
                == field
        )
        #expect(
            try vapid.authorization(for: "https://push.example", at: now + .seconds(43_200))
                != field
        )
        #expect(try vapid.authorization(for: "https://other.example", at: now) != field)
    }

    // rule: B5
    @Test(
        "takes only a contact that push services accept",
        arguments: [
            ("mailto:ops@bank.example", true), ("https://bank.example/contact", true),
            ("mailto: ops@bank.example", false), ("mailto:a@localhost", false),
            ("mailto:a@b.local", false), ("mailto:a@b.invalid", false), ("ops@bank.example", false),
            ("http://bank.example", false), ("mailto:@bank.example", false),
            ("https://bank", false),
            ("", false),
        ]
    )
    func contacts(_ text: String, _ isOne: Bool) {
        #expect(VAPID.isContact(text) == isOne)
    }
}

@Suite("The web push channel")
struct WebPushChannelTests {
    private let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_000))
    private let log = CapturedLog()

    private func channel(
        _ addresses: Addresses,
        _ service: PushService,
        hosts: [String] = []
    ) throws -> WebPushChannel {
        WebPushChannel(
            id: try name("push"),
            settings: WebPushChannel.Settings(
                vapid: try #require(
                    VAPID(
                        try SigningKey(PrivateKey.generate(.p256)),
                        contact: "mailto:ops@bank.example"
                    )
                ),
                hosts: hosts
            ),
            brand: "Bank",
            subscriptions: addresses,
            client: service,
            clock: clock,
            log: log.logger
        )
    }

    // rule: B1, B2, B5, B7, N13
    @Test("sends an encrypted reference with TTL, urgency, topic and VAPID, and follows nothing")
    func request() async throws {
        let service = PushService { _ in .success(OutboundResponse(status: 201)) }
        let addresses = Addresses([Example.subscription("https://push.example/a")])
        let channel = try channel(addresses, service)
        #expect(await channel.ask(try makePrompt()) == .delivered)
        #expect(await channel.ask(try makePrompt()) == .delivered)
        #expect(await channel.ask(try makePrompt(login: "other")) == .delivered)
        let requests = service.requests.withLock { $0 }
        let request = requests[0]
        #expect(request.method == .post)
        #expect(request.url == "https://push.example/a")
        #expect(request.fields.first("ttl") == "120")
        #expect(request.fields.first("urgency") == "high")
        #expect(request.fields.first("content-encoding") == "aes128gcm")
        #expect(request.fields.first("authorization")?.hasPrefix("vapid t=") == true)
        #expect(!request.destination.allowsInternalAddresses)
        let topics = requests.compactMap { $0.fields.first("topic") }
        #expect(topics.allSatisfy { $0.utf8.count == 32 && Base64URL.decode($0) != nil })
        #expect(topics[0] == topics[1])
        #expect(topics[0] != topics[2])
        let content = try Example.opened(request.body)
        #expect(
            content.contains("A request is waiting for your answer") || content.contains("Anfrage")
        )
        for secret in ["Shop", "Pay 10", "payments", "TICKET", "login.with.dots", "alice"] {
            #expect(!content.contains(secret))
        }
    }

    // rule: B1
    @Test("never outlives the login, and is not sent in its last second")
    func life() async throws {
        let service = PushService { _ in .success(OutboundResponse(status: 201)) }
        let channel = try channel(
            Addresses([Example.subscription("https://push.example/a")]),
            service
        )
        clock.advance(by: .milliseconds(119_400))
        #expect(await channel.ask(try makePrompt()) == .delivered)
        #expect(service.requests.withLock { $0[0].fields.first("ttl") } == "1")
        clock.advance(by: .milliseconds(200))
        #expect(await channel.ask(try makePrompt()).kind == .later)
        #expect(service.requests.withLock { $0.count } == 1)
    }

    // rule: B3
    @Test(
        "ends at 404 and 410 that subscription only, and waits, refuses or alarms at other statuses",
        arguments: [
            (201, DeliveryAnswer.Kind.delivered, true), (404, .gone, false), (410, .gone, false),
            (413, .refused, true), (403, .refused, true), (401, .refused, true),
            (307, .refused, true), (429, .later, true), (503, .later, true),
        ]
    )
    func statuses(_ status: Int, _ kind: DeliveryAnswer.Kind, _ stays: Bool) async throws {
        let address = Example.subscription("https://push.example/a")
        let addresses = Addresses([address])
        let service = PushService { _ in
            .success(OutboundResponse(status: status, fields: [Field("Retry-After", "30")]))
        }
        let answer = try await channel(addresses, service).ask(try makePrompt())
        #expect(answer.kind == kind)
        if case .later(_, let pause) = answer { #expect(pause == .seconds(30)) }
        #expect(addresses.texts.withLock { $0.contains(address) } == stays)
        #expect(log.events.contains("web_push.not_authorized") == [401, 403].contains(status))
    }

    // rule: B3
    @Test("delivers if one of several subscriptions takes it, and forgets those that ended")
    func several() async throws {
        let ends = ["gone", "busy", "works"].map {
            Example.subscription("https://push.example/\($0)")
        }
        let addresses = Addresses(ends + ["{}"])
        let service = PushService { request in
            let status =
                request.url.hasSuffix("gone") ? 410 : request.url.hasSuffix("busy") ? 503 : 201
            return .success(OutboundResponse(status: status))
        }
        #expect(try await channel(addresses, service).ask(try makePrompt()) == .delivered)
        #expect(addresses.texts.withLock { $0 } == Array(ends[1...]))
        let nobody = try channel(Addresses([]), service)
        #expect(await nobody.ask(try makePrompt()).kind == .gone)
    }

    // rule: B6
    @Test(
        "sends only to hosts that are listed, and to no internal address",
        arguments: [
            ("https://push.example/a", ["push.example"], DeliveryAnswer.Kind.delivered),
            ("https://x.push.example/a", [".push.example"], .delivered),
            ("https://x.push.example/a", ["push.example"], .refused),
            ("https://evilpush.example/a", [".push.example", "push.example"], .refused),
            ("https://internal.example/a", [], .refused),
        ]
    )
    func hosts(_ url: String, _ hosts: [String], _ kind: DeliveryAnswer.Kind) async throws {
        let service = PushService { request in
            request.url.contains("internal")
                ? .failure(.forbiddenAddress("10.0.0.1"))
                : .success(OutboundResponse(status: 201))
        }
        let addresses = Addresses([Example.subscription(url)])
        let answer = try await channel(addresses, service, hosts: hosts).ask(try makePrompt())
        #expect(answer.kind == kind)
    }
}

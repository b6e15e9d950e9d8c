import CurlClient
import Foundation
import HTTP
import JSON
import Logins
import Notifications
import Telemetry
import TestSupport
import Testing
import Threads

@Suite("The webhook channel", .timeLimit(.minutes(3)))
struct WebhookChannelTests {
    static let oldSecret = "whsec_b2xkLXNlY3JldC1vbGQtc2VjcmV0LW9sZA=="
    static let newSecret = "whsec_bmV3LXNlY3JldC1uZXctc2VjcmV0LW5ldy1zZWNyZXQ="
    static let otherSecret = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC1v"

    let client = CurlHTTPClient()
    let clock = ManualClock()
    let log = CapturedLog()
    let receiver: PeerProcess
    /// At the end of every path of this test.
    let mark = UUID().uuidString

    /// One for all: starting it blocks a thread of the shared pool.
    private static let sharedReceiver = Result {
        try PeerProcess(script: "receiver.py", arguments: [oldSecret, newSecret, otherSecret])
    }

    init() throws { receiver = try Self.sharedReceiver.get() }

    private func channel(
        _ path: String,
        id: String = "hook.one",
        secrets: [String] = [oldSecret, newSecret],
        guarded: Bool = false
    ) throws -> WebhookChannel {
        WebhookChannel(
            id: try name(id),
            settings: WebhookChannel.Settings(
                url: "http://127.0.0.1:\(receiver.port)\(path)/\(mark)",
                secrets: try secrets.map { try #require(WebhookSecret($0)) },
                destination: Destination(allowsInternalAddresses: !guarded)
            ),
            client: client,
            clock: clock,
            log: log.logger
        )
    }

    private func records() async throws -> [JSONValue] {
        let url = "http://127.0.0.1:\(receiver.port)/records"
        let request = OutboundRequest(.get, url, responseLimit: 8 << 20)
        let all = try JSONValue(try await client.send(request).body).array ?? []
        return all.filter { $0["path"]?.string?.hasSuffix(mark) == true }
    }

    @Test("posts the whole prompt, signed with each of its secrets")
    func delivery() async throws {
        let channel = try channel("/status/204")
        #expect(await channel.ask(try makePrompt()) == .delivered)
        #expect(await channel.ask(try makeBarePrompt()) == .delivered)
        let records = try await records()
        try #require(records.count == 2)
        #expect(records[0]["valid"] == .array([.bool(true), .bool(true), .bool(false)]))
        #expect(records[0]["signatures"]?.integer == 2)
        #expect(records[0]["timestamp"]?.string == "1795176000")
        #expect(records[0]["type"]?.string == "application/json")
        let expected = """
            {"type":"login.prompt","timestamp":"2026-11-20T12:00:00.000Z","data":{\
            "login_id":"login.with.dots","tenant_id":"bank","user":"alice","client_name":"Shop",\
            "scopes":["openid","payments"],"binding_message":"Pay 10 € to \\u202eShop\\n",\
            "expires_at":"2026-11-20T12:02:00.500Z",\
            "prompt_url":"https://beckon.test/approve/TICKET","ticket":"TICKET","language":"de-CH"}}
            """
        #expect(records[0]["body"] == (try JSONValue(Array(expected.utf8))))
        let bare = """
            {"type":"login.prompt","timestamp":"2026-11-20T12:00:00.000Z","data":{\
            "login_id":"bare","user":"bob","scopes":[],"expires_at":"2026-11-20T12:02:00.000Z",\
            "prompt_url":"https://beckon.test/approve/T","ticket":"T"}}
            """
        #expect(records[1]["body"] == (try JSONValue(Array(bare.utf8))))
    }

    @Test(
        "names the trace of the login, with a span for each attempt, and none where none was kept"
    )
    func trace() async throws {
        let channel = try channel("/status/204")
        for origin in [PendingLogin.Origin.fixture, .fixture, nil] {
            _ = await channel.ask(try makePrompt(origin: origin))
        }
        let sent = try await records().map { $0["traceparent"]?.string }
        try #require(sent.count == 3)
        let contexts = sent.compactMap { $0.flatMap { TraceContext($0) } }
        #expect(
            contexts.map(\.traceID)
                == Array(repeating: "4bf92f3577b34da6a3ce929d0e0e4736", count: 2)
        )
        #expect(Set(contexts.map(\.span) + [0x00F0_67AA_0BA9_02B7]).count == 3)
        #expect(sent[2] == nil)
    }

    @Test("repeats a login with the same identifier, without a dot, and a new timestamp")
    func identifier() async throws {
        let channel = try channel("/status/200")
        let prompt = try makePrompt()
        _ = await channel.ask(prompt)
        clock.advance(by: .seconds(90))
        _ = await channel.ask(prompt)
        _ = await channel.ask(try makePrompt(login: "another"))
        _ = await (try self.channel("/status/200", id: "hook.two")).ask(prompt)
        let records = try await records()
        let identifiers = records.compactMap { $0["id"]?.string }
        try #require(identifiers.count == 4)
        #expect(identifiers[0] == identifiers[1])
        #expect(Set(identifiers).count == 3)
        #expect(!identifiers.joined().contains("."))
        #expect(records[1]["timestamp"]?.string == "1795176090")
        #expect(records.allSatisfy { $0["valid"]?.array?.first?.bool == true })
    }

    @Test(
        "maps the response to an answer",
        arguments: [
            (200, DeliveryAnswer.delivered), (202, .delivered), (204, .delivered),
            (299, .delivered), (300, .later("status 300", after: nil)),
            (301, .later("status 301", after: nil)), (302, .later("status 302", after: nil)),
            (303, .later("status 303", after: nil)), (304, .later("status 304", after: nil)),
            (307, .later("status 307", after: nil)), (308, .later("status 308", after: nil)),
            (399, .later("status 399", after: nil)), (400, .later("status 400", after: nil)),
            (401, .later("status 401", after: nil)), (404, .later("status 404", after: nil)),
            (408, .later("status 408", after: nil)), (409, .later("status 409", after: nil)),
            (410, .gone("status 410")), (413, .later("status 413", after: nil)),
            (422, .later("status 422", after: nil)), (425, .later("status 425", after: nil)),
            (429, .later("status 429", after: nil)), (500, .later("status 500", after: nil)),
            (502, .later("status 502", after: nil)), (503, .later("status 503", after: nil)),
            (504, .later("status 504", after: nil)),
        ]
    )
    func statuses(status: Int, answer: DeliveryAnswer) async throws {
        let channel = try channel("/status/\(status)")
        #expect(await channel.ask(try makePrompt()) == answer)
        // No redirect was followed.
        #expect(try await records().count == 1)
    }

    @Test("honours Retry-After, in seconds and as a date")
    func retryAfter() async throws {
        let seconds = try channel("/retry/9")
        #expect(await seconds.ask(try makePrompt()) == .later("status 503", after: .seconds(9)))
        let answering = WebhookChannel(
            id: try name("dated"),
            settings: WebhookChannel.Settings(
                url: "https://bank.test/",
                secrets: [try #require(WebhookSecret(Self.newSecret))]
            ),
            client: Canned { _ throws(OutboundError) in
                OutboundResponse(
                    status: 429,
                    fields: [Field("Retry-After", "Fri, 20 Nov 2026 12:01:00 GMT")]
                )
            },
            clock: clock,
            log: .silent
        )
        #expect(await answering.ask(try makePrompt()) == .later("status 429", after: .seconds(60)))
    }

    @Test("gives up one prompt after a 410, and takes the next")
    func gone() async throws {
        let channel = try channel("/status/410")
        for login in ["one", "two"] {
            #expect(await channel.ask(try makePrompt(login: login)) == .gone("status 410"))
            #expect(channel.isEnabled)
        }
        #expect(try await records().count == 2)
    }

    @Test(
        "repeats a message with the same identifier and bytes, and a new signature",
        arguments: ["the directory changed", "the process was started again"]
    )
    func repeated(_ event: String) async throws {
        let sent = Recorded<OutboundRequest>()
        let isRestarted = event.contains("again")
        func makeChannel() throws -> WebhookChannel {
            WebhookChannel(
                id: try name("repeating"),
                settings: WebhookChannel.Settings(
                    url: "https://bank.test/",
                    secrets: [try #require(WebhookSecret(Self.newSecret))]
                ),
                client: Canned { request throws(OutboundError) in
                    sent.append(request)
                    return OutboundResponse(status: 503, fields: [], body: [])
                },
                clock: clock,
                log: .silent
            )
        }
        let channel = try makeChannel()
        let channels = [channel, isRestarted ? try makeChannel() : channel]
        let user = User(id: try name("alice"), isActive: true, language: "fr")
        let prompt = try makePrompt()
        let changed = Prompt(
            number: prompt.number,
            key: prompt.key,
            user: user,
            clientName: prompt.clientName,
            scopes: prompt.scopes,
            bindingMessage: prompt.bindingMessage,
            received: prompt.received,
            ends: prompt.ends,
            link: prompt.link,
            ticket: prompt.ticket
        )
        for (channel, prompt) in zip(channels, [prompt, isRestarted ? prompt : changed]) {
            _ = await channel.ask(prompt)
            clock.advance(by: .seconds(7))
        }
        let requests = sent.entries
        try #require(requests.count == 2)
        func field(_ name: String) -> [String?] { requests.map { $0.fields.first(name) } }
        #expect(requests[0].body == requests[1].body)
        #expect(field("webhook-id")[0] == field("webhook-id")[1])
        #expect(field("webhook-timestamp")[0] != field("webhook-timestamp")[1])
        #expect(field("webhook-signature")[0] != field("webhook-signature")[1])
    }

    @Test("does not call internal addresses unless they are allowed")
    func guarded() async throws {
        let channel = try channel("/status/200", guarded: true)
        #expect(await channel.ask(try makePrompt()).kind == .refused)
        #expect(try await records().isEmpty)
        #expect(channel.isEnabled)
    }

    @Test(
        "retries after every transport error, but never a forbidden address",
        arguments: [
            (OutboundError.notSent("a"), DeliveryAnswer.Kind.later), (.ambiguous("b"), .later),
            (.unusableAnswer("c"), .later), (.forbiddenAddress("10.0.0.1"), .refused),
            (.invalid("d"), .later),
        ]
    )
    func errors(error: OutboundError, kind: DeliveryAnswer.Kind) async throws {
        let channel = WebhookChannel(
            id: try name("hook"),
            settings: WebhookChannel.Settings(
                url: "https://bank.test/hook",
                secrets: [try #require(WebhookSecret(Self.newSecret))]
            ),
            client: Canned { request throws(OutboundError) in
                #expect(request.timeLimit == .seconds(20))
                #expect(!request.destination.allowsInternalAddresses)
                throw error
            },
            clock: clock,
            log: .silent
        )
        #expect(await channel.ask(try makePrompt()).kind == kind)
    }
}

/// Answers by a closure, for what no server can be made to do.
private struct Canned: OutboundHTTP {
    let answer: @Sendable (OutboundRequest) throws(OutboundError) -> OutboundResponse

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        try answer(request)
    }
}

@Suite("A webhook secret")
struct WebhookSecretTests {
    @Test(
        "is whsec_ and 24 to 64 bytes",
        arguments: [
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false), ("whsec_", false),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", false),
            ("whsec_" + String(repeating: "AAAA", count: 7) + "AAA=", false),
            ("whsec_" + String(repeating: "AAAA", count: 21) + "AA==", true),
            ("whsec_" + String(repeating: "AAAA", count: 22), false),
            ("whsec_not base 64!", false),
        ]
    )
    func form(text: String, isOne: Bool) {
        #expect((WebhookSecret(text) != nil) == isOne)
    }

    @Test("is not revealed by printing it")
    func secrecy() throws {
        let text = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let secret = try #require(WebhookSecret("whsec_" + text))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(dumped + "\(secret)" == "- WebhookSecret\nWebhookSecret")
    }
}

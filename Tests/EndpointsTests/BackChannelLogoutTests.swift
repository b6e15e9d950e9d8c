import Access
import HTTP
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("A logout of the identity provider")
struct BackChannelLogoutTests {
    /// Signs a browser in with a session and a subject of the provider.
    private static func browser(
        _ stage: SignOnStage,
        session: String?,
        subject: String = "24400320"
    ) async throws -> Browser {
        stage.provider.change { state in
            state.claims = {
                $0.with("sid", session.map { .string($0) }).with("sub", .string(subject))
            }
        }
        let browser = stage.browser()
        _ = try await browser.signIn()
        stage.clock.advance(by: .seconds(1))
        return browser
    }

    private static func isSignedIn(_ browser: Browser) async throws -> Bool {
        try await browser.send(.get, "/inbox").status == 200
    }

    private static func send(
        _ stage: SignOnStage,
        _ body: String,
        type: String = "application/x-www-form-urlencoded"
    ) async throws -> Response {
        try require(
            await stage.router.answer(
                .example(
                    .post,
                    stage.path + "/backchannel-logout",
                    fields: [Field("Host", "as.example"), Field("Content-Type", type)],
                    body: Array(body.utf8),
                    peer: Peer(address: "198.51.100.4", isSecure: true)
                )
            )
        )
    }

    /// Which sessions a logout names, and who is signed in afterwards.
    struct Reach: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (JSONValue) -> JSONValue
        /// Of session s1, of session s2, and of another person.
        let remaining: [Bool]
    }

    static let reaches: [Reach] = [
        Reach(
            testDescription: "one session and its subject",
            change: { $0.with("sid", .string("s1")) },
            remaining: [false, true, true]
        ),
        Reach(
            testDescription: "one session alone",
            change: { $0.with("sid", .string("s1")).with("sub", nil) },
            remaining: [false, true, true]
        ),
        Reach(
            testDescription: "the subject alone",
            change: { $0 },
            remaining: [false, false, true]
        ),
        Reach(
            testDescription: "a session of another subject",
            change: { $0.with("sid", .string("s1")).with("sub", .string("9")) },
            remaining: [true, true, true]
        ),
        Reach(
            testDescription: "an unknown session",
            change: { $0.with("sid", .string("s9")) },
            remaining: [true, true, true]
        ),
    ]

    // trust: C-14, C-17
    @Test("ends exactly the sessions that it names, with 200 for none too", arguments: reaches)
    func reach(_ reach: Reach) async throws {
        try await SignOnStage.with { stage in
            let browsers = [
                try await Self.browser(stage, session: "s1"),
                try await Self.browser(stage, session: "s2"),
                try await Self.browser(stage, session: "s3", subject: "7"),
            ]
            let token = try stage.provider.sign(reach.change(stage.provider.logoutClaims()))
            let answer = try await Self.send(stage, "logout_token=" + token)
            #expect(answer.status == 200)
            #expect(answer.field("cache-control") == "no-store")
            var remaining: [Bool] = []
            for browser in browsers { remaining.append(try await Self.isSignedIn(browser)) }
            #expect(remaining == reach.remaining)
            let event = try #require(try await stage.audit().last)
            #expect(event.kind == "session.ended")
            #expect(event.members["sessions"] == .integer(remaining.count { !$0 }))
        }
    }

    @Test("ends no session of another application")
    func otherApplication() async throws {
        try await SignOnStage.with(.console) { stage in
            let logout = ProviderLogout(
                application: .inbox,
                issuer: ScriptedProvider.issuer,
                subject: "24400320",
                session: nil,
                key: Array(repeating: 1, count: 32),
                until: stage.clock.now()
            )
            _ = try await stage.browser().signIn()
            let now = stage.clock.now()
            let ended = try await stage.store.sessions.logOut(logout) { _ in
                AuditEvent("session.ended", at: now)
            }
            #expect(ended == 0)
        }
    }

    /// What is wrong with a request.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var type: String? = "logout+jwt"
        var claims: @Sendable (JSONValue) -> JSONValue = { $0 }
        var body: @Sendable (String) -> String = { "logout_token=" + $0 }
        var isAccepted = false
    }

    private static func claim(_ name: String, _ value: JSONValue?, _ note: String = "") -> Fault {
        let text = value.map { String(decoding: $0.bytes.prefix(40), as: UTF8.self) }
        return Fault(
            testDescription: "\(name): \(text ?? "absent") \(note)",
            claims: { $0.with(name, value) }
        )
    }

    static let now = Int(ManualClock().now().milliseconds / 1000)

    static let faults: [Fault] = [
        claim("iss", .string("https://login.bank.example/")), claim("iss", nil),
        claim("aud", .string("another-client")), claim("aud", nil), claim("aud", .array([])),
        claim("aud", .array([.string("as-inbox"), .string("other")])),
        claim("iat", nil), claim("iat", .integer(now + 61)), claim("iat", .integer(now - 601)),
        claim("iat", .string("\(now)")),
        claim("exp", .integer(now - 60)), claim("exp", .string("never")),
        claim("events", nil), claim("events", .members([:])),
        claim("events", .array([.string("http://schemas.openid.net/event/backchannel-logout")])),
        claim(
            "events",
            .members(["http://schemas.openid.net/event/backchannel-logout": .bool(true)])
        ),
        claim("nonce", .string("n")), claim("nonce", .null), claim("nonce", .string("")),
        claim("sub", nil, "and no sid"), claim("sub", .integer(1)), claim("sub", .string("")),
        claim("sid", .integer(1)), claim("sid", .null), claim("sid", .string("")),
        claim("jti", nil), claim("jti", .string("")), claim("jti", .integer(1)),
        Fault(testDescription: "typ of an access token", type: "at+jwt"),
        Fault(testDescription: "typ of an event", type: "secevent+jwt"),
        Fault(testDescription: "no form", body: { _ in "logout_token" }),
        Fault(testDescription: "another parameter", body: { "id_token=" + $0 }),
        Fault(testDescription: "two tokens", body: { "logout_token=\($0)&logout_token=\($0)" }),
        Fault(
            testDescription: "no signature",
            body: { token in
                "logout_token=" + token.split(separator: ".").prefix(2).joined(separator: ".") + "."
            }
        ),
        Fault(
            testDescription: "another signature",
            body: { token in
                "logout_token=" + token.dropLast(4) + "AAAA"
            }
        ),
        Fault(testDescription: "typ absent", type: nil, isAccepted: true),
        Fault(testDescription: "typ of any JWT", type: "JWT", isAccepted: true),
        Fault(
            testDescription: "typ as a media type",
            type: "application/logout+jwt",
            isAccepted: true
        ),
        Fault(testDescription: "exp absent", claims: { $0.with("exp", nil) }, isAccepted: true),
    ]

    @Test("is refused with 400 unless its token passes every check", arguments: faults)
    func fault(_ fault: Fault) async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            let token = try stage.provider.sign(
                fault.claims(stage.provider.logoutClaims()),
                type: fault.type
            )
            let answer = try await Self.send(stage, fault.body(token))
            #expect(answer.status == (fault.isAccepted ? 200 : 400))
            #expect(answer.field("cache-control") == "no-store")
            #expect(try await Self.isSignedIn(browser) == !fault.isAccepted)
            if !fault.isAccepted {
                #expect(try JSONValue(answer.body)["error"]?.string == "invalid_request")
                #expect(!answer.text.contains(token) && !answer.text.contains("24400320"))
            }
        }
    }

    @Test("takes no token of the sign-in itself")
    func idToken() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            let token = try stage.provider.sign(stage.provider.claims(nonce: "n"), type: nil)
            #expect(try await Self.send(stage, "logout_token=" + token).status == 400)
            #expect(try await Self.isSignedIn(browser))
        }
    }

    @Test("counts once, so that a copy does not end a later session")
    func replay() async throws {
        try await SignOnStage.with { stage in
            let token = try stage.provider.sign(stage.provider.logoutClaims())
            #expect(try await Self.send(stage, "logout_token=" + token).status == 200)
            let browser = stage.browser()
            _ = try await browser.signIn()
            #expect(try await Self.send(stage, "logout_token=" + token).status == 400)
            #expect(try await Self.isSignedIn(browser))
            stage.clock.advance(by: .seconds(602))
            _ = try await browser.signIn()
            _ = try await stage.store.access.sweepAccess(before: stage.clock.now(), limit: 9)
            #expect(try await Self.send(stage, "logout_token=" + token).status == 400)
        }
    }

    @Test("can be sent again when the provider's keys could not be read")
    func unavailable() async throws {
        try await SignOnStage.with { stage in
            let token = try stage.provider.sign(stage.provider.logoutClaims())
            stage.provider.change { $0.keysStatus = 500 }
            let answer = try await Self.send(stage, "logout_token=" + token)
            #expect(answer.status == 503)
            #expect(answer.field("cache-control") == "no-store")
            stage.provider.change { $0.keysStatus = 200 }
            #expect(try await Self.send(stage, "logout_token=" + token).status == 200)
        }
    }
}

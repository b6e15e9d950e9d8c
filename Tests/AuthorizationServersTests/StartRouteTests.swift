import HTTP
import JSON
import Logins
import SQLStore
import Telemetry
import TestSupport
import Testing

@testable import AuthorizationServers

// `Contract.md`, section 2.
@Suite("POST /authentication/start", .timeLimit(.minutes(3)))
struct StartRouteTests {
    static let acknowledged = #"{"acknowledged":true}"#

    static let today = """
        { "login_id": "5f0c2f6be1f04c0f9a5d0b8f2f7d6a11",
          "login_state": "0a9d7c55b2b14b8f8f3ce0d0c3f1e2aa",
          "tenant_id": "bank", "server_id": "retail", "client_id": "9f2d0c6e7c8f4b0f8a2f",
          "client_info": { "client_name": "Kiosk 12" },
          "user_identifier": "customer-4711@example.com",
          "requested_scopes": ["openid", "profile"], "acr_values": null,
          "binding_message": "Kiosk 12 / 84-20-17", "expires_at": "2026-11-20T12:05:00Z" }
        """

    @Test("stores the current form completely before it acknowledges")
    func today() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let response = try await calls.start(Self.today)
            #expect(response.status == 200)
            #expect(response.text == Self.acknowledged)
            let stored = try await calls.login("5f0c2f6be1f04c0f9a5d0b8f2f7d6a11", tenant: "bank")
            let login = try #require(stored)
            #expect(
                login.details
                    == PendingLogin.Details(
                        user: .named("customer-4711@example.com"),
                        workspace: .named("retail"),
                        client: .named("9f2d0c6e7c8f4b0f8a2f"),
                        clientName: "Kiosk 12",
                        requestedScopes: ["openid", "profile"],
                        bindingMessage: BindingMessage("Kiosk 12 / 84-20-17"),
                        state: "0a9d7c55b2b14b8f8f3ce0d0c3f1e2aa",
                        origin: login.details.origin
                    )
            )
            let now = stage.clock.now()
            #expect(login.phase.name == .preparing)
            #expect(login.terms.receivedAt == now)
            #expect(login.terms.expiresAt == now + .seconds(300))
            // The prompt ends ten seconds before the login, the last report one second before it [ST-4].
            #expect(login.terms.promptEnds == now + .seconds(290))
            #expect(login.terms.reportEnds == now + .seconds(299))
        }
        #expect(stage.log.events.isEmpty)
    }

    @Test(
        "accepts the older form, the Open Banking forms and the minimum",
        arguments: [
            #"{"login_id":"L1","user_identifier":"customer-4711","state":"c9q2v7"}"#,
            #"{"login_id":"L1","user_identifier":"u","openbanking_intent_id":"aac-7f3a","#
                + #""requested_scopes":["openid","accounts"]}"#,
            #"{"login_id":"L1","login_state":"s","user_identifier":"u","#
                + #""requested_scopes":["openid","consent:urn:bank:C1DD33123","payments"]}"#,
            #"{"login_id":"L1","user_identifier":"u"}"#,
            #"{"login_id":"L1","user_identifier":"u","login_state":null,"state":null,"#
                + #""tenant_id":null,"server_id":null,"client_id":null,"client_info":null,"#
                + #""requested_scopes":null,"acr_values":null,"binding_message":null,"#
                + #""expires_at":null,"openbanking_intent_id":null}"#,
        ]
    )
    func forms(body: String) async throws {
        let stage = try InboundStage()
        try await stage.run { (calls) async throws in
            #expect(try await calls.start(body).text == Self.acknowledged)
            #expect(try await calls.login()?.phase.name == .preparing)
        }
    }

    typealias Named = (members: String, consent: String?, rule: PendingLogin.ExpiryRule)

    static let named: [Named] = [
        (
            #""openbanking_intent_id":"aac-7f3a","requested_scopes":["accounts"]"#, "aac-7f3a",
            .always
        ),
        (
            #""requested_scopes":["openid","consent:urn:bank:C1:D","payments"]"#, "urn:bank:C1:D",
            .always
        ),
        // Told apart when it is fetched: a refusal would only come again.
        (
            #""openbanking_intent_id":"a","requested_scopes":["consent:b"]"#, "a",
            .lodgedConsents
        ),
        (#""requested_scopes":["openid"]"#, nil, .lodgedConsents),
        (#""requested_scopes":["openid"],"server_id":"fdx""#, nil, .always),
    ]

    @Test(
        "stores the login's consent, and that its expiry is reported",
        arguments: named
    )
    func consent(_ row: Named) async throws {
        let stage = try InboundStage()
        try await stage.run { inbound in
            inbound.reportsExpiry = .lodgedConsents
            inbound.workspaces = CloudentityWorkspaces([.named("fdx"): .init(family: .fdx)])
        } _: { (calls) async throws in
            let body = #"{"login_id":"L1","user_identifier":"u",\#(row.members)}"#
            #expect(try await calls.start(body).text == Self.acknowledged)
            let login = try #require(try await calls.login())
            #expect(login.details.consentID?.value == row.consent)
            #expect(login.terms.reportsExpiry == row.rule)
        }
    }

    static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("continues the caller's trace with a span of its own, and stores the request id")
    func trace() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let fields = [Calls.credentials, Field("Traceparent", Self.parent)]
            #expect(try await calls.start(Self.today, fields, id: 17).status == 200)
            let login = try await calls.login("5f0c2f6be1f04c0f9a5d0b8f2f7d6a11", tenant: "bank")
            let origin = try #require(login?.details.origin)
            #expect(origin.request == 17)
            let context = try #require(TraceContext(origin.trace))
            #expect(context.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(context.span != 0x00F0_67AA_0BA9_02B7)
            #expect(context.isSampled)
        }
    }

    @Test(
        "begins a trace when the caller's is invalid, and stores nothing of that",
        arguments: [
            [], [""], ["secret-text"], [parent, parent], [parent + "-00"], [parent.uppercased()],
            ["00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
            ["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
            ["ff" + parent.dropFirst(2)], [parent + "," + parent],
            [parent + String(repeating: "0", count: 6000)],
        ]
    )
    func noTrace(values: [String]) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let fields = [Calls.credentials] + values.map { Field("traceparent", $0) }
            #expect(try await calls.start(Self.today, fields).status == 200)
            let login = try await calls.login("5f0c2f6be1f04c0f9a5d0b8f2f7d6a11", tenant: "bank")
            let trace = try #require(login?.details.origin?.trace)
            #expect(trace.utf8.count == TraceContext.length)
            let context = try #require(TraceContext(trace))
            #expect(context.traceID != "4bf92f3577b34da6a3ce929d0e0e4736")
        }
        #expect(stage.log.lines.isEmpty)
    }

    @Test("acknowledges a repeated start and changes nothing, whatever the login's phase")
    func repeats() async throws {
        let stage = try InboundStage()
        let body = #"{"login_id":"L1","user_identifier":"u","login_state":"s"}"#
        try await stage.run { calls in
            #expect(try await calls.start(body).text == Self.acknowledged)
            let first = try await calls.login()
            stage.clock.advance(by: .seconds(5))
            #expect(try await calls.start(body).text == Self.acknowledged)
            #expect(try await calls.login() == first)

            let number = LoginNumber(1)
            let now = stage.clock.now()
            _ = try await calls.store.update(number) { (login) throws(PendingLogin.Refusal) in
                try login.apply(.unusable(.userUnknown), at: now)
                try login.apply(.reportTaken(confirmed: true), at: now)
            }
            let settled = try await calls.login()
            #expect(settled?.phase.name == .settled)
            stage.clock.advance(by: .seconds(500))
            #expect(try await calls.start(body).text == Self.acknowledged)
            #expect(try await calls.login() == settled)
            #expect(try await calls.count() == 1)
        }
        #expect(stage.log.events == ["start.repeated", "start.repeated"])
    }

    @Test("stores one row for a thousand concurrent repeats")
    func racing() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            try await withThrowingTaskGroup { group in
                for _ in 1...1_000 {
                    group.addTask { try await calls.start(Self.today).text }
                }
                for try await text in group { #expect(text == Self.acknowledged) }
            }
            #expect(try await calls.count() == 1)
        }
        #expect(stage.log.events.filter { $0 == "start.repeated" }.count == 999)
    }

    @Test(
        "keeps the first of two different logins with the same id, and logs a warning",
        arguments: [
            #"{"login_id":"L1","user_identifier":"other","login_state":"s"}"#,
            #"{"login_id":"L1","user_identifier":"u","login_state":"other"}"#,
            #"{"login_id":"L1","user_identifier":"u"}"#,
            #"{"login_id":"L1","user_identifier":"u","login_state":"s","server_id":"other"}"#,
        ]
    )
    func conflict(second: String) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let first =
                #"{"login_id":"L1","user_identifier":"u","login_state":"s","server_id":"retail"}"#
            _ = try await calls.start(first)
            let kept = try await calls.login()
            #expect(try await calls.start(second).text == Self.acknowledged)
            #expect(try await calls.login() == kept)
            #expect(try await calls.count() == 1)
        }
        #expect(stage.log.events == ["start.conflict"])
    }

    @Test("stores logins with the same id of two tenants")
    func tenantsApart() async throws {
        let stage = try InboundStage()
        try await stage.run { (calls) async throws in
            for tenant in ["a", "b"] {
                let body = #"{"login_id":"L1","user_identifier":"u","tenant_id":"\#(tenant)"}"#
                #expect(try await calls.start(body).status == 200)
            }
            #expect(try await calls.count() == 2)
        }
    }

    @Test("accepts only logins of the configured tenants")
    func tenants() async throws {
        let stage = try InboundStage()
        try await stage.run({ $0.tenants = [.named("bank")] }) { (calls) async throws in
            for (tenant, isServed) in [("bank", true), ("Bank", false), ("other", false)] {
                let body =
                    #"{"login_id":"\#(tenant)","user_identifier":"u","tenant_id":"\#(tenant)"}"#
                #expect(try await calls.start(body).text == Self.acknowledged)
                let login = try await calls.login(tenant)
                #expect(login?.phase.name == (isServed ? .preparing : .reporting))
                #expect(login?.key.tenant == (isServed ? .named("bank") : nil))
            }
        }
    }

    @Test(
        "gives the same answer for unknown, disabled and unreachable users",
        arguments: ["nobody", "disabled", "unreachable", "customer-4711@example.com"]
    )
    func users(user: String) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let response = try await calls.start(#"{"login_id":"L1","user_identifier":"\#(user)"}"#)
            #expect(response.status == 200)
            #expect(response.text == Self.acknowledged)
            #expect(response.fields.map(\.name) == ["Cache-Control"])
            #expect(try await calls.login()?.phase.name == .preparing)
        }
    }

    @Test("acknowledges a login over a limit, and stores it as failed")
    func limits() async throws {
        let stage = try InboundStage()
        try await stage.run({ $0.limits = LoginLimits(liveLoginsOfUser: 1) }) {
            (calls) async throws in
            for id in ["L1", "L2"] {
                let body = #"{"login_id":"\#(id)","user_identifier":"u"}"#
                #expect(try await calls.start(body).text == Self.acknowledged)
            }
            #expect(try await calls.login("L1")?.phase.name == .preparing)
            #expect(
                try await calls.login("L2")?.phase.outcome == .failed(.tooManyLoginsOfUser)
            )
        }
        #expect(stage.log.events == ["start.over_limit"])
    }

    @Test("answers 503 when the login could not be stored")
    func storeClosed() async throws {
        let stage = try InboundStage()
        let store = try stage.open()
        await store.close()
        let response = try await stage.calls(over: store).start(Self.today)
        #expect(response.status == 503)
        #expect(response.field("Retry-After") == "1")
        #expect(try response.json["error"]?.string == "temporarily_unavailable")
        #expect(stage.log.events == ["start.unavailable"])
        try await stage.run { (calls) async throws in #expect(try await calls.count() == 0) }
    }

    @Test("logs a malformed body once, however often it is delivered")
    func malformedOnce() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            for body in ["{", "{", "{}", "{", "{}"] {
                let response = try await calls.start(body)
                #expect(response.status == 400)
                #expect(try response.json["error"]?.string == "invalid_request")
            }
            #expect(try await calls.count() == 0)
        }
        #expect(stage.log.events == ["start.malformed", "start.malformed"])
    }

    @Test("logs nothing of the body's values")
    func discretion() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            _ = try await calls.start(Self.today)
            _ = try await calls.start(Self.today.replacing("4711", with: "4712"))
            _ = try await calls.start(Self.today.replacing(#""5f0c"#, with: #"5f0c"#))
            _ = try await calls.start(Self.today, [])
        }
        let log = stage.log.lines.map(\.members).joined()
        #expect(stage.log.lines.count == 3)
        for secret in ["customer", "0a9d7c55", "Kiosk", InboundStage.secret] {
            #expect(!log.contains(secret))
        }
    }
}

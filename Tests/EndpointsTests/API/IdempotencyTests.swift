import Access
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@Suite("A POST with an Idempotency-Key")
struct IdempotencyTests {
    private static let key = Field("Idempotency-Key", "8e03978e-40d5")

    /// A request that does something, and what the audit says of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let body: String?
        let caller: String
        let status: Int
        let event: String
        var testDescription: String { path }
    }

    private static let jwk = """
        {"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",\
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}
        """
    private static let cases = [
        Case(
            path: "/admin/v1/clients",
            body: #"{"type":"user","name":"A","scope":"admin:read","keys":[\#(jwk)]}"#,
            caller: "ops",
            status: 201,
            event: "client.created"
        ),
        Case(
            path: "/admin/v1/clients/robot/keys",
            body: jwk,
            caller: "ops",
            status: 201,
            event: "client.key_added"
        ),
        Case(
            path: "/admin/v1/clients/reader/revoke",
            body: nil,
            caller: "ops",
            status: 200,
            event: "client.revoked"
        ),
        Case(
            path: "/admin/v1/users/ann/disable",
            body: nil,
            caller: "ops",
            status: 200,
            event: "user.disabled"
        ),
        Case(
            path: "/backend/v1/delegation-consents",
            body: """
                {"user":"bob","client_id":"robot","text_version":"1","text":"I agree.",
                 "language":"en","accepted_at":"2031-02-27T15:00:00Z","address":"198.51.100.7"}
                """,
            caller: "bank",
            status: 201,
            event: "consent.recorded"
        ),
        Case(
            path: "/admin/v1/delegation-consents/consent-1/withdraw",
            body: nil,
            caller: "ops",
            status: 200,
            event: "consent.withdrawn"
        ),
    ]

    @Test(
        "is done once and gets the same status, fields and body again, until the time is over",
        arguments: cases
    )
    func stored(_ request: Case) async throws {
        let stage = try await APIStage()
        try await stage.consent(of: "ann")
        func send(_ fields: [Field] = [Self.key]) async throws -> Response {
            try await stage.send(.post, request.path, request.body, as: request.caller, fields)
        }
        let first = try await send()
        #expect(first.status == request.status, "\(first.text)")
        // Whatever happens to the thing in between.
        try await stage.users.put(User(id: .named("ann"), isActive: true, language: "fr"))
        stage.clock.advance(by: .seconds(86_399))
        let second = try await send()
        #expect(second.status == first.status)
        #expect(second.body == first.body)
        #expect(second.fields == first.fields + [Field("Idempotency-Replayed", "true")])
        #expect(stage.events.filter { $0.kind == request.event }.count == 1)
        stage.clock.advance(by: .seconds(1))
        let third = try await send()
        #expect(third.field("idempotency-replayed") == nil)
    }

    @Test("is refused with another body, which does nothing", arguments: cases)
    func otherBody(_ request: Case) async throws {
        let stage = try await APIStage()
        try await stage.consent(of: "ann")
        _ = try await stage.send(
            .post,
            request.path,
            request.body,
            as: request.caller,
            [Self.key]
        )
        let events = stage.events.count
        for (target, body) in [(request.path, "{}"), (request.path + "?x=1", request.body)] {
            let other = try await stage.send(.post, target, body, as: request.caller, [Self.key])
            #expect(other.status == 422)
            #expect(other.json["type"]?.string == "urn:beckon:problem:idempotency-key-reused")
            #expect(other.detail.hasPrefix("Idempotency-Key: "))
        }
        #expect(stage.events.count == events)
    }

    @Test("is another request from another client, for another path, and with another key")
    func scope() async throws {
        let stage = try await APIStage()
        try await stage.add("ops-2", [.adminUsers])
        for user in ["ann", "ben"] {
            try await stage.users.put(User(id: .named(user), isActive: true))
        }
        func replayed(_ user: String, as client: String, _ key: String) async throws -> Bool {
            let target = "/admin/v1/users/\(user)/disable"
            let fields = [Field("Idempotency-Key", key)]
            let response = try await stage.send(.post, target, as: client, fields)
            #expect(response.status == 200)
            return response.field("idempotency-replayed") != nil
        }
        #expect(try await !replayed("ann", as: "ops", "k"))
        #expect(try await !replayed("ann", as: "ops-2", "k"))
        #expect(try await !replayed("ben", as: "ops", "k"))
        #expect(try await !replayed("ann", as: "ops", "K"))
        #expect(try await replayed("ann", as: "ops", "k"))
    }

    @Test("that was refused has changed nothing and is judged anew")
    func refused() async throws {
        let stage = try await APIStage()
        let path = "/admin/v1/users/ann/disable"
        #expect(try await stage.send(.post, path, nil, [Self.key]).status == 404)
        try await stage.users.put(User(id: .named("ann"), isActive: true))
        let token = try await stage.token("ops")
        stage.access.fail(.full)
        #expect(await stage.send(.post, path, nil, token: token, [Self.key]).status == 503)
        stage.access.fail(nil)
        #expect(try await stage.users.user(.named("ann"))?.isActive == true)
        #expect(try await stage.send(.post, path, nil, [Self.key]).status == 200)
    }

    @Test(
        "is refused if the key breaks its rule",
        arguments: [
            [""], [String(repeating: "k", count: 256)], ["a b"], ["caf\u{E9}"], ["a\tb"],
            ["a", "a"], ["a", "b"],
        ]
    )
    func badKeys(_ keys: [String]) async throws {
        let stage = try await APIStage()
        let fields = keys.map { Field("Idempotency-Key", $0) }
        let path = "/admin/v1/users/ann/disable"
        let refused = try await stage.send(.post, path, nil, fields)
        #expect(refused.status == 400)
        #expect(refused.json["type"]?.string == "urn:beckon:problem:invalid-header")
        #expect(refused.detail.hasPrefix("Idempotency-Key: must be given once, with 1 to 255"))
    }

    @Test("is accepted with every key that keeps the rule")
    func goodKeys() async throws {
        let stage = try await APIStage()
        try await stage.users.put(User(id: .named("ann"), isActive: true))
        for key in ["!", "\"quoted\"", String(repeating: "~", count: 255)] {
            let fields = [Field("Idempotency-Key", key)]
            let path = "/admin/v1/users/ann/enable"
            #expect(try await stage.send(.post, path, nil, fields).status == 200)
        }
    }

    @Test("is answered 409 while the first one is in progress, and with its answer after that")
    func inProgress() async throws {
        let stage = try await APIStage()
        try await stage.users.put(User(id: .named("ann"), isActive: true))
        let token = try await stage.token("ops")
        let path = "/admin/v1/users/ann/disable"
        @Sendable func send(_ target: String = path, _ body: String? = nil) async -> Response {
            await stage.send(.post, target, body, token: token, [Self.key])
        }
        stage.users.gate.close()
        async let first = send()
        try await stage.users.gate.arrivals.wait(for: 1, "arrivals")
        let second = await send()
        #expect(second.status == 409)
        #expect(second.json["type"]?.string == "urn:beckon:problem:idempotency-key-in-use")
        #expect(second.field("retry-after") == "1")
        #expect(await send(path, "{}").status == 422)
        stage.users.gate.open()
        let answer = await first
        #expect(answer.status == 200, "\(answer.text)")
        let third = await send()
        #expect(third.body == answer.body)
        #expect(third.field("idempotency-replayed") == "true")
        #expect(stage.events.map(\.kind) == ["user.disabled"])
    }
}

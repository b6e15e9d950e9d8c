import Access
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@Suite("With four eyes, a change of a client that lets it do more")
struct ClientChangeTests {
    private static let jwk = """
        {"kid":"k9","kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",\
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}
        """
    private static let changes = "/admin/v1/client-changes"

    private static func stage() async throws -> APIStage {
        let stage = try await APIStage(fourEyes: true)
        try await stage.add("second", [.adminRead, .adminClients])
        return stage
    }

    /// A change, and whether it needs a second administrator.
    struct Case: Sendable, CustomTestStringConvertible {
        let method: HTTP.Method
        let path: String
        let body: String?
        let waits: Bool
        var testDescription: String { "\(method) \(path) \(body ?? "")" }
    }

    private static let robot = "/admin/v1/clients/robot"
    private static let cases: [Case] = [
        Case(
            method: .post,
            path: "/admin/v1/clients",
            body: #"{"client_id":"new","type":"user","name":"A","scope":"admin:read","keys":[K]}"#,
            waits: true
        ),
        Case(method: .post, path: robot + "/keys", body: "K", waits: true),
        Case(
            method: .patch,
            path: robot,
            body: #"{"source_addresses":["203.0.113.0/27"]}"#,
            waits: true
        ),
        Case(
            method: .patch,
            path: robot,
            body: #"{"source_addresses":["203.0.113.0/28","198.51.100.1"]}"#,
            waits: true
        ),
        Case(
            method: .patch,
            path: "/admin/v1/clients/reader",
            body: #"{"scope":"admin:read admin:users"}"#,
            waits: true
        ),
        Case(
            method: .patch,
            path: robot,
            body:
                #"{"grants":["client_credentials","urn:ietf:params:oauth:grant-type:jwt-bearer"]}"#,
            waits: true
        ),
        Case(
            method: .patch,
            path: robot,
            body: #"{"token_endpoint_auth_method":"self_signed_tls_client_auth"}"#,
            waits: true
        ),
        Case(
            method: .patch,
            path: robot,
            body: #"{"source_addresses":["203.0.113.8/29","203.0.113.1"]}"#,
            waits: false
        ),
        Case(method: .patch, path: robot, body: #"{"source_addresses":[]}"#, waits: false),
        Case(method: .patch, path: robot, body: #"{"scope":"logins:read"}"#, waits: false),
        Case(method: .patch, path: robot, body: #"{"name":"B"}"#, waits: false),
        Case(method: .patch, path: robot, body: #"{"status":"suspended"}"#, waits: false),
        Case(
            method: .patch,
            path: "/admin/v1/clients/bank",
            body: #"{"source_addresses":["192.0.2.0/24"]}"#,
            waits: false
        ),
        Case(method: .post, path: robot + "/revoke", body: nil, waits: false),
    ]

    private static func send(_ request: Case, _ stage: APIStage) async throws -> Response {
        let body = request.body?.replacing("K", with: jwk)
        return try await stage.send(request.method, request.path, body, [Field("If-Match", "*")])
    }

    @Test("waits for a second administrator, and no other change does", arguments: cases)
    func waits(_ request: Case) async throws {
        let stage = try await Self.stage()
        let clients = try await stage.access.clients(ClientFilter(), after: nil, limit: 99)
        let asked = try await Self.send(request, stage)
        #expect(asked.status == (request.waits ? 202 : 200), "\(asked.text)")
        let listed = try await stage.send(.get, Self.changes, as: "reader")
        #expect(listed.json["client_changes"]?.array?.count == (request.waits ? 1 : 0))
        guard request.waits else { return }
        let id = try #require(asked.json["id"]?.string)
        #expect(asked.field("location") == "\(Self.changes)/\(id)")
        #expect(asked.json["requested_by"]?.string == "ops")
        #expect(
            try await stage.send(.get, "\(Self.changes)/\(id)", as: "reader").body == asked.body
        )
        let active = try await stage.access.clients(
            ClientFilter(status: .active),
            after: nil,
            limit: 99
        )
        #expect(active.map(\.client) == clients.map(\.client), "nothing has changed yet")

        let own = try await stage.send(.post, "\(Self.changes)/\(id)/confirm")
        #expect(own.status == 403)
        #expect(own.json["type"]?.string == "urn:beckon:problem:own-change")
        let reader = try await stage.send(.post, "\(Self.changes)/\(id)/confirm", as: "reader")
        #expect(reader.json["type"]?.string == "urn:beckon:problem:insufficient-scope")
        let done = try await stage.send(.post, "\(Self.changes)/\(id)/confirm", as: "second")
        #expect(done.status == 200, "\(done.text)")
        #expect(done.json["status"]?.string == "active")
        let client = try #require(asked.json["client"]?.object?.members)
        for member in client where member.name != "last_used_at" {
            #expect(done.json[member.name] == member.value, "\(member.name)")
        }
        let again = try await stage.send(.post, "\(Self.changes)/\(id)/confirm", as: "second")
        #expect(again.status == 404)
        let kinds = stage.events.map(\.kind)
        #expect(kinds.contains("client.change_requested"))
        let confirmed = try #require(stage.events.first { $0.kind == "client.change_confirmed" })
        #expect(confirmed.members["by"]?.string == "second")
        #expect(confirmed.members["requested_by"]?.string == "ops")
    }

    @Test("is refused by a second administrator, and then never made", arguments: [0, 1])
    func refused(_ index: Int) async throws {
        let stage = try await Self.stage()
        let before = try await stage.access.client(.named("robot"))
        let asked = try await Self.send(Self.cases[index], stage)
        let path = "\(Self.changes)/\(try #require(asked.json["id"]?.string))"
        #expect(try await stage.send(.post, path + "/refuse").status == 403)
        let refused = try await stage.send(.post, path + "/refuse", as: "second")
        #expect(refused.status == 200, "\(refused.text)")
        #expect(try await stage.send(.post, path + "/confirm", as: "second").status == 404)
        #expect(try await stage.access.client(.named("robot")) == before)
        let new = try await stage.access.client(.named("new"))?.client.status
        #expect(new == (index == 0 ? .revoked : nil))
        let event = try #require(stage.events.first { $0.kind == "client.change_refused" })
        #expect(event.members["by"]?.string == "second")
        #expect(event.members["requested_by"]?.string == "ops")
    }

    @Test("gives a new client no token before it is confirmed")
    func pending() async throws {
        let stage = try await Self.stage()
        _ = try await Self.send(Self.cases[0], stage)
        let listed = try await stage.send(.get, "/admin/v1/clients?status=pending")
        #expect(listed.json["clients"]?.array?.first?["client_id"]?.string == "new")
        #expect(try await stage.access.client(.named("new"))?.client.status == .pending)
    }

    @Test("can be confirmed for a week, is the only one of its client, and fits what it changes")
    func limits() async throws {
        let stage = try await Self.stage()
        let asked = try await Self.send(Self.cases[1], stage)
        let path = "\(Self.changes)/\(try #require(asked.json["id"]?.string))/confirm"
        #expect(try await Self.send(Self.cases[2], stage).status == 409)
        stage.clock.advance(by: ClientProposal.life)
        #expect(try await stage.send(.post, path, as: "second").status == 409)
        let next = try await Self.send(Self.cases[2], stage)
        #expect(next.status == 202, "one whose time is over is replaced")
        #expect(try await Self.send(Self.cases[10], stage).status == 200)
        let nextPath = "\(Self.changes)/\(try #require(next.json["id"]?.string))/confirm"
        let late = try await stage.send(.post, nextPath, as: "second")
        #expect(late.status == 409, "the client was changed since")
    }

    @Test("is asked for, confirmed and refused once for an Idempotency-Key")
    func once() async throws {
        let stage = try await Self.stage()
        let key = Field("Idempotency-Key", "k")
        var asked: [Response] = []
        for _ in 0..<2 {
            asked.append(try await stage.send(.post, Self.robot + "/keys", Self.jwk, [key]))
        }
        #expect(asked[0].status == 202)
        #expect(asked[1].body == asked[0].body)
        let path = "\(Self.changes)/\(try #require(asked[0].json["id"]?.string))/confirm"
        for _ in 0..<2 {
            #expect(try await stage.send(.post, path, nil, as: "second", [key]).status == 200)
        }
    }
}

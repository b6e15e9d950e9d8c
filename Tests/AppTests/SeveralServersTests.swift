import Cryptography
import CurlClient
import HTTP
import JSON
import Logins
import Net
import TestSupport
import Testing

@testable import App

/// The whole service on real sockets: two authorization servers under one base path, and people who
/// are reached by webhook and approve through the device interface.
@Suite("A service of two authorization servers", .timeLimit(.minutes(3)))
struct SeveralServersTests {
    private typealias Fixtures = ConfigurationFixtures

    /// An authorization server that holds each report until it is let go.
    private struct StandIn: Sendable {
        let gate = Gate()
        /// The path of each report that was answered.
        let taken = Recorded<String>()

        func routes(_ name: String) -> [Route] {
            [
                Route(.post, "/\(name)/system/oauth2/token") { _ in
                    let token = #"{"access_token":"t","token_type":"bearer","expires_in":3600}"#
                    return .json(200, Array(token.utf8))
                },
                Route(.post, "/api/system/\(name)/scope-grants/{id}/accept") { request in
                    await gate.pass()
                    taken.append(request.path)
                    return .json(200, Array("{}".utf8))
                },
            ]
        }
    }

    /// What a webhook tells a person's app.
    private struct Asked: Sendable {
        let login: String
        let ticket: String
    }

    @Test("reports to one while every call to the other hangs")
    func hanging() async throws {
        let sick = StandIn()
        let well = StandIn()
        let asked = Recorded<Asked>()
        sick.gate.close()
        let prompts = Route(.post, "/prompts") { request in
            if let data = (try? JSONValue(Array(request.body)))?["data"],
                let login = data["login_id"]?.string, let ticket = data["ticket"]?.string
            {
                asked.append(Asked(login: login, ticket: ticket))
            }
            return Response(status: 204)
        }
        try await Self.serving(sick.routes("sick") + well.routes("well") + [prompts]) { peers in
            try await Self.withService(calling: peers) { service in
                let client = CurlHTTPClient()
                defer { client.shutdown() }
                for login in 1...10 {
                    try await Self.start("sick-\(login)", by: "sick", service, client)
                }
                for prompt in try await asked.wait(for: 10, "prompts") {
                    try await Self.approve(prompt, service, client)
                }
                try await sick.gate.arrivals.wait(for: 10, "held reports")
                for login in 1...5 {
                    try await Self.start("well-\(login)", by: "well", service, client)
                    let prompt = try await asked.wait(for: 10 + login, "prompts")[9 + login]
                    try await Self.approve(prompt, service, client)
                    try await well.taken.wait(for: login, "reports")
                }
                #expect(sick.taken.entries.isEmpty)
                sick.gate.open()
                try await sick.taken.wait(for: 10, "late reports")
            }
        }
        let expected = { (name: String, count: Int) in
            Set((1...count).map { "/api/system/\(name)/scope-grants/\(name)-\($0)/accept" })
        }
        #expect(Set(sick.taken.entries) == expected("sick", 10))
        #expect(Set(well.taken.entries) == expected("well", 5))
        #expect(sick.taken.entries.count == 10 && well.taken.entries.count == 5)
    }

    private static func start(
        _ login: String,
        by server: String,
        _ service: String,
        _ client: CurlHTTPClient
    ) async throws {
        let pair = Base64.encode(Array("\(server):correct horse battery staple".utf8))
        let body =
            #"{"login_id":"\#(login)","user_identifier":"anna","requested_scopes":["openid"]}"#
        let request = OutboundRequest(
            .post,
            service + "/acp/authentication/start",
            fields: [
                Field("Authorization", "Basic " + pair), Field("Content-Type", "application/json"),
            ],
            body: Array(body.utf8)
        )
        try #require(try await client.send(request).status == 200)
    }

    private static func approve(
        _ prompt: Asked,
        _ service: String,
        _ client: CurlHTTPClient
    ) async throws {
        let login = service + "/device/v1/logins/\(prompt.login)"
        let bearer = Field("Authorization", "Bearer " + prompt.ticket)
        let shown = try await client.send(OutboundRequest(.get, login, fields: [bearer]))
        let digest = try #require(try JSONValue(shown.body)["consent"]?["digest"]?.string)
        let decision = OutboundRequest(
            .post,
            login + "/decision",
            fields: [bearer, Field("Content-Type", "application/json")],
            body: Array(#"{"decision":"approve","digest":"\#(digest)"}"#.utf8)
        )
        try #require(try await client.send(decision).status == 200)
    }

    // MARK: What runs

    private static func withService(
        calling peers: String,
        _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let servers = ["sick", "well"].map { name in
            """
            {
              id: "\(name)",
              inbound: {
                base_path: "/acp",
                basic: [{ user: "\(name)", password_hash: "\(Fixtures.hash)" }],
              },
              outbound: {
                acp: "\(peers)", tenant: "\(name)", client_id: "c", client_secret: "s",
                scope_grant_lookup: "never", time_limit: "60s",
              },
            },
            """
        }
        let text = """
            {
              development: true,
              public_url: "http://127.0.0.1:1",
              listen: { address: "127.0.0.1:0" },
              management: { address: "127.0.0.1:0" },
              store: { sqlite: { path: "\(directory.file("logins.db"))" } },
              authorization_servers: [\(servers.joined())],
              limits_per_user: { live: 1000, starts_per_minute: 1000 },
              channels: {
                app: {
                  kind: "webhook", url: "\(peers)/prompts", allow_internal: true,
                  secrets: ["\(Fixtures.webhookSecret)"],
                },
              },
              log: { requests: "off", level: "error" },
            }
            """
        let service = try await Service(try Fixtures.parse(text))
        try await service.add([User(id: try #require(UserID("anna")), isActive: true)])
        let base = "http://127.0.0.1:\(service.port)"
        let running = Task { await service.run() }
        let result = await Task {
            try await within(.seconds(50), "the test") { try await body(base) }
        }
        .result
        _ = service.stop()
        await running.value
        try result.get()
    }

    private static func serving(
        _ routes: [Route],
        _ body: @Sendable (String) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        var configuration = ServerConfiguration(address: .loopback())
        configuration.deadlines.handler = .seconds(60)
        let server = try Server(configuration, router: Router(routes), loops: group.loops)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            // On its own loop: other tests block threads of the shared pool for long.
            tasks.addTask(executorPreference: group.loops[0]) { await server.run() }
            defer { server.drain(within: .zero) }
            try await body("http://127.0.0.1:\(server.port)")
        }
    }
}

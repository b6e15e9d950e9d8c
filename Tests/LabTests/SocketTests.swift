import CurlClient
import HTTP
import JSON
import Net
import Lab
import TestSupport
import Testing

@Suite("The simulator on real sockets", .timeLimit(.minutes(3)))
struct SocketTests {
    /// The simulator, its control, a device and a stand-in service, each behind a listener.
    private struct Site: Sendable {
        let simulation: Simulation
        let acp: String
        let control: String
        let client: CurlHTTPClient

        func send(_ request: OutboundRequest) async throws -> Answer {
            let response = try await client.send(request)
            return Answer(
                status: response.status,
                body: (try? JSONValue(response.body)) ?? .null,
                fields: response.fields
            )
        }
    }

    private func withSite(_ body: @escaping @Sendable (Site) async throws -> Void) async throws {
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        let loops = try EventLoopGroup(count: 1)
        defer { loops.stop() }
        let listen: ([Route]) throws -> (Server, String) = { routes in
            let configuration = ServerConfiguration(
                address: SocketAddress(host: "127.0.0.1", port: 0)
            )
            let server = try Server(configuration, router: Router(routes), loops: loops.loops)
            return (server, "http://127.0.0.1:\(server.port)")
        }
        let service = Approver(client)
        var configuration = SimulatorConfiguration(
            service: .init(baseURL: "", user: "acp", password: "p"),
            clients: [Stage.poller, SimulatedClient(id: "d", secret: "s", name: "D", mode: .ping)]
        )
        configuration.interval = 1
        let simulation = try #require(Simulation(configuration, http: client))
        let relay = try FaultRelay(.loopback())
        defer { relay.stop() }
        let (acpServer, _) = try listen(relay.routes(simulation.publicRoutes))
        relay.start(target: acpServer.port)
        let acp = "http://127.0.0.1:\(relay.port)"
        let (controlServer, control) = try listen(simulation.controlRoutes)
        let (demoServer, demo) = try listen(simulation.demoRoutes)
        let (serviceServer, serviceURL) = try listen(service.routes)
        service.connect(acp)
        simulation.connect(acp: acp, service: serviceURL, prompts: nil, demo: demo)
        let site = Site(simulation: simulation, acp: acp, control: control, client: client)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in [acpServer, controlServer, demoServer, serviceServer] {
                group.addTask { await server.run() }
            }
            group.addTask { await simulation.run() }
            group.addTask { await service.run() }
            defer { group.cancelAll() }
            try await within(.seconds(20), "the test") { try await body(site) }
        }
    }

    @Test("leads a client to tokens", arguments: SimulatedClient.DeliveryMode.allCases)
    func tokens(mode: SimulatedClient.DeliveryMode) async throws {
        try await withSite { site in
            let outcome = await site.simulation.device.run(.init(user: "anna", mode: mode))
            guard case .tokens("openid", let claims?) = outcome else {
                Issue.record("no tokens: \(outcome)")
                return
            }
            let body = try JSONValue(Array(claims.utf8))
            #expect(body["sub"]?.string == "anna")
            #expect(site.simulation.acp.violations.all.isEmpty)
        }
    }

    @Test(
        "breaks connections as the knob says (K-11)",
        arguments: ["before_processing", "mid_body"]
    )
    func drops(value: String) async throws {
        try await withSite { site in
            let knob = OutboundRequest(
                .post,
                site.control + "/_sim/knobs",
                body: Array(
                    """
                    {"match":{"operation":"get"},"set":{"call.drop":"\(value)"},"times":1}
                    """.utf8
                )
            )
            let turned = try await site.send(knob)
            #expect(turned.status == 201)
            let get = OutboundRequest(.get, site.acp + "/api/system/bank/scope-grants/x")
            let error = await #expect(throws: OutboundError.self) {
                try await site.client.send(get)
            }
            switch try #require(error) {
            case .ambiguous, .unusableAnswer: break
            case .notSent, .forbiddenAddress, .invalid: Issue.record("something else was thrown")
            }
            let after = try await site.client.send(get)
            #expect(after.status == 401)
        }
    }

    @Test("sends a response at the knob's rate (K-12)")
    func drip() async throws {
        try await withSite { site in
            let set = #"{"set":{"call.slow":{"bytes_per_second":500}},"times":1}"#
            _ = try await site.send(
                OutboundRequest(.post, site.control + "/_sim/knobs", body: Array(set.utf8))
            )
            let get = OutboundRequest(.get, site.acp + "/api/system/bank/scope-grants/x")
            var answer: Answer?
            let slow = try await ContinuousClock().measure { answer = try await site.send(get) }
            #expect(answer?.status == 401)
            #expect(answer?.body["status_code"]?.integer == 401)
            // Head and body are more than 250 bytes; how many more is the encoder's business.
            #expect(slow > .milliseconds(400))
            let impatient = OutboundRequest(
                .get,
                site.acp + "/api/system/bank/scope-grants/x",
                timeLimit: .milliseconds(300)
            )
            _ = try await site.send(
                OutboundRequest(
                    .post,
                    site.control + "/_sim/knobs",
                    body: Array(set.replacing("500", with: "10").utf8)
                )
            )
            await #expect(throws: OutboundError.self) { try await site.client.send(impatient) }
            #expect(try await site.send(get).status == 401)
        }
    }
}

/// An authentication service that approves everything at once, over real sockets.
private final class Approver: Sendable {
    private let client: CurlHTTPClient
    private let starts = AsyncStream<JSONValue>.makeStream()
    private let base = AsyncStream<String>.makeStream()

    init(_ client: CurlHTTPClient) { self.client = client }

    func connect(_ acp: String) { base.continuation.yield(acp) }

    var routes: [Route] {
        [
            Route(.post, "/user/verify") { _ in .json(200, Array("{\"valid\":true}".utf8)) },
            Route(.post, "/authentication/start") { [self] request in
                if let body = try? JSONValue(Array(request.body)) {
                    starts.continuation.yield(body)
                }
                return .json(200, Array("{}".utf8))
            },
        ]
    }

    func run() async {
        guard let acp = await base.stream.first(where: { _ in true }) else { return }
        for await start in starts.stream { try? await approve(start, acp) }
    }

    private func approve(_ start: JSONValue, _ acp: String) async throws {
        let form = Form([
            Field("grant_type", "client_credentials"), Field("client_id", "beckon"),
            Field("client_secret", "beckon-system-client-secret"),
        ])
        let token = try await client.send(
            OutboundRequest(
                .post,
                acp + "/bank/system/oauth2/token",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: form.bytes
            )
        )
        let bearer = try JSONValue(token.body)["access_token"]?.string ?? ""
        let id = start["login_id"]?.string ?? ""
        let state = start["login_state"]?.string ?? ""
        _ = try await client.send(
            OutboundRequest(
                .post,
                acp + "/api/system/bank/scope-grants/\(id)/accept",
                fields: [
                    Field("Authorization", "Bearer \(bearer)"),
                    Field("Content-Type", "application/json"),
                ],
                body: Array(
                    "{\"granted_scopes\":[\"openid\"],\"login_state\":\"\(state)\"}".utf8
                )
            )
        )
    }
}

import Engine
import HTTP
import Logins
import Telemetry
import TestSupport
import Testing

@testable import App

@Suite("The health of an authorization server")
struct WatchedHTTPTests {
    typealias Answer = Result<OutboundResponse, OutboundError>

    /// One call's end, and whether it speaks against the server.
    static let answers: [(Answer, isFailure: Bool)] = [
        (.success(OutboundResponse(status: 200)), false),
        (.success(OutboundResponse(status: 401)), false),
        (.success(OutboundResponse(status: 404)), false),
        (.success(OutboundResponse(status: 429)), false),
        (.success(OutboundResponse(status: 500)), true),
        (.success(OutboundResponse(status: 503)), true),
        (.failure(.notSent("refused")), true),
        (.failure(.ambiguous("timed out")), true),
        (.failure(.unusableAnswer("cut off")), true),
    ]

    private static func health() throws -> ServerHealth {
        ServerHealth(
            try #require(AuthorizationServerID("acp")),
            rule: CircuitBreaker.Rule(failures: 2),
            clock: ManualClock()
        )
    }

    @Test("follows the result of each call", arguments: answers.indices)
    func calls(_ index: Int) async throws {
        let (answer, isFailure) = Self.answers[index]
        for method in [HTTP.Method.get, .post] {
            let health = try Self.health()
            let http = WatchedHTTP(ScriptedServer { _, _ in answer }, health)
            for _ in 1...2 { _ = try? await http.send(OutboundRequest(method, "https://acp")) }
            #expect((health.state != .closed) == isFailure)
        }
    }

    @Test(
        "ignores requests that could not be sent because of a local fault",
        arguments: [true, false]
    )
    func ours(isAddress: Bool) async throws {
        let health = try Self.health()
        let error: OutboundError = isAddress ? .forbiddenAddress("::1") : .invalid("no key")
        let http = WatchedHTTP(ScriptedServer { _, _ in .failure(error) }, health)
        for _ in 1...3 {
            await #expect(throws: error) {
                try await http.send(OutboundRequest(.post, "https://acp"))
            }
        }
        #expect(health.state == .closed)
    }

    @Test("has metrics, as has the server's queue")
    func metrics() async throws {
        let health = try Self.health()
        let stored = [
            QueueDepth(LoginQueue(health.server, .report), due: 7, later: 2),
            QueueDepth(
                LoginQueue(try #require(AuthorizationServerID("gone")), .report),
                due: 1,
                later: 0
            ),
        ]
        let registry = MetricsRegistry()
        ServerMetrics.add(
            to: registry,
            depths: { stored },
            underWay: { [LoginQueue(health.server, .prepare): 3] },
            health: [health]
        )
        for state in [0, 2] {
            let text = String(decoding: await registry.exposition(), as: UTF8.self)
            for line in [
                "beckon_queue_length{server=\"acp\",duty=\"report\",when=\"due\"} 7",
                "beckon_queue_length{server=\"acp\",duty=\"report\",when=\"later\"} 2",
                "beckon_duties_under_way{server=\"acp\",duty=\"prepare\"} 3",
                "beckon_breaker_state{server=\"acp\"} \(state)",
                "beckon_breaker_openings_total{server=\"acp\"} \(state / 2)",
            ] {
                #expect(text.contains(line + "\n"), "\(line)")
            }
            // A server that is no longer configured makes no series.
            #expect(!text.contains("gone"))
            for _ in 1...2 { health.failed(.telling) }
        }
    }
}

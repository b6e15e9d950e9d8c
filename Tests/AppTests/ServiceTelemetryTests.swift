import CurlClient
import Foundation
import HTTP
import JSON
import Logins
import Net
import Telemetry
import TestSupport
import Testing

@testable import App

@Suite("The service's telemetry")
struct ServiceTelemetryTests {
    private static let ticket = "AAAAAAAAAAEsecretsecretsecretsecretsecretsecretsecret1"

    // rule: C13
    @Test("logs and counts requests by their route, and never what is secret in them")
    func requests() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let sink = LineSink(.json, descriptor: descriptor)
        let registry = MetricsRegistry()
        let routes = [
            Route(.get, "/approve/{ticket}") { _ in Response(status: 200) },
            Route(.post, "/user/verify") { _ in .json(503, []) },
        ]
        let traffic = Traffic(
            RequestLog(.all, routes: routes, sink: sink),
            routes: routes,
            registry
        )
        try await Self.serving(routes, traffic) { base in
            let client = CurlHTTPClient()
            defer { client.shutdown() }
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            let page = OutboundRequest(
                .get,
                base + "/approve/" + Self.ticket,
                fields: [Field("traceparent", trace), Field("Cookie", "a=hidden-cookie")]
            )
            let verify = OutboundRequest(
                .post,
                base + "/user/verify?a=hidden-query",
                fields: [Field("Authorization", "Basic hidden-password")],
                body: Array("{\"user_identifier\":\"hidden-user\"}".utf8)
            )
            var statuses: [Int] = []
            for request in [page, verify, OutboundRequest(.get, base + "/hidden-path")] {
                statuses.append(try await client.send(request).status)
            }
            #expect(statuses == [200, 503, 404])
        }
        sink.flush()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let metrics = String(decoding: await registry.exposition(), as: UTF8.self)
        for secret in ["hidden", "secretsecret"] {
            #expect(!text.contains(secret))
            #expect(!metrics.contains(secret))
        }
        let lines = try text.split(separator: "\n").map { try JSONValue(Array($0.utf8)) }
        #expect(lines.map { $0["event"]?.string } == Array(repeating: "request.finished", count: 3))
        #expect(lines.map { $0["route"]?.string } == ["/approve/{ticket}", "/user/verify", nil])
        #expect(lines.map { $0["status"]?.integer } == [200, 503, 404])
        #expect(lines[0]["trace_id"]?.string == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(lines[0]["span"]?.string != "00f067aa0ba902b7")
        #expect(lines[1]["trace_id"] == nil)
        #expect(
            metrics.contains(
                "beckon_http_requests_total{route=\"/approve/{ticket}\",method=\"GET\","
                    + "status=\"200\"} 1\n"
            )
        )
    }

    @Test("counts what the engine does")
    func engine() async throws {
        let registry = MetricsRegistry()
        let channel = try #require(ChannelID("app"))
        let server = try #require(AuthorizationServerID("acp"))
        let metrics = EngineMetrics(
            registry,
            channels: [channel],
            servers: [server],
            families: ["scopes", "fdx"]
        )
        metrics.delivered(channel, .delivered, took: .milliseconds(3))
        metrics.delivered(channel, .refused("no"), took: .milliseconds(3))
        metrics.reported(server, .taken, took: .milliseconds(3))
        metrics.reported(server, .taken, took: .milliseconds(3))
        metrics.reported(server, .gone, took: .milliseconds(3))
        metrics.started(server)
        metrics.decided("approve", family: "fdx", took: .seconds(7))
        metrics.decided("deny", family: "of an earlier version", took: .seconds(7))
        let text = String(decoding: await registry.exposition(), as: UTF8.self)
        for line in [
            "beckon_deliveries_total{channel=\"app\",answer=\"delivered\"} 1",
            "beckon_deliveries_total{channel=\"app\",answer=\"later\"} 0",
            "beckon_deliveries_total{channel=\"app\",answer=\"refused\"} 1",
            "beckon_report_attempts_total{server=\"acp\",answer=\"taken\"} 2",
            "beckon_report_attempts_total{server=\"acp\",answer=\"gone\"} 1",
            "beckon_report_seconds_count{server=\"acp\"} 3",
            "beckon_delivery_seconds_count{channel=\"app\"} 2",
            "beckon_logins_started_total{server=\"acp\"} 1",
            "beckon_decisions_total{choice=\"approve\",family=\"fdx\"} 1",
            "beckon_decisions_total{choice=\"approve\",family=\"scopes\"} 0",
            "beckon_decisions_total{choice=\"deny\",family=\"other\"} 1",
            "beckon_decisions_total{choice=\"report_as_fraud\",family=\"other\"} 0",
            "beckon_decision_seconds_bucket{le=\"5\"} 0",
            "beckon_decision_seconds_bucket{le=\"10\"} 2",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }

    @Test("measures a write to the store, and says whether it worked", arguments: [true, false])
    func store(works: Bool) async {
        let registry = MetricsRegistry()
        let clock = ManualClock()
        StoreMetrics.add(to: registry, clock: clock) {
            clock.advance(by: .milliseconds(250))
            if !works { throw StoreError.full }
        }
        let text = String(decoding: await registry.exposition(), as: UTF8.self)
        #expect(text.contains("beckon_store_ready \(works ? 1 : 0)\n"))
        #expect(text.contains("beckon_store_probe_seconds 0.25\n"))
    }

    private static func serving(
        _ routes: [Route],
        _ observer: some ExchangeObserver,
        _ body: (String) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let server = try Server(
            ServerConfiguration(address: .loopback()),
            router: Router(routes),
            loops: group.loops,
            observer: observer
        )
        let running = Task(executorPreference: group.loops[0]) { await server.run() }
        do {
            try await body("http://127.0.0.1:\(server.port)")
        } catch {
            server.drain(within: .zero)
            await running.value
            throw error
        }
        server.drain(within: .zero)
        await running.value
    }
}

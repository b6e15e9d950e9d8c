import Foundation
import HTTP
import JSON
import TestSupport
import Testing

@testable import Telemetry

@Suite("The metrics")
struct MetricsTests {
    private typealias Sample = (name: String, labels: [String: String], value: Double)

    /// Reads an exposition with Prometheus' own Python client, which refuses what is malformed.
    private static func read(
        _ exposition: [UInt8]
    ) throws -> (
        types: [String: String], helps: [String: String], samples: [Sample]
    ) {
        let program = """
            import json, sys
            from prometheus_client.parser import text_string_to_metric_families as read
            families = list(read(sys.stdin.buffer.read().decode()))
            print(json.dumps([[f.name, f.type, f.documentation,
                [[s.name, s.labels, repr(s.value)] for s in f.samples]] for f in families]))
            """
        // The distribution's Python, for which the set-up installs the client.
        let answer = try ChildProcess.run(["/usr/bin/python3", "-c", program], input: exposition)
        try #require(answer.isSuccess)
        let json = Data(answer.output)
        var types: [String: String] = [:]
        var helps: [String: String] = [:]
        var samples: [Sample] = []
        for family in try #require(JSONSerialization.jsonObject(with: json) as? [[Any]]) {
            let name = try #require(family[0] as? String)
            types[name] = family[1] as? String
            helps[name] = family[2] as? String
            for sample in try #require(family[3] as? [[Any]]) {
                samples.append(
                    (
                        try #require(sample[0] as? String),
                        try #require(sample[1] as? [String: String]),
                        try #require((sample[2] as? String).flatMap(Double.init))
                    )
                )
            }
        }
        return (types, helps, samples)
    }

    private static func value(
        _ samples: [Sample],
        _ name: String,
        _ labels: [String: String] = [:]
    ) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    @Test("are read by a foreign parser as they were counted")
    func exposition() async throws {
        let registry = MetricsRegistry()
        let hostile = "a \"quoted\" back\\slash\nand a break"
        registry.counter("t_total", "Help with \\ and\na break.", [("x", hostile)]).increment(by: 3)
        registry.counter("t_total", "Help with \\ and\na break.", [("x", "b")]).increment()
        registry.gauge("g", "A gauge.") { 0.25 }
        registry.gauge("infinite", "A gauge.") { .infinity }
        registry.gauges("census", "Several.") {
            [.init([("phase", "waiting")], 2), .init([("phase", "settled")], 1e15)]
        }
        let (types, helps, samples) = try Self.read(await registry.exposition())
        #expect(types == ["t": "counter", "g": "gauge", "infinite": "gauge", "census": "gauge"])
        #expect(helps["t"] == "Help with \\ and\na break.")
        #expect(Self.value(samples, "t_total", ["x": hostile]) == 3)
        #expect(Self.value(samples, "t_total", ["x": "b"]) == 1)
        #expect(Self.value(samples, "g") == 0.25)
        #expect(Self.value(samples, "infinite") == .infinity)
        #expect(Self.value(samples, "census", ["phase": "waiting"]) == 2)
        #expect(Self.value(samples, "census", ["phase": "settled"]) == 1e15)
    }

    @Test("put each span of time into its bucket, bounds included")
    func histogram() async throws {
        let registry = MetricsRegistry()
        let bounds: [Duration] = [.milliseconds(1), .milliseconds(10), .seconds(1)]
        let histogram = registry.histogram("h_seconds", "H.", [("r", "x")], bounds: bounds)
        for span in [Duration.microseconds(500), .milliseconds(1), .milliseconds(2), .seconds(5)] {
            histogram.observe(span)
        }
        let (types, _, samples) = try Self.read(await registry.exposition())
        #expect(types["h_seconds"] == "histogram")
        func bucket(_ bound: String) -> Double? {
            Self.value(samples, "h_seconds_bucket", ["r": "x", "le": bound])
        }
        #expect(bucket("0.001") == 2)
        #expect(bucket("0.01") == 3)
        #expect(bucket("1") == 3)
        #expect(bucket("+Inf") == 4)
        #expect(Self.value(samples, "h_seconds_count", ["r": "x"]) == 4)
        let sum = try #require(Self.value(samples, "h_seconds_sum", ["r": "x"]))
        #expect(abs(sum - 5.0035) < 1e-9)
    }

    @Test("lose nothing when many count at once")
    func threads() {
        let histogram = Histogram()
        let counter = Counter()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<10_000 {
                histogram.observe(nanoseconds: 1000)
                counter.increment()
            }
        }
        #expect(counter.current == 80_000)
        #expect(histogram.reading.cumulative.last == 80_000)
        #expect(abs(histogram.reading.sumSeconds - 0.08) < 1e-9)
    }

    @Test("count requests by route, method and status, and peers make no series")
    func requests() async throws {
        let registry = MetricsRegistry()
        let routes = [Route(.get, "/approve/{ticket}") { _ in Response(status: 200) }]
        let metrics = HTTPMetrics(registry, routes: routes)
        metrics.connectionOpened()
        metrics.connectionOpened()
        metrics.connectionClosed()
        metrics.finished(route: 0, status: 200, nanoseconds: 2_000_000)
        metrics.finished(route: 0, status: 200, nanoseconds: 2_000_000)
        metrics.finished(route: 0, status: 404, nanoseconds: 2_000_000)
        metrics.finished(route: nil, status: 404, nanoseconds: 1)
        let (_, _, samples) = try Self.read(await registry.exposition())
        func requests(_ route: String, _ method: String, _ status: String) -> Double? {
            let labels = ["route": route, "method": method, "status": status]
            return Self.value(samples, "beckon_http_requests_total", labels)
        }
        #expect(requests("/approve/{ticket}", "GET", "200") == 2)
        #expect(requests("/approve/{ticket}", "GET", "404") == 1)
        #expect(requests("none", "any", "404") == 1)
        #expect(Self.value(samples, "beckon_http_connections") == 1)
        let labels = ["route": "/approve/{ticket}", "method": "GET"]
        #expect(Self.value(samples, "beckon_http_request_seconds_count", labels) == 3)
    }

    @Test("say how the process is")
    func process() async throws {
        let registry = MetricsRegistry()
        ProcessMetrics.add(to: registry, version: "1.2.3")
        let (_, _, samples) = try Self.read(await registry.exposition())
        #expect(Self.value(samples, "beckon_build_info", ["version": "1.2.3"]) == 1)
        // A Swift program has at least a megabyte and the three standard descriptors.
        #expect(try #require(Self.value(samples, "process_resident_memory_bytes")) > 1_000_000)
        #expect(try #require(Self.value(samples, "process_open_fds")) >= 3)
        #expect(try #require(Self.value(samples, "process_max_fds")) >= 3)
        #expect(try #require(Self.value(samples, "process_cpu_seconds_total")) > 0)
        let start = try #require(Self.value(samples, "process_start_time_seconds"))
        #expect(abs(start - Date().timeIntervalSince1970) < 60)
    }
}

public import HTTP
import Synchronization

/// Counts the requests of one listener, by route, method and status, and how long they took.
///
/// Counting takes no lock: each route has a counter for every status that has a name.
public final class HTTPMetrics: Sendable {
    /// The counters of one route.
    private final class RouteMetrics: Sendable {
        let labels: [MetricsRegistry.Label]
        let latency: Histogram
        let byStatus: InlineArray<64, Atomic<Int>> = InlineArray { _ in Atomic(0) }

        init(_ registry: MetricsRegistry, route: String, method: String) {
            labels = [("route", route), ("method", method)]
            latency = registry.histogram(
                "beckon_http_request_seconds",
                "Time from the whole request to its answer.",
                labels
            )
        }
    }

    private let registry: MetricsRegistry
    private let routes: [RouteMetrics]
    private let unmatched: RouteMetrics
    /// The number of a status's counter, by the status less 100; nothing for a status without a
    /// name.
    private let slots: [Int?]
    private let openConnections = Atomic<Int>(0)

    /// Counts in `registry` the requests of a router with these routes. Once for each registry.
    public init(_ registry: MetricsRegistry, routes: [Route]) {
        self.registry = registry
        self.routes = routes.map { route in
            RouteMetrics(registry, route: route.pattern, method: route.method.name)
        }
        // One for everything that matched no route: a peer's paths and methods make no series.
        unmatched = RouteMetrics(registry, route: "none", method: "any")
        var slots = [Int?](repeating: nil, count: 500)
        for (slot, status) in StatusCode.named.enumerated() { slots[status - 100] = slot }
        self.slots = slots
        registry.counters(Self.name, Self.help) { [weak self] in self?.samples ?? [] }
        registry.gauge("beckon_http_connections", "Open connections.") { [weak self] in
            Double(self?.openConnections.load(ordering: .relaxed) ?? 0)
        }
    }

    /// Counts a request that was answered. `route` is its number, nil when none matched.
    public func finished(route: Int?, status: Int, nanoseconds: Int) {
        let metrics = route.map { routes[$0] } ?? unmatched
        metrics.latency.observe(nanoseconds: nanoseconds)
        if slots.indices.contains(status - 100), let slot = slots[status - 100] {
            metrics.byStatus[slot].add(1, ordering: .relaxed)
        } else {
            let labels = metrics.labels + [("status", "\(status)")]
            registry.counter(Self.name, Self.help, labels).increment()
        }
    }

    /// Counts a connection that was opened.
    public func connectionOpened() { openConnections.add(1, ordering: .relaxed) }

    /// Counts a connection that was closed.
    public func connectionClosed() { openConnections.subtract(1, ordering: .relaxed) }

    /// Of every status that has been seen.
    private var samples: [MetricsRegistry.Sample] {
        (routes + [unmatched]).flatMap { metrics in
            StatusCode.named.enumerated().compactMap { slot, status in
                let count = metrics.byStatus[slot].load(ordering: .relaxed)
                guard count > 0 else { return nil }
                return .init(metrics.labels + [("status", "\(status)")], Double(count))
            }
        }
    }

    private static let name = "beckon_http_requests_total"
    private static let help = "Answered requests."
}

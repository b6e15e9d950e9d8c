public import HTTP
import Synchronization
import Threads

/// Counts the requests of one listener, by route, method and status, and how long they took.
public final class HTTPMetrics: Sendable {
    /// The counters of one route. Statuses come as they are seen: a handful for each route.
    private struct RouteMetrics: Sendable {
        let labels: [MetricsRegistry.Label]
        let latency: Histogram
        let byStatus: Locked<[(status: Int, counter: Counter)]>
    }

    private let registry: MetricsRegistry
    private let routes: [RouteMetrics]
    private let unmatched: RouteMetrics
    private let openConnections = Atomic<Int>(0)

    /// Counts in `registry` the requests of a router with these routes.
    public init(_ registry: MetricsRegistry, routes: [Route]) {
        self.registry = registry
        self.routes = routes.map { route in
            Self.make(registry, route: route.pattern, method: route.method.name)
        }
        // One for everything that matched no route: a peer's paths and methods make no series.
        unmatched = Self.make(registry, route: "none", method: "any")
        registry.gauge("beckon_http_connections", "Open connections.") { [weak self] in
            Double(self?.openConnections.load(ordering: .relaxed) ?? 0)
        }
    }

    /// Counts a request that was answered. `route` is its number, nil when none matched.
    public func finished(route: Int?, status: Int, nanoseconds: Int) {
        let metrics = route.map { routes[$0] } ?? unmatched
        metrics.latency.observe(nanoseconds: nanoseconds)
        let counter = metrics.byStatus.withLock { counters in
            for known in counters where known.status == status { return known.counter }
            let labels = metrics.labels + [("status", "\(status)")]
            let counter = registry.counter(Self.name, Self.help, labels)
            counters.append((status, counter))
            return counter
        }
        counter.increment()
    }

    /// Counts a connection that was opened.
    public func connectionOpened() { openConnections.add(1, ordering: .relaxed) }

    /// Counts a connection that was closed.
    public func connectionClosed() { openConnections.subtract(1, ordering: .relaxed) }

    private static let name = "beckon_http_requests_total"
    private static let help = "Requests that were answered."

    private static func make(
        _ registry: MetricsRegistry,
        route: String,
        method: String
    ) -> RouteMetrics {
        let labels: [MetricsRegistry.Label] = [("route", route), ("method", method)]
        let latency = registry.histogram(
            "beckon_http_request_seconds",
            "From the first byte of a request to the end of its response.",
            labels
        )
        return RouteMetrics(labels: labels, latency: latency, byStatus: Locked([]))
    }
}

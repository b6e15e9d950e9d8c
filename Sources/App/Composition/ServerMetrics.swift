import Engine
import Logins
import Telemetry

/// How each authorization server fares, asked for when it is read.
enum ServerMetrics {
    /// Only servers of the configuration become labels.
    static func add(
        to registry: MetricsRegistry,
        depths: @escaping @Sendable () async -> [QueueDepth],
        underWay: @escaping @Sendable () -> [LoginQueue: Int],
        health: [ServerHealth]
    ) {
        let servers = Set(health.map(\.server))
        registry.gauges(
            "beckon_queue_length",
            "Logins that owe something, by authorization server, duty and whether it is due."
        ) {
            await depths().filter { servers.contains($0.queue.server) }.flatMap { depth in
                [("due", depth.due), ("later", depth.later)].map { when, count in
                    MetricsRegistry.Sample(labels(depth.queue) + [("when", when)], Double(count))
                }
            }
        }
        registry.gauges(
            "beckon_duties_under_way",
            "Duties being done, by authorization server and kind."
        ) {
            underWay().filter { servers.contains($0.key.server) }.map { queue, count in
                MetricsRegistry.Sample(labels(queue), Double(count))
            }
        }
        for health in health {
            registry.gauge(
                "beckon_breaker_state",
                "Calls to an authorization server: 0 made, 1 one duty is trying it, 2 stopped.",
                [("server", health.server.value)]
            ) {
                switch health.state {
                case .closed: 0
                case .halfOpen: 1
                case .open: 2
                }
            }
            registry.counter(
                "beckon_breaker_openings_total",
                "How often calls to an authorization server were stopped.",
                [("server", health.server.value)],
                reading: { Double(health.openings) }
            )
        }
    }

    private static func labels(_ queue: LoginQueue) -> [MetricsRegistry.Label] {
        [("server", queue.server.value), ("duty", name(queue.duty))]
    }

    private static func name(_ duty: PendingLogin.Duty) -> String {
        switch duty {
        case .prepare: "prepare"
        case .notify: "notify"
        case .report: "report"
        case .end: "end"
        }
    }
}

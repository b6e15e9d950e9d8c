import Engine
import Logins
import Telemetry

/// The state of each authorization server, read when the metrics are read.
enum ServerMetrics {
    /// Only servers of the configuration become labels.
    static func add(
        to registry: MetricsRegistry,
        depths: @escaping @Sendable () async -> [QueueDepth],
        underWay: @escaping @Sendable () -> [LoginQueue: Int],
        health: [ServerHealth]
    ) {
        let servers = Set(health.map(\.server))
        // Each series exists, whether there is something in it or not.
        let queues = health.flatMap { health in
            [PendingLogin.Duty.prepare, .notify, .report].map { LoginQueue(health.server, $0) }
        }
        registry.gauges(
            "beckon_queue_length",
            "Logins with pending work, by authorization server, kind of work and whether it is due."
        ) {
            let known = await depths().filter { servers.contains($0.queue.server) }
            let empty = queues.filter { queue in !known.contains { $0.queue == queue } }
                .map { QueueDepth($0, due: 0, later: 0) }
            return (known + empty).flatMap { depth in
                [("due", depth.due), ("later", depth.later)].map { when, count in
                    MetricsRegistry.Sample(labels(depth.queue) + [("when", when)], Double(count))
                }
            }
        }
        registry.gauges(
            "beckon_duties_under_way",
            "Work in progress, by authorization server and kind."
        ) {
            let counts = underWay()
            return queues.map { MetricsRegistry.Sample(labels($0), Double(counts[$0] ?? 0)) }
        }
        for health in health {
            registry.gauge(
                "beckon_breaker_state",
                "Circuit breaker of an authorization server: 0 closed, 1 half open, 2 open.",
                [("server", health.server.value)]
            ) { Self.number(health.state) }
            registry.counter(
                "beckon_breaker_openings_total",
                "How often the circuit breaker of an authorization server has opened.",
                [("server", health.server.value)],
                reading: { Double(health.openings) }
            )
        }
    }

    /// Whether each channel rests.
    static func add(to registry: MetricsRegistry, channels: [ChannelHealth]) {
        for health in channels {
            registry.gauge(
                "beckon_channel_state",
                "Whether a channel rests after failures: 0 in use, 1 being probed, 2 resting.",
                [("channel", health.channel.value)]
            ) { Self.number(health.breaker) }
        }
    }

    private static func number(_ state: CircuitBreaker.State) -> Double {
        switch state {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
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

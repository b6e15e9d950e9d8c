import Engine
import Glibc
import HTTP
import Logins
import Net
import Telemetry
import Threads

/// Logs and counts what a server answers. On the hot path: nothing is looked up by name.
struct Traffic: ExchangeObserver {
    private let log: RequestLog
    private let metrics: HTTPMetrics

    init(_ log: RequestLog, _ metrics: HTTPMetrics) {
        self.log = log
        self.metrics = metrics
    }

    func finished(_ exchange: borrowing Exchange) {
        let nanoseconds = Int(clamping: exchange.nanoseconds)
        metrics.finished(
            route: exchange.route,
            status: exchange.status,
            nanoseconds: nanoseconds
        )
        var trace: TraceContext?
        if let request = exchange.request, let range = request.range(of: "traceparent") {
            trace = TraceContext(request.bytes[range])?.child()
        }
        log.finished(
            route: exchange.route,
            method: exchange.method ?? .other("none"),
            status: exchange.status,
            nanoseconds: nanoseconds,
            id: exchange.requestID,
            trace: trace
        )
    }

    func connectionOpened() { metrics.connectionOpened() }
    func connectionClosed() { metrics.connectionClosed() }
}

/// Counts what the engine does.
final class EngineMetrics: EngineObserver {
    private let registry: MetricsRegistry

    init(_ registry: MetricsRegistry) { self.registry = registry }

    func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration) {
        let name =
            switch answer {
            case .delivered: "delivered"
            case .later: "later"
            case .refused: "refused"
            }
        registry.counter(
            "beckon_deliveries_total",
            "Attempts to bring a prompt to its person.",
            [("channel", channel.value), ("answer", name)]
        ).increment()
    }

    func reported(_ server: AuthorizationServerID, _ answer: ReportAnswer, took: Duration) {
        let name =
            switch answer {
            case .taken: "taken"
            case .later(_, _, let inDoubt): inDoubt ? "in_doubt" : "later"
            case .gone: "gone"
            case .refused: "refused"
            }
        registry.counter(
            "beckon_report_attempts_total",
            "Attempts to report an outcome.",
            [("server", server.value), ("answer", name)]
        ).increment()
        registry.histogram(
            "beckon_report_seconds",
            "How long an attempt to report took.",
            [("server", server.value)]
        ).observe(took)
    }
}

/// What is in the store, asked for when it is read.
enum LoginMetrics {
    static func add(to registry: MetricsRegistry, store: any LoginStore, clock: any WallClock) {
        registry.gauges("beckon_logins", "Logins by phase and outcome.") {
            guard let census = try? await store.census() else { return [] }
            return census.map { row in
                MetricsRegistry.Sample(
                    [("phase", "\(row.phase)"), ("outcome", row.outcome ?? "none")],
                    Double(row.count)
                )
            }
        }
        registry.gauges("beckon_queue_age_seconds", "How long the longest due duty has waited.") {
            guard let due = try? await store.nextDue() else {
                return [MetricsRegistry.Sample([], 0)]
            }
            let age = (clock.now() - due).milliseconds
            return [MetricsRegistry.Sample([], Double(max(0, age)) / 1000)]
        }
    }
}

/// What the system allows one process.
enum ProcessLimits {
    /// Takes as many descriptors as the operator allows: a connection is one.
    static func raiseDescriptors() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

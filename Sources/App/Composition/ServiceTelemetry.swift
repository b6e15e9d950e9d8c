public import Engine
public import HTTP
public import Logins
public import Net
public import Telemetry

/// Everything that the service counts and logs of itself, put together from a configuration.
public struct ServiceTelemetry: Sendable {
    /// Where events go.
    public let log: Logger
    /// The sink behind it, to be flushed at the end.
    public let sink: LineSink
    /// What `/metrics` shows.
    public let registry: MetricsRegistry

    /// Logs to `descriptor` as the settings say.
    public init(_ settings: LogSettings, descriptor: Int32 = 2) {
        sink = LineSink(settings.format == .json ? .json : .text, descriptor: descriptor)
        log = Logger(threshold: settings.level, sink: sink)
        registry = MetricsRegistry()
        ProcessMetrics.add(to: registry, version: Version.number)
        let sink = sink
        registry.counter("beckon_log_dropped_total", "Log lines that found no room.") {
            Double(sink.dropped)
        }
    }

    /// The observer of a listener that serves these routes.
    public func observer(of routes: [Route], _ settings: LogSettings) -> RequestObserver {
        let selection: RequestLog.Selection =
            switch settings.requests {
            case .all: .all
            case .errors: .errors
            case .off: .off
            }
        return RequestObserver(
            log: RequestLog(selection, routes: routes, sink: sink),
            metrics: HTTPMetrics(registry, routes: routes),
            refused: registry.counter(
                "beckon_http_connections_refused_total",
                "Connections that were turned away."
            )
        )
    }

    /// Counts what is in the store each time it is asked: logins by phase and outcome, and for how
    /// long the longest due one has waited.
    public func watch(_ store: any LoginStore, clock: any WallClock) {
        registry.gauges("beckon_logins", "Logins in the store, by phase and outcome.") {
            guard let census = try? await store.census() else { return [] }
            return census.map { count in
                let labels: [MetricsRegistry.Label] = [
                    ("phase", LoginText.name(count.phase)), ("outcome", count.outcome ?? "none"),
                ]
                return MetricsRegistry.Sample(labels, Double(count.count))
            }
        }
        let help = "For how long the longest due login has waited to be taken up."
        registry.gauges("beckon_queue_age_seconds", help) {
            guard let due = try? await store.nextDue() else { return [.init([], 0)] }
            let age = Double((clock.now() - due).milliseconds) / 1000
            return [.init([], max(0, age))]
        }
    }
}

/// Counts and logs the requests of one listener. Runs on its event loops.
public struct RequestObserver: ExchangeObserver {
    let log: RequestLog
    let metrics: HTTPMetrics
    let refused: Counter

    /// Counts and logs an answer.
    public func finished(_ exchange: borrowing Exchange) {
        let nanoseconds = Int(clamping: exchange.nanoseconds)
        metrics.finished(route: exchange.route, status: exchange.status, nanoseconds: nanoseconds)
        guard log.takes(status: exchange.status) else { return }
        log.finished(
            route: exchange.route,
            method: exchange.method ?? .other("none"),
            status: exchange.status,
            nanoseconds: nanoseconds,
            id: exchange.requestID,
            trace: Self.trace(of: exchange.request)
        )
    }

    /// Counts a connection.
    public func connectionOpened() { metrics.connectionOpened() }
    /// Counts it no more.
    public func connectionClosed() { metrics.connectionClosed() }
    /// Counts a connection that was turned away.
    public func connectionRefused() { refused.increment() }

    /// The peer's trace with a span of ours; nil when the peer is in none.
    private static func trace(of request: Request?) -> TraceContext? {
        guard let request, let range = request.range(of: "traceparent") else { return nil }
        return TraceContext(request.bytes[range])?.child()
    }
}

/// Counts what the engine does.
public struct EngineMetrics: EngineObserver {
    private static let deliveryAnswers = ["delivered", "later", "refused"]
    private static let reportAnswers = ["taken", "later", "gone", "refused"]

    private let deliveryLatency: Histogram
    private let reportLatency: Histogram
    /// By the answers above.
    private let deliveries: [ChannelID: [Counter]]
    private let reports: [AuthorizationServerID: [Counter]]

    /// Counts in `registry`, for these channels and servers.
    public init(
        _ registry: MetricsRegistry,
        channels: [ChannelID],
        servers: [AuthorizationServerID]
    ) {
        deliveryLatency = registry.histogram(
            "beckon_delivery_seconds",
            "Of one attempt to reach a person."
        )
        reportLatency = registry.histogram(
            "beckon_report_seconds",
            "Of one attempt to tell a server an outcome."
        )
        func counters<ID: Hashable>(
            _ name: String,
            _ help: String,
            _ label: String,
            _ answers: [String],
            of owners: [ID],
            named: (ID) -> String
        ) -> [ID: [Counter]] {
            let pairs = owners.map { owner in
                let counters = answers.map { answer in
                    registry.counter(name, help, [(label, named(owner)), ("answer", answer)])
                }
                return (owner, counters)
            }
            return Dictionary(pairs) { first, _ in first }
        }
        deliveries = counters(
            "beckon_deliveries_total",
            "Attempts to reach a person.",
            "channel",
            Self.deliveryAnswers,
            of: channels
        ) { $0.value }
        reports = counters(
            "beckon_report_attempts_total",
            "Attempts to tell a server an outcome.",
            "server",
            Self.reportAnswers,
            of: servers
        ) { $0.value }
    }

    /// Counts an attempt to reach a person.
    public func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration) {
        deliveryLatency.observe(took)
        let index =
            switch answer {
            case .delivered: 0
            case .later: 1
            case .refused: 2
            }
        deliveries[channel]?[index].increment()
    }

    /// Counts an attempt to tell a server an outcome.
    public func reported(_ server: AuthorizationServerID, _ answer: ReportAnswer, took: Duration) {
        reportLatency.observe(took)
        let index =
            switch answer {
            case .taken: 0
            case .later: 1
            case .gone: 2
            case .refused: 3
            }
        reports[server]?[index].increment()
    }
}

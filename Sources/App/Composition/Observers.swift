import Engine
import Glibc
import HTTP
import Logins
import Net
import Telemetry
import Threads

/// Logs and counts responses. On the hot path: nothing is looked up by name.
struct Traffic: ExchangeObserver {
    private let log: RequestLog
    private let metrics: HTTPMetrics
    private let refused: Counter

    init(_ log: RequestLog, routes: [Route], _ registry: MetricsRegistry) {
        self.log = log
        metrics = HTTPMetrics(registry, routes: routes)
        refused = registry.counter(
            "beckon_http_connections_refused_total",
            "Refused connections."
        )
    }

    func finished(_ exchange: borrowing Exchange) {
        let nanoseconds = Int(clamping: exchange.nanoseconds)
        metrics.finished(
            route: exchange.route,
            status: exchange.status,
            nanoseconds: nanoseconds
        )
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

    func connectionOpened() { metrics.connectionOpened() }
    func connectionClosed() { metrics.connectionClosed() }
    func connectionRefused() { refused.increment() }

    /// The peer's trace with a span of ours; nil when the peer has none.
    private static func trace(of request: Request?) -> TraceContext? {
        request.flatMap { TraceContext(of: $0)?.child() }
    }
}

/// Counts what the engine does, for the configured channels and servers.
struct EngineMetrics: EngineObserver {
    private static let deliveryAnswers = ["delivered", "later", "refused"]
    private static let reportAnswers = ["taken", "later", "in_doubt", "gone", "refused"]

    private let deliveries: [ChannelID: [Counter]]
    private let deliverySeconds: [ChannelID: Histogram]
    private let reports: [AuthorizationServerID: [Counter]]
    private let reportSeconds: [AuthorizationServerID: Histogram]

    init(
        _ registry: MetricsRegistry,
        channels: [ChannelID],
        servers: [AuthorizationServerID]
    ) {
        func table<ID: Hashable, Metric>(_ ids: [ID], _ make: (ID) -> Metric) -> [ID: Metric] {
            Dictionary(ids.map { ($0, make($0)) }) { first, _ in first }
        }
        deliveries = table(channels) { channel in
            Self.deliveryAnswers.map { answer in
                registry.counter(
                    "beckon_deliveries_total",
                    "Notification delivery attempts.",
                    [("channel", channel.value), ("answer", answer)]
                )
            }
        }
        deliverySeconds = table(channels) { channel in
            registry.histogram(
                "beckon_delivery_seconds",
                "Duration of notification delivery attempts.",
                [("channel", channel.value)]
            )
        }
        reports = table(servers) { server in
            Self.reportAnswers.map { answer in
                registry.counter(
                    "beckon_report_attempts_total",
                    "Report attempts.",
                    [("server", server.value), ("answer", answer)]
                )
            }
        }
        reportSeconds = table(servers) { server in
            registry.histogram(
                "beckon_report_seconds",
                "Duration of report attempts.",
                [("server", server.value)]
            )
        }
    }

    func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration) {
        let index =
            switch answer {
            case .delivered: 0
            case .later: 1
            case .refused: 2
            }
        deliveries[channel]?[index].increment()
        deliverySeconds[channel]?.observe(took)
    }

    func reported(_ server: AuthorizationServerID, _ answer: ReportAnswer, took: Duration) {
        let index =
            switch answer {
            case .taken: 0
            case .later(_, _, let inDoubt): inDoubt ? 2 : 1
            case .gone: 3
            case .refused: 4
            }
        reports[server]?[index].increment()
        reportSeconds[server]?.observe(took)
    }
}

/// The contents of the store, queried when metrics are read.
enum LoginMetrics {
    static func add(to registry: MetricsRegistry, store: any LoginStore, clock: any WallClock) {
        registry.gauges("beckon_logins", "Logins by phase and outcome.") {
            guard let census = try? await store.census() else { return [] }
            return census.map { row in
                MetricsRegistry.Sample(
                    [("phase", LoginText.name(row.phase)), ("outcome", row.outcome ?? "none")],
                    Double(row.count)
                )
            }
        }
        registry.gauges("beckon_queue_age_seconds", "Time since the oldest due task was due.") {
            guard let due = try? await store.nextDue() else {
                return [MetricsRegistry.Sample([], 0)]
            }
            let age = (clock.now() - due).milliseconds
            return [MetricsRegistry.Sample([], Double(max(0, age)) / 1000)]
        }
    }
}

/// What proves us to servers, asked for when it is read.
enum CredentialMetrics {
    static func add(to registry: MetricsRegistry, _ credentials: [ReplaceableCredentials]) {
        registry.gauges(
            "beckon_client_certificate_end_seconds",
            "When the certificate that we show to a server ends, since 1970."
        ) {
            credentials.compactMap { credentials in
                credentials.certificateEnd.map { end in
                    MetricsRegistry.Sample(
                        [("server", credentials.server.value)],
                        Double(end.milliseconds / 1000)
                    )
                }
            }
        }
    }
}

/// The system's limits for one process.
enum ProcessLimits {
    /// Raises the limit of file descriptors to its maximum: each connection takes one.
    static func raiseDescriptors() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

import Engine
import Glibc
import HTTP
import Logins
import Net
import Telemetry
import Threads

/// Logs and counts what a server answers, for every request: nothing is looked up by name.
final class Traffic: ExchangeObserver {
    private let log: RequestLog
    private let metrics: HTTPMetrics
    private let connectionsRefused: Counter

    init(_ log: RequestLog, routes: [Route], _ registry: MetricsRegistry) {
        self.log = log
        metrics = HTTPMetrics(registry, routes: routes)
        connectionsRefused = registry.counter(
            "beckon_http_connections_refused_total",
            "Refused connections: over the limit, or no file descriptor left."
        )
    }

    func answered(_ request: Request, _ exchange: Exchange) {
        metrics.finished(
            route: exchange.route,
            status: exchange.status,
            nanoseconds: Int(clamping: exchange.nanoseconds)
        )
        guard log.takes(status: exchange.status) else { return }
        log.finished(
            route: exchange.route,
            method: request.method,
            status: exchange.status,
            nanoseconds: Int(clamping: exchange.nanoseconds),
            id: request.id,
            // The peer's trace with a span of ours; nil when the peer has none.
            trace: TraceContext(of: request)?.child()
        )
    }

    func refused(_ exchange: Exchange) {
        metrics.finished(
            route: exchange.route,
            status: exchange.status,
            nanoseconds: Int(clamping: exchange.nanoseconds)
        )
        log.finished(
            route: exchange.route,
            method: .other("none"),
            status: exchange.status,
            nanoseconds: Int(clamping: exchange.nanoseconds),
            id: 0,
            trace: nil
        )
    }

    func connectionOpened() { metrics.connectionOpened() }
    func connectionClosed() { metrics.connectionClosed() }
    func connectionRefused() { connectionsRefused.increment() }
}

/// The traffic of one of several listeners, which serves the routes from a number on.
final class TrafficPart: ExchangeObserver {
    private let traffic: Traffic
    private let first: Int

    init(_ traffic: Traffic, from first: Int) {
        self.traffic = traffic
        self.first = first
    }

    func answered(_ request: Request, _ exchange: Exchange) {
        traffic.answered(request, numbered(exchange))
    }

    func refused(_ exchange: Exchange) { traffic.refused(numbered(exchange)) }
    func connectionOpened() { traffic.connectionOpened() }
    func connectionClosed() { traffic.connectionClosed() }
    func connectionRefused() { traffic.connectionRefused() }

    private func numbered(_ exchange: Exchange) -> Exchange {
        first == 0 ? exchange : exchange.of(route: exchange.route.map { $0 + first })
    }
}

/// Counts deliveries and reports, for the channels and servers of the configuration.
struct EngineMetrics: EngineObserver {
    private static let deliveryAnswers = ["delivered", "later", "refused"]
    private static let reportAnswers = ["taken", "later", "in_doubt", "gone", "refused"]

    private let deliveries: [ChannelID: [Counter]]
    private let deliverySeconds: [ChannelID: Histogram]
    private let reports: [AuthorizationServerID: [Counter]]
    private let reportSeconds: [AuthorizationServerID: Histogram]
    private let starts: [AuthorizationServerID: Counter]
    private let decisions: [[String]: Counter]
    private let decisionSeconds: Histogram
    private let wrongNumbers: Counter
    private let suspicious: [Suspicion: Counter]

    /// Also of the series that the store counts.
    static let suspiciousHelp =
        "Logins that ended as suspicious and blocks of users after failed attempts, by cause."

    /// A family that is not known any more, in the labels.
    private static let otherFamily = "other"
    /// 1 s to an hour.
    private static let patience: [Duration] = [
        1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_800, 3_600,
    ].map { .seconds($0) }

    /// `families` are the names of the kinds of consent. Every series exists from the start.
    init(
        _ registry: MetricsRegistry,
        channels: [ChannelID],
        servers: [AuthorizationServerID],
        families: [String]
    ) {
        func table<ID: Hashable, Metric>(_ ids: [ID], _ make: (ID) -> Metric) -> [ID: Metric] {
            Dictionary(ids.map { ($0, make($0)) }) { first, _ in first }
        }
        deliveries = table(channels) { channel in
            Self.deliveryAnswers.map { answer in
                registry.counter(
                    "beckon_deliveries_total",
                    "Notification delivery attempts, by channel and answer.",
                    [("channel", channel.value), ("answer", answer)]
                )
            }
        }
        deliverySeconds = table(channels) { channel in
            registry.histogram(
                "beckon_delivery_seconds",
                "Duration of a notification delivery attempt.",
                [("channel", channel.value)]
            )
        }
        reports = table(servers) { server in
            Self.reportAnswers.map { answer in
                registry.counter(
                    "beckon_report_attempts_total",
                    "Attempts to report an outcome, by authorization server and answer.",
                    [("server", server.value), ("answer", answer)]
                )
            }
        }
        reportSeconds = table(servers) { server in
            registry.histogram(
                "beckon_report_seconds",
                "Duration of an attempt to report an outcome.",
                [("server", server.value)]
            )
        }
        starts = table(servers) { server in
            registry.counter(
                "beckon_logins_started_total",
                "Logins that were stored, by authorization server.",
                [("server", server.value)]
            )
        }
        var decisions: [[String]: Counter] = [:]
        for choice in Decision.Choice.allCases.map(\.loggedName) {
            for family in families + [Self.otherFamily] {
                decisions[[choice, family]] = registry.counter(
                    "beckon_decisions_total",
                    "Decisions of users, by choice and family of the consent.",
                    [("choice", choice), ("family", family)]
                )
            }
        }
        self.decisions = decisions
        decisionSeconds = registry.histogram(
            "beckon_decision_seconds",
            "Time from the arrival of a login to the user's decision.",
            bounds: Self.patience
        )
        wrongNumbers = registry.counter(
            "beckon_wrong_numbers_total",
            "Wrong numbers that users gave before an approval."
        )
        suspicious = table([.wrongNumbers, .reported]) { cause in
            registry.counter(
                "beckon_suspicious_ends_total",
                Self.suspiciousHelp,
                [("cause", cause.rawValue)]
            )
        }
    }

    func gaveWrongNumber() { wrongNumbers.increment() }

    func endedSuspicious(_ cause: Suspicion) { suspicious[cause]?.increment() }

    func started(_ server: AuthorizationServerID) { starts[server]?.increment() }

    func decided(_ choice: String, family: String, took: Duration) {
        (decisions[[choice, family]] ?? decisions[[choice, Self.otherFamily]])?.increment()
        decisionSeconds.observe(took)
    }

    func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration) {
        let index =
            switch answer {
            case .delivered: 0
            case .later: 1
            case .refused, .gone: 2
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

/// The contents of the store, read when the metrics are read.
enum LoginMetrics {
    /// As the store names them.
    private static let outcomes = [
        "approved", "cancelled", "denied", "expired", "failed", "voided",
    ]

    static func add(to registry: MetricsRegistry, store: any LoginStore, clock: any WallClock) {
        registry.gauges("beckon_logins", "Logins by phase and outcome.") {
            guard let census = try? await store.census() else { return [] }
            var counts: [[String]: Int] = [:]
            for phase in PendingLogin.PhaseName.allCases {
                let isOpen = phase == .preparing || phase == .waiting
                for outcome in isOpen ? ["none"] : Self.outcomes {
                    counts[[LoginText.name(phase), outcome]] = 0
                }
            }
            for row in census {
                counts[[LoginText.name(row.phase), row.outcome ?? "none"]] = row.count
            }
            return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, count in
                MetricsRegistry.Sample([("phase", key[0]), ("outcome", key[1])], Double(count))
            }
        }
        registry.gauges("beckon_queue_age_seconds", "Age of the oldest task that is due.") {
            guard let due = try? await store.nextDue() else {
                return [MetricsRegistry.Sample([], 0)]
            }
            let age = (clock.now() - due).milliseconds
            return [MetricsRegistry.Sample([], Double(max(0, age)) / 1000)]
        }
    }
}

/// Whether the store takes writes, tried when the metrics are read.
enum StoreMetrics {
    /// `probe` makes a small durable write.
    static func add(
        to registry: MetricsRegistry,
        clock: any WallClock,
        probe: @escaping @Sendable () async throws -> Void
    ) {
        let took = Locked(Duration.zero)
        registry.gauges("beckon_store_ready", "Whether the store takes writes: 1 or 0.") {
            let begun = clock.uptime()
            let isReady: Bool
            do {
                try await probe()
                isReady = true
            } catch {
                isReady = false
            }
            let end = clock.uptime()
            took.withLock { $0 = end - begun }
            return [MetricsRegistry.Sample([], isReady ? 1 : 0)]
        }
        // Families are read in the order in which they were added.
        registry.gauges(
            "beckon_store_probe_seconds",
            "Duration of the small durable write that beckon_store_ready tries."
        ) {
            let parts = took.withLock { $0 }.components
            let seconds = Double(parts.seconds) + Double(parts.attoseconds) / 1e18
            return [MetricsRegistry.Sample([], seconds)]
        }
    }
}

/// The system's limits for this process.
enum ProcessLimits {
    /// Raises the limit on file descriptors to the hard limit: each connection needs one.
    static func raiseDescriptors() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many file descriptors the process may have.
    static var descriptors: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1024
        }
        return Int(clamping: limit.rlim_cur)
    }
}

public import HTTP
import JSON
public import Logins
import Threads

/// Liveness, readiness and metrics, on a port of their own. They are not authenticated: the port
/// must be reachable from the cluster only.
public struct ManagementRoutes: Sendable {
    /// Something that must work before the service is ready.
    public struct Check: Sendable {
        /// The name in the response, such as `store`.
        public let name: String
        /// Nil when it works, else the reason, without secrets.
        public let failure: @Sendable () async -> String?

        public init(_ name: String, failure: @escaping @Sendable () async -> String?) {
            self.name = name
            self.failure = failure
        }
    }

    private let checks: [Check]
    private let notes: @Sendable () -> [(name: String, text: String)]
    private let results: CheckResults
    private let isDraining: @Sendable () -> Bool
    private let metrics: @Sendable () async -> [UInt8]

    /// `notes` are details that do not make the service unready. `metrics` writes the Prometheus text
    /// format, version 0.0.4.
    public init(
        checks: [Check],
        clock: any WallClock,
        notes: @escaping @Sendable () -> [(name: String, text: String)] = { [] },
        isDraining: @escaping @Sendable () -> Bool,
        metrics: @escaping @Sendable () async -> [UInt8]
    ) {
        self.checks = checks
        self.notes = notes
        results = CheckResults(clock)
        self.isDraining = isDraining
        self.metrics = metrics
    }

    /// `GET /health/live`, `GET /health/ready` and `GET /metrics`.
    public var routes: [Route] {
        [
            Route(.get, "/health/live") { _ in
                var json = JSONWriter()
                json.object { $0.member("status", "live") }
                return .json(200, json.bytes)
            },
            Route(.get, "/health/ready") { _ in await ready() },
            Route(.get, "/metrics") { _ in
                Response(
                    status: 200,
                    contentType: "text/plain; version=0.0.4",
                    fields: [.noStore],
                    body: await metrics()
                )
            },
        ]
    }

    private func ready() async -> Response {
        let states = await results.states(of: checks)
        let draining = isDraining()
        let isReady = !draining && states.allSatisfy { $0.failure == nil }
        var json = JSONWriter()
        json.object { json in
            json.member("status", draining ? "draining" : isReady ? "ready" : "unready")
            json.name("checks")
            json.object { json in
                for state in states { json.member(state.name, state.failure ?? "ok") }
                for note in notes() { json.member(note.name, note.text) }
            }
        }
        return .json(isReady ? 200 : 503, json.bytes)
    }
}

/// The results of the checks, kept for a second: a check may write to the disk, and anybody who
/// reaches the port can ask as often as they like.
private final class CheckResults: Sendable {
    typealias State = (name: String, failure: String?)
    private typealias Kept = (states: [State], ends: Duration)

    private static let lifetime = Duration.seconds(1)

    private let clock: any WallClock
    private let kept = Locked<Kept?>(nil)
    private let runs = SingleFlight<Int, [State], Never>()

    init(_ clock: any WallClock) { self.clock = clock }

    /// Runs every check, so that the response names everything that fails.
    func states(of checks: [ManagementRoutes.Check]) async -> [State] {
        await runs.value(for: 0, cached: { fresh() }) {
            var states: [State] = []
            for check in checks { states.append((check.name, await check.failure())) }
            let ends = clock.uptime() + Self.lifetime
            kept.withLock { [states] in $0 = (states, ends) }
            return states
        }
    }

    private func fresh() -> [State]? {
        let now = clock.uptime()
        return kept.withLock { kept in
            guard let kept, now < kept.ends else { return nil }
            return kept.states
        }
    }
}

import JSON
public import Logins
public import Telemetry

/// Erases what need not be kept: first what is personal, later the whole row.
public struct Retention: Sendable {
    public let redactAfter: Duration
    public let deleteAfter: Duration
    /// Rows a step; between steps others get their turn.
    private static let batch = 500

    public init(redactAfter: Duration, deleteAfter: Duration) {
        self.redactAfter = redactAfter
        self.deleteAfter = deleteAfter
    }

    /// Works through what is due, then once a minute, until the task is cancelled.
    public func run(_ store: any LoginStore, clock: any WallClock, log: Logger) async {
        while !Task.isCancelled {
            do {
                try await sweep(store, at: clock.now())
            } catch {
                log.warning("retention.failed") { $0.member("cause", "\(error)") }
            }
            await clock.wait(until: clock.now() + .minutes(1))
        }
    }

    /// One pass over everything that is due at `now`.
    public func sweep(_ store: any LoginStore, at now: Timestamp) async throws(StoreError) {
        while try await store.redact(settledBefore: now - redactAfter, limit: Self.batch)
            == Self.batch
        {}
        while try await store.delete(settledBefore: now - deleteAfter, limit: Self.batch)
            == Self.batch
        {}
    }
}

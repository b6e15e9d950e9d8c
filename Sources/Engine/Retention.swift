import JSON
public import Logins
public import Telemetry

/// Erases what need not be kept: first what is personal, later the whole row. Stranded logins that
/// nobody looked after are given up first, so that they go the same way.
public struct Retention: Sendable {
    public let redactAfter: Duration
    public let deleteAfter: Duration
    /// Rows a step; between steps others get their turn.
    private static let batch = 500
    /// By how much the clock may run ahead of the time that passed between two sweeps.
    private static let leapAllowed: Duration = .minutes(10)

    public init(redactAfter: Duration, deleteAfter: Duration) {
        self.redactAfter = redactAfter
        self.deleteAfter = deleteAfter
    }

    /// Works through what is due, then once a minute, until the task is cancelled.
    ///
    /// What is erased is gone for good, so one sweep is left out when the clock leapt ahead: whoever
    /// set it wrongly has a minute to put it right.
    public func run(_ store: any LoginStore, clock: any WallClock, log: Logger) async {
        var last: (moment: Timestamp, instant: ContinuousClock.Instant)?
        while !Task.isCancelled {
            let now = clock.now()
            let instant = ContinuousClock.now
            let ahead = last.map { (now - $0.moment) - (instant - $0.instant) } ?? .zero
            last = (now, instant)
            if ahead > Self.leapAllowed {
                log.warning("retention.clock_leapt") {
                    $0.member("ahead_s", Int(ahead.components.seconds))
                }
            } else {
                do {
                    try await sweep(store, at: now, log: log)
                } catch {
                    log.warning("retention.failed") { $0.member("cause", "\(error)") }
                }
            }
            await clock.wait(until: clock.now() + .minutes(1))
        }
    }

    /// One pass over everything that is due at `now`.
    public func sweep(
        _ store: any LoginStore,
        at now: Timestamp,
        log: Logger
    ) async throws(StoreError) {
        try await abandon(store, at: now, log)
        while try await store.redact(settledBefore: now - redactAfter, limit: Self.batch)
            == Self.batch
        {}
        while try await store.delete(settledBefore: now - deleteAfter, limit: Self.batch)
            == Self.batch
        {}
    }

    /// Gives up stranded logins whose time for reporting ended so long ago that a settled one would
    /// be without what is personal. From then on they age as settled ones do.
    private func abandon(
        _ store: any LoginStore,
        at now: Timestamp,
        _ log: Logger
    ) async throws(StoreError) {
        let moment = now - redactAfter
        var after: LoginNumber?
        while true {
            let page = try await store.logins(in: .stranded, after: after, limit: Self.batch)
            for stored in page where stored.login.terms.reportEnds < moment {
                let result = try await store.update(stored.number) {
                    (login) throws(PendingLogin.Refusal) in
                    try login.apply(.abandoned, at: now)
                }
                // An operator may have come first.
                guard case .success = result else { continue }
                log.warning("login.abandoned") {
                    $0.member("number", Int(stored.number.rawValue))
                }
            }
            // Numbers follow arrival: after one that came later than that, so did all.
            guard let last = page.last, last.login.terms.receivedAt < moment else { return }
            after = last.number
        }
    }
}

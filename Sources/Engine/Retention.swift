public import Access
import JSON
public import Logins
public import Telemetry

/// Erases old logins: first their personal data, later the whole row. Stranded logins that no
/// operator resolved are abandoned first, so that they are erased too. Also removes the oldest entries
/// of the audit, and what was used once or revoked when that no longer matters.
public struct Retention: Sendable {
    /// How long after settling personal data is erased.
    public let redactAfter: Duration
    /// How long after settling the row is deleted.
    public let deleteAfter: Duration
    /// How long entries of the audit are kept.
    public let auditAfter: Duration
    /// Where clients, the audit and the like are kept; nil if nothing of it is swept.
    private let access: (any AccessStore)?
    /// How long something used once is remembered after its time, in case the clock is set back.
    private static let margin: Duration = .minutes(10)
    /// Rows per step; other writers run between steps.
    private static let batch = 500
    /// How far the clock may run ahead of the elapsed time between two sweeps.
    private static let leapAllowed: Duration = .minutes(10)

    public init(
        redactAfter: Duration,
        deleteAfter: Duration,
        auditAfter: Duration = .seconds(86_400 * 400),
        access: (any AccessStore)? = nil
    ) {
        self.redactAfter = redactAfter
        self.deleteAfter = deleteAfter
        self.auditAfter = auditAfter
        self.access = access
    }

    /// Sweeps now and then once a minute, until the task is cancelled.
    ///
    /// Skips one sweep when the clock jumped ahead, because erasing cannot be undone: whoever set it
    /// wrongly has a minute to correct it. The last sweep of an earlier process counts too: how long
    /// ago it was is not known, so the first sweep after a long pause is skipped.
    public func run(_ store: any LoginStore, clock: any WallClock, log: Logger) async {
        var last: (moment: Timestamp, uptime: Duration)?
        while !Task.isCancelled {
            let now = clock.now()
            let uptime = clock.uptime()
            let ahead: Duration
            if let last {
                ahead = (now - last.moment) - (uptime - last.uptime)
            } else {
                let moment = try? await store.lastSweep()
                ahead = moment.map { now - $0 } ?? .zero
            }
            last = (now, uptime)
            if ahead > Self.leapAllowed {
                log.warning("retention.clock_leapt") {
                    $0.member("ahead_s", Int(ahead.components.seconds))
                }
            } else {
                do {
                    try await sweep(store, at: now)
                    try await store.noteSweep(at: now)
                } catch {
                    log.warning("retention.failed") { $0.member("cause", "\(error)") }
                }
            }
            await clock.wait(.minutes(1))
        }
    }

    /// One pass over everything that is due at `now`.
    public func sweep(
        _ store: any LoginStore,
        at now: Timestamp
    ) async throws(StoreError) {
        try await abandon(store, at: now)
        while try await store.redact(settledBefore: now - redactAfter, limit: Self.batch)
            == Self.batch
        {}
        while try await store.delete(settledBefore: now - deleteAfter, limit: Self.batch)
            == Self.batch
        {}
        guard let access else { return }
        while try await access.sweepAudit(before: now - auditAfter, limit: Self.batch)
            == Self.batch
        {}
        while try await access.sweepAccess(before: now - Self.margin, limit: Self.batch)
            == Self.batch
        {}
    }

    /// Abandons stranded logins whose time for reporting ended more than `redactAfter` ago. From then
    /// on they age like settled ones.
    private func abandon(
        _ store: any LoginStore,
        at now: Timestamp
    ) async throws(StoreError) {
        let moment = now - redactAfter
        var after: LoginNumber?
        while true {
            let page = try await store.logins(in: .stranded, after: after, limit: Self.batch)
            for stored in page where stored.login.terms.reportEnds < moment {
                // An operator may have been faster.
                _ = try await store.update(stored.number) {
                    (login) throws(PendingLogin.Refusal) in
                    try login.apply(.abandoned, at: now)
                }
            }
            // Numbers ascend by arrival, so all further ones arrived later.
            guard let last = page.last, last.login.terms.receivedAt < moment else { return }
            after = last.number
        }
    }
}

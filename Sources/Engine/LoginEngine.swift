import JSON
public import Logins
public import Telemetry
import Synchronization
import Threads

/// Performs what logins owe: takes the due ones from the store, does the work, records what came
/// of it. It keeps no state that matters: everything owed can be read from the rows again.
public final class LoginEngine: Sendable {
    public struct Settings: Sendable {
        /// Duties of one kind under way at once for one authorization server: one that hangs must
        /// not keep others from being called. Of notifications it may be sixteen times as many.
        /// Zero takes logins in and leaves the work to another process.
        public var concurrency: Int
        /// `https://host/base`, to which `/approve/{ticket}` is added.
        public var publicURL: String

        public init(concurrency: Int = 256, publicURL: String) {
            self.concurrency = concurrency
            self.publicURL = publicURL
        }
    }

    let store: any LoginStore
    let servers: [AuthorizationServerID: any AuthorizationServer]
    let directory: any UserDirectory
    let accounts: (any AccountDirectory)?
    let plan: EscalationPlan
    let clock: any WallClock
    let changes: LoginChanges
    let settings: Settings
    let observer: any EngineObserver
    let log: Logger
    let health: [AuthorizationServerID: ServerHealth]
    let tickets = TicketCache()
    private let slots: Locked<SlotTable>
    private let isStopping = Atomic<Bool>(false)

    /// A server that `health` does not name is called whatever comes of it.
    public init(
        store: any LoginStore,
        servers: [any AuthorizationServer],
        health: [ServerHealth] = [],
        directory: any UserDirectory,
        accounts: (any AccountDirectory)? = nil,
        plan: EscalationPlan,
        clock: any WallClock,
        changes: LoginChanges,
        settings: Settings,
        observer: any EngineObserver = SilentObserver(),
        log: Logger = .silent
    ) {
        self.store = store
        self.servers = Dictionary(servers.map { ($0.id, $0) }) { first, _ in first }
        self.health = Dictionary(health.map { ($0.server, $0) }) { first, _ in first }
        self.directory = directory
        self.accounts = accounts
        self.plan = plan
        self.clock = clock
        self.changes = changes
        self.settings = settings
        self.observer = observer
        self.log = log
        slots = Locked(SlotTable(calls: settings.concurrency))
    }

    /// Works until `stop()`; returns when what was under way has ended. Reports that were under
    /// way when an earlier process ended are in doubt first.
    public func run() async {
        guard settings.concurrency > 0 else { return }
        await recover()
        await withDiscardingTaskGroup { group in
            while !isStopping.load(ordering: .relaxed), !Task.isCancelled {
                let now = clock.now()
                let claims = await claim(at: now)
                for claim in claims {
                    let isLast = claim.isLastReport(at: now)
                    slots.withLock { $0.count(claim, isLast: isLast, 1) }
                    group.addTask {
                        await self.pass(claim, isLast: isLast)
                        self.store.release(claim)
                        self.slots.withLock { $0.count(claim, isLast: isLast, -1) }
                        self.changes.work.raise()
                    }
                }
                if claims.isEmpty { await waitForWork() }
            }
        }
    }

    /// Takes no more work. What is under way goes on to its end, or until the task that runs the
    /// engine is cancelled: the rows still owe what is then cut off.
    public func stop() {
        isStopping.store(true, ordering: .relaxed)
        changes.work.raise()
    }

    /// Performs a duty when its server's breaker lets it. A report that has to wait stays as it is:
    /// it is due when the server is back, or at its last moment.
    private func pass(_ claim: Claim, isLast: Bool) async {
        let server = claim.stored.login.key.server
        guard claim.duty == .prepare || claim.duty == .report, let health = health[server] else {
            return await perform(claim)
        }
        switch health.pass(isLast: isLast) {
        case .go:
            await perform(claim)
        case .probe:
            await perform(claim)
            health.endProbe()
        case .wait where claim.duty == .prepare:
            await postpone(claim.stored, "the server does not answer at present")
        case .wait:
            break
        }
    }

    private func recover() async {
        while !isStopping.load(ordering: .relaxed), !Task.isCancelled {
            do {
                let count = try await store.recover(at: clock.now())
                if count > 0 { log.info("engine.recovered") { $0.member("reports", count) } }
                return
            } catch {
                await pauseAfter(error)
            }
        }
    }

    private func freeSlots(at now: Timestamp) -> Slots {
        slots.withLock { $0.free(health, at: now) }
    }

    /// Duties under way, by queue.
    public var underWay: [LoginQueue: Int] { slots.withLock { $0.underWay } }

    private func claim(at now: Timestamp) async -> [Claim] {
        do {
            return try await store.claim(at: now, within: freeSlots(at: now))
        } catch {
            await pauseAfter(error)
            return []
        }
    }

    /// Another process may have changed a login (`beckon logins retry`), of which nothing tells us.
    private static let longestSleep = Duration.seconds(5)

    /// Sleeps until something becomes due, is changed, or ends, or until a server may be tried
    /// again; when the store does not say what is due, a second.
    private func waitForWork() async {
        let now = clock.now()
        var longest = now + Self.longestSleep
        for health in health.values {
            if let probe = health.probe(after: now) { longest = min(longest, probe) }
        }
        do {
            if let next = try await store.nextDue(within: freeSlots(at: now)) {
                longest = min(longest, next)
            }
        } catch {
            log.error("engine.store_failed") { $0.member("cause", "\(error)") }
            longest = clock.now() + .seconds(1)
        }
        await clock.wait(for: changes.work, until: longest)
    }

    private func pauseAfter(_ error: StoreError) async {
        log.error("engine.store_failed") { $0.member("cause", "\(error)") }
        await clock.wait(until: clock.now() + .seconds(1))
    }

    /// Records events, and does not give up while the store is in trouble: what was done must not
    /// be done again because it could not be written down.
    ///
    /// - Returns: the login as it is now; nil when it did not take the events, or the process ends.
    @discardableResult
    func record(
        _ number: LoginNumber,
        _ events: PendingLogin.Event...
    ) async -> StoredLogin? {
        while true {
            do {
                let now = clock.now()
                let result = try await store.update(number) {
                    (login) throws(PendingLogin.Refusal) in
                    for event in events { try login.apply(event, at: now) }
                }
                return try? result?.get()
            } catch {
                switch error {
                case .closed: return nil
                case .damaged(let what):
                    // Nobody can write to it any more, and others need the room.
                    log.error("login.damaged") { $0.member("cause", what) }
                    return nil
                case .locked, .full, .unavailable:
                    if Task.isCancelled { return nil }
                    await pauseAfter(error)
                }
            }
        }
    }
}

extension Claim {
    /// Whether it is for a report that has no more time to wait.
    fileprivate func isLastReport(at now: Timestamp) -> Bool {
        duty == .report && stored.login.terms.lastReport <= now
    }
}

public import Identity
import JSON
public import Logins
public import Telemetry
import Synchronization
import Threads

/// Performs the duties of logins: claims those that are due, does the work and records the result.
/// It has no state of its own: all that is owed is in the store.
///
/// A duty that a change makes due at once is claimed together with that change, if there is a free slot
/// for it. All others are found by looking.
public final class LoginEngine: Sendable {
    /// Settings of an engine.
    public struct Settings: Sendable {
        /// How many duties of one kind may be under way at once for one authorization server, so that
        /// one that hangs does not block others. Notifications may be sixteen times as many. Zero
        /// accepts logins and leaves the work to another process.
        public var concurrency: Int
        /// `https://host/base`; `/approve/{ticket}` is appended.
        public var publicURL: String
        /// When users are not notified; nil for never.
        public var quietHours: QuietHours?

        /// Whether a login that shows neither a consent nor a binding message fails.
        public var requiresContext: Bool
        /// Whether a login fails that has no number where numbers are matched.
        public var requiresNumber = true
        /// Which binding messages are accepted.
        public var messages = MessageRule.any

        public init(
            concurrency: Int = 256,
            publicURL: String,
            requiresContext: Bool = false
        ) {
            self.concurrency = concurrency
            self.publicURL = publicURL
            self.requiresContext = requiresContext
        }
    }

    let store: any LoginStore
    let servers: [AuthorizationServerID: any AuthorizationServer]
    let directory: any UserDirectory
    let accounts: (any AccountDirectory)?
    let plan: EscalationPlan
    let approvers: Approvers
    let clock: any WallClock
    let changes: LoginChanges
    let settings: Settings
    let observer: (any EngineObserver)?
    let log: Logger
    let health: [AuthorizationServerID: ServerHealth]
    let tickets: TicketKey
    /// Of every channel of the plan.
    public let channels: [ChannelHealth]
    let fetched = FetchedConsents()
    private let slots: Locked<SlotTable>
    private let arrivals = Locked(Arrivals())
    private let arrived = Signal()
    private let isStopping = Atomic<Bool>(false)

    /// An engine that does nothing until `run()`. Servers that `health` does not name have no circuit
    /// breaker. Links outlive the process if the key of `tickets` does.
    public init(
        store: any LoginStore,
        servers: [any AuthorizationServer],
        health: [ServerHealth] = [],
        directory: any UserDirectory,
        accounts: (any AccountDirectory)? = nil,
        plan: EscalationPlan,
        clock: any WallClock,
        changes: LoginChanges,
        tickets: TicketKey = TicketKey(),
        settings: Settings,
        observer: (any EngineObserver)? = nil,
        log: Logger = .silent
    ) {
        self.store = store
        self.servers = Dictionary(servers.map { ($0.id, $0) }) { first, _ in first }
        self.health = Dictionary(health.map { ($0.server, $0) }) { first, _ in first }
        self.directory = directory
        self.accounts = accounts
        self.plan = plan
        approvers = Approvers(directory: directory, plan: plan)
        self.clock = clock
        self.changes = changes
        self.tickets = tickets
        self.settings = settings
        self.observer = observer
        self.log = log
        channels = plan.steps.map { ChannelHealth($0.channel.id, clock: clock, log: log) }
        slots = Locked(SlotTable(calls: settings.concurrency))
    }

    /// Works until `stop()` and returns when the work under way has ended. First marks reports that
    /// an earlier process had begun as in doubt.
    public func run() async {
        guard settings.concurrency > 0 else { return }
        await recover()
        changes.setTaker { [self] in takeOn($0) }
        await withDiscardingTaskGroup { group in
            group.addTask { await self.workOnArrivals() }
            while !isStopping.load(ordering: .relaxed), !Task.isCancelled {
                let now = clock.now()
                changes.beginLook()
                slots.withLock { $0.beginLook() }
                guard let work = await dueWork(at: now) else { continue }
                for claim in work.claims {
                    let isLast = claim.isLastReport(at: now)
                    slots.withLock { $0.count(claim, isLast: isLast, 1) }
                    group.addTask { await self.work(on: claim, isLast: isLast) }
                }
                slots.withLock { $0.endLook() }
                await wait(until: work.next, since: now)
            }
        }
    }

    /// Claims no more work. Work under way continues until it ends or the task that runs the engine
    /// is cancelled; the store still owes what is cut off.
    public func stop() {
        isStopping.store(true, ordering: .relaxed)
        changes.work.raise()
        arrived.raise()
    }

    // MARK: Duties that are claimed with a change

    /// Claims that were made together with changes and not begun yet.
    private struct Arrivals {
        var claims: [Claim] = []
        var isOpen = true

        /// False if nobody works on them any more.
        mutating func add(_ claim: Claim) -> Bool {
            if isOpen { claims.append(claim) }
            return isOpen
        }

        mutating func takeAll() -> [Claim] {
            defer { claims = [] }
            return claims
        }
    }

    /// Performs the duties that are taken on, and takes none on any more when the engine stops.
    private func workOnArrivals() async {
        await withDiscardingTaskGroup { group in
            while !isStopping.load(ordering: .relaxed), !Task.isCancelled {
                for claim in arrivals.withLock({ $0.takeAll() }) {
                    group.addTask { await self.work(on: claim, isLast: false) }
                }
                await arrived.wait()
            }
            changes.setTaker(nil)
            let left = arrivals.withLock { arrivals in
                arrivals.isOpen = false
                return arrivals.takeAll()
            }
            for claim in left { giveBack(claim) }
        }
    }

    /// Takes a duty on if it can begin at once, and no other is known to have waited for longer.
    private func takeOn(_ claim: Claim) -> HandOver? {
        let server = claim.stored.login.key.server
        guard !isStopping.load(ordering: .relaxed), !changes.work.isRaised, claim.duty != .end,
            !claim.isLastReport(at: clock.now()),
            claim.duty == .notify || health[server]?.state ?? .closed == .closed,
            slots.withLock({ $0.takeAtOnce(claim) })
        else { return nil }
        return { [self] isClaimed in
            if isClaimed, arrivals.withLock({ $0.add(claim) }) { return arrived.raise() }
            if isClaimed { return giveBack(claim) }
            free(claim)
        }
    }

    private func giveBack(_ claim: Claim) {
        store.release(claim)
        free(claim)
    }

    /// A look may have passed over the login meanwhile, or needs the slot.
    private func free(_ claim: Claim) {
        slots.withLock { $0.count(claim, isLast: false, -1) }
        changes.work.raise()
    }

    /// Performs a claim's duty. A login that becomes ready is notified of under the same claim, in a
    /// slot for notifications; if there is none, the row still owes the notification.
    private func work(on claim: Claim, isLast: Bool) async {
        let ready = await pass(claim, isLast: isLast)
        guard let ready, !isStopping.load(ordering: .relaxed) else {
            store.release(claim)
            slots.withLock { $0.count(claim, isLast: isLast, -1) }
            changes.work.raise()
            return
        }
        let notification = Claim(stored: ready.stored, duty: .notify)
        let (hasSlot, isAwaited) = slots.withLock { slots in
            slots.count(claim, isLast: isLast, -1)
            return (slots.takeFree(notification), slots.isCrowded)
        }
        // Others may wait for the slot.
        if isAwaited { changes.work.raise() }
        if hasSlot { await notify(ready) }
        store.release(claim)
        if hasSlot { slots.withLock { $0.count(notification, isLast: false, -1) } }
        changes.work.raise()
    }

    /// Performs a duty if its server's circuit breaker allows it. A report that must wait is left
    /// unchanged: it is due when the server is back, or at its last moment.
    private func pass(_ claim: Claim, isLast: Bool) async -> Notifiable? {
        let server = claim.stored.login.key.server
        guard claim.duty == .prepare || claim.duty == .report, let health = health[server] else {
            return await perform(claim)
        }
        switch health.pass(isLast: isLast) {
        case .go:
            return await perform(claim)
        case .probe:
            defer { health.endProbe() }
            return await perform(claim)
        case .wait where claim.duty == .prepare:
            await postpone(claim.stored, "the server does not answer at present")
            return nil
        case .wait:
            return nil
        }
    }

    /// Every duty ends in an event, whatever happens.
    ///
    /// - Returns: a login that was just prepared and whose user can be notified.
    private func perform(_ claim: Claim) async -> Notifiable? {
        switch claim.duty {
        case .prepare: return await prepare(claim.stored)
        case .notify: await notify(claim.stored)
        case .report: await report(claim.stored)
        case .end: await record(claim.stored.number, .deadlinePassed)
        }
        return nil
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

    /// How many duties are under way, by queue.
    public var underWay: [LoginQueue: Int] { slots.withLock { $0.underWay } }

    /// Nil if the store fails, after a pause.
    private func dueWork(at now: Timestamp) async -> DueWork? {
        do {
            return try await store.dueWork(at: now, within: freeSlots(at: now))
        } catch {
            await pauseAfter(error)
            return nil
        }
    }

    /// Another process may change a login (`beckon logins retry`) without our being told.
    private static let longestSleep = Duration.seconds(5)

    /// Waits until something becomes due, changes or ends, or a server may be probed that could not be
    /// at the last `look`.
    private func wait(until due: Timestamp?, since look: Timestamp) async {
        var next = due
        for health in health.values {
            if let probe = health.probe(after: look) { next = min(next ?? probe, probe) }
        }
        changes.endLook(next: next)
        await clock.wait(for: changes.work, atMost: Self.longestSleep, until: next)
    }

    private func pauseAfter(_ error: StoreError) async {
        log.error("engine.store_failed") { $0.member("cause", "\(error)") }
        await clock.wait(.seconds(1))
    }

    /// Records events. Retries while the store fails, because work that is done but not recorded
    /// would be done again.
    ///
    /// - Returns: the login afterwards; nil if it refused an event or the process is ending.
    @discardableResult
    func record(
        _ number: LoginNumber,
        _ events: PendingLogin.Event...
    ) async -> StoredLogin? {
        while true {
            do {
                let now = clock.now()
                let result = try await store.update(
                    number,
                    yielding: false,
                    by: nil,
                    claimed: true
                ) {
                    (login) throws(PendingLogin.Refusal) in
                    for event in events { try login.apply(event, at: now) }
                }
                return try? result?.get()
            } catch {
                switch error {
                case .closed: return nil
                case .damaged(let what):
                    // Nobody can change it any more, and others need the slot.
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
    /// Whether it is for a report at its last moment.
    fileprivate func isLastReport(at now: Timestamp) -> Bool {
        duty == .report && stored.login.terms.lastReport <= now
    }
}

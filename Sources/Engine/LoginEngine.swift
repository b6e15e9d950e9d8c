import JSON
public import Logins
public import Telemetry
import Synchronization
import Threads

/// Performs what logins owe: takes the due ones from the store, does the work, records what came
/// of it. It keeps no state that matters: everything owed can be read from the rows again.
public final class LoginEngine: Sendable {
    public struct Settings: Sendable {
        /// Duties under way at once. Zero takes logins in and leaves the work to another process.
        ///
        /// Notifying is counted apart, up to as many times sixteen: a channel that hangs must not
        /// keep reports from being made.
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
    let tickets = TicketCache()
    private let underWay = Atomic<Int>(0)
    private let notifying = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)

    public init(
        store: any LoginStore,
        servers: [any AuthorizationServer],
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
        self.directory = directory
        self.accounts = accounts
        self.plan = plan
        self.clock = clock
        self.changes = changes
        self.settings = settings
        self.observer = observer
        self.log = log
    }

    /// Works until `stop()`; returns when what was under way has ended. Reports that were under
    /// way when an earlier process ended are in doubt first.
    public func run() async {
        guard settings.concurrency > 0 else { return }
        await recover()
        await withDiscardingTaskGroup { group in
            while !isStopping.load(ordering: .relaxed), !Task.isCancelled {
                let claims = await claim()
                for claim in claims {
                    count(claim, 1)
                    group.addTask {
                        await self.perform(claim)
                        self.store.release(claim)
                        self.count(claim, -1)
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

    private func count(_ claim: Claim, _ change: Int) {
        if claim.duty == .notify {
            notifying.add(change, ordering: .relaxed)
        } else {
            underWay.add(change, ordering: .relaxed)
        }
    }

    /// How many more duties may be begun, whatever they are.
    private var room: Int {
        min(
            settings.concurrency - underWay.load(ordering: .relaxed),
            settings.concurrency * 16 - notifying.load(ordering: .relaxed)
        )
    }

    private func claim() async -> [Claim] {
        guard room > 0 else { return [] }
        do {
            return try await store.claim(at: clock.now(), limit: room)
        } catch {
            await pauseAfter(error)
            return []
        }
    }

    /// Another process may have changed a login (`beckon logins retry`), of which nothing tells us.
    private static let longestSleep = Duration.seconds(5)

    /// Sleeps until something becomes due, is changed, or ends; when the store does not say what is
    /// due, a second.
    private func waitForWork() async {
        let full = room <= 0
        var longest = clock.now() + Self.longestSleep
        do {
            if !full, let next = try await store.nextDue() { longest = min(longest, next) }
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
                    for event in events { _ = try login.apply(event, at: now) }
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

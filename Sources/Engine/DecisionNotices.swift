import Cryptography
import JSON
public import Logins
public import Telemetry

/// Tells users afterwards what a client answered for them, and what was suspicious: once, through the
/// first of their channels that accepts it, with retries for a day. A user without a channel finds a
/// decision in the inbox alone.
public struct DecisionNotices: Sendable {
    /// A notice is old news after this time from what it is about on.
    public static let longest = Duration.seconds(86_400)
    private static let batch = 16
    /// Another process may store a decision without our being told.
    private static let pause = Duration.seconds(2)

    private let store: any NoticeStore
    private let directory: any UserDirectory
    private let plan: EscalationPlan
    private let clock: any WallClock
    private let compose: @Sendable (User, OwedNotice) -> Notice?
    private let log: Logger

    /// `compose` writes the notice in the user's language; nil if none is needed.
    public init(
        store: any NoticeStore,
        directory: any UserDirectory,
        plan: EscalationPlan,
        clock: any WallClock,
        compose: @escaping @Sendable (User, OwedNotice) -> Notice?,
        log: Logger
    ) {
        self.store = store
        self.directory = directory
        self.plan = plan
        self.clock = clock
        self.compose = compose
        self.log = log
    }

    /// Works until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                while try await pass() == Self.batch, !Task.isCancelled {}
            } catch {
                log.warning("notice.store_failed") { $0.member("cause", "\(error)") }
            }
            await clock.wait(Self.pause)
        }
    }

    /// Attends to the notices that are due now. Returns how many there were, `batch` at most.
    @discardableResult
    public func pass() async throws(StoreError) -> Int {
        let due = try await store.dueNotices(at: clock.now(), limit: Self.batch)
        for owed in due {
            try await store.noteNotice(owed, next: await attend(owed))
        }
        return due.count
    }

    /// Sends a notice. Returns when to try again; nil if nothing is owed any more.
    private func attend(_ owed: OwedNotice) async -> Timestamp? {
        let now = clock.now()
        guard now < owed.since + Self.longest else { return nil }
        let id: UserID
        switch owed.cause {
        case .login(_, let stored?): id = stored.login.details.user
        case .login(_, nil): return nil
        case .block(let user): id = user
        }
        let user: User
        do throws(DirectoryError) {
            guard let found = try await directory.current(id) else {
                return nil
            }
            user = found
        } catch {
            return now + retries.pause(after: owed.attempts + 1, random: Random.fraction())
        }
        guard let notice = compose(user, owed) else { return nil }
        for step in plan.steps(for: user) {
            let channel = step.channel
            switch await channel.tell(notice) {
            case .delivered:
                log.info("notice.delivered") {
                    $0.member("channel", channel.id.value)
                    $0.members(about: owed.cause)
                }
                return nil
            case .later(let reason, let asked):
                log.info("notice.delayed") {
                    $0.member("channel", channel.id.value)
                    $0.members(about: owed.cause)
                    $0.member("cause", reason)
                }
                let pause = channel.retries.pause(
                    after: owed.attempts + 1,
                    asked: asked,
                    random: Random.fraction()
                )
                return clock.now() + pause
            case .refused(let reason), .gone(let reason):
                log.warning("notice.refused") {
                    $0.member("channel", channel.id.value)
                    $0.members(about: owed.cause)
                    $0.member("cause", reason)
                }
            }
        }
        return nil
    }

    /// While the directory cannot be asked.
    private var retries: RetrySchedule {
        RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0.2)
    }
}

extension JSONWriter {
    /// Which notice a log line is about.
    fileprivate mutating func members(about cause: OwedNotice.Cause) {
        switch cause {
        case .login(_, let stored?): members(about: stored.login)
        case .login(let number, nil): member("number", Int(number.rawValue))
        // The log names no user.
        case .block: member("about", "a block after failed attempts")
        }
    }
}

public import Logins
import Threads

/// Caches a directory's answers for some seconds, and combines concurrent look-ups of a user into one.
///
/// Errors are not cached. It has at most `capacity` users.
public final class CachedDirectory: UserDirectory {
    /// What waiting tasks get; nil when the one that asked was cancelled, so that another must ask.
    private typealias Answer = Result<User?, DirectoryError>?

    private struct Entry {
        let user: User?
        let ends: Timestamp
    }

    private struct State {
        // Two generations: a full young one replaces the old one. This bounds the size without
        // tracking the order of use.
        var young: [UserID: Entry] = [:]
        var old: [UserID: Entry] = [:]
        /// Tasks that wait for a running look-up.
        var waiters: [UserID: [CheckedContinuation<Answer, Never>]] = [:]

        func fresh(_ id: UserID, at now: Timestamp) -> Entry? {
            guard let entry = young[id] ?? old[id], now < entry.ends else { return nil }
            return entry
        }
    }

    /// What a task that wants a user does next.
    private enum Step {
        case take(User?)
        case ask
        case wait
    }

    private let directory: any UserDirectory
    private let clock: any WallClock
    private let found: Duration
    private let notFound: Duration
    private let generation: Int
    private let state = Locked(State())

    /// - Parameters:
    ///   - directory: the directory that is asked.
    ///   - clock: the time.
    ///   - found: how long a user is cached.
    ///   - notFound: how long it is cached that there is no such user.
    ///   - capacity: the maximum number of cached users, at least 2.
    public init(
        _ directory: any UserDirectory,
        clock: any WallClock,
        found: Duration = .seconds(5),
        notFound: Duration = .seconds(2),
        capacity: Int = 10_000
    ) {
        precondition(capacity >= 2, "both generations need room")
        self.directory = directory
        self.clock = clock
        self.found = found
        self.notFound = notFound
        generation = capacity / 2
    }

    /// The cached answer for a user, without waiting: nil when there is none, `.some(nil)` when there
    /// is no such user.
    public func peek(_ id: UserID) -> User?? {
        let now = clock.now()
        return state.withLock { $0.fresh(id, at: now).map(\.user) }
    }

    /// One look-up at a time for each user. Other tasks wait for it, even when they are cancelled, so
    /// `directory` must have a time limit.
    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        while true {
            switch step(for: id) {
            case .take(let user): return user
            case .ask: return try await ask(id)
            case .wait: break
            }
            let answer: Answer = await withCheckedContinuation { join(id, $0) }
            if let answer { return try answer.get() }
        }
    }

    private func step(for id: UserID) -> Step {
        let now = clock.now()
        return state.withLock { state in
            if let entry = state.fresh(id, at: now) { return .take(entry.user) }
            if state.waiters[id] != nil { return .wait }
            state.waiters[id] = []
            return .ask
        }
    }

    private func join(_ id: UserID, _ waiter: CheckedContinuation<Answer, Never>) {
        let isUnderWay = state.withLock { state in
            state.waiters[id]?.append(waiter) != nil
        }
        // The look-up has ended in the meantime: look again.
        if !isUnderWay { waiter.resume(returning: nil) }
    }

    private func ask(_ id: UserID) async throws(DirectoryError) -> User? {
        do throws(DirectoryError) {
            let user = try await directory.user(id)
            end(id, .success(user))
            return user
        } catch {
            // The cancellation of this task is not an answer for the others.
            end(id, Task.isCancelled ? nil : .failure(error))
            throw error
        }
    }

    private func end(_ id: UserID, _ answer: Answer) {
        let now = clock.now()
        let waiters = state.withLock { state in
            if case .success(let user) = answer {
                remember(
                    id,
                    Entry(user: user, ends: now + (user == nil ? notFound : found)),
                    &state
                )
            }
            return state.waiters.removeValue(forKey: id) ?? []
        }
        for waiter in waiters { waiter.resume(returning: answer) }
    }

    private func remember(_ id: UserID, _ entry: Entry, _ state: inout State) {
        if state.young.count >= generation, state.young[id] == nil {
            state.old = state.young
            state.young = [:]
        }
        state.young[id] = entry
    }
}

public import Logins
import Threads

/// Remembers for some seconds what a directory said, and asks it once when many want to know.
///
/// Failures are not remembered. It holds at most `capacity` users.
public final class CachedDirectory: UserDirectory {
    /// What those who wait are told; nil when the one who asked gave up, so that another must ask.
    private typealias Answer = Result<User?, DirectoryError>?

    private struct Entry {
        let user: User?
        let ends: Timestamp
    }

    private struct State {
        // Two generations: when the young one is full it becomes the old one, and the old one goes.
        // So it stays bounded without an order of use to keep.
        var young: [UserID: Entry] = [:]
        var old: [UserID: Entry] = [:]
        /// Who waits for a look-up that is under way.
        var waiters: [UserID: [CheckedContinuation<Answer, Never>]] = [:]

        func fresh(_ id: UserID, at now: Timestamp) -> Entry? {
            guard let entry = young[id] ?? old[id], now < entry.ends else { return nil }
            return entry
        }
    }

    /// What somebody who wants to know must do.
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
    ///   - directory: who is asked.
    ///   - clock: says when an answer is too old.
    ///   - found: how long a user is remembered.
    ///   - notFound: how long it is remembered that there is none.
    ///   - capacity: how many users are remembered, at least 2.
    public init(
        _ directory: any UserDirectory,
        clock: any WallClock,
        found: Duration = .seconds(5),
        notFound: Duration = .seconds(2),
        capacity: Int = 10_000
    ) {
        precondition(capacity >= 2, "there is room for two generations")
        self.directory = directory
        self.clock = clock
        self.found = found
        self.notFound = notFound
        generation = capacity / 2
    }

    /// What is remembered of a user and still holds, without waiting: nil when that is nothing,
    /// `.some(nil)` when nobody has that name.
    public func peek(_ id: UserID) -> User?? {
        let now = clock.now()
        return state.withLock { $0.fresh(id, at: now).map(\.user) }
    }

    /// One look-up at a time for each user; others who want the same wait for it, also when their
    /// task is cancelled, so `directory` must have a limit on its time.
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
        // It has ended since: look again.
        if !isUnderWay { waiter.resume(returning: nil) }
    }

    private func ask(_ id: UserID) async throws(DirectoryError) -> User? {
        do throws(DirectoryError) {
            let user = try await directory.user(id)
            end(id, .success(user))
            return user
        } catch {
            // That this task was cancelled is no answer for the others.
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

public import Logins
import Threads

/// Caches a directory's answers for some seconds and asks it once for concurrent look-ups of a user.
///
/// Failures are not cached. It keeps at most `capacity` users.
public final class CachedDirectory: UserDirectory {
    private struct Entry {
        let user: User?
        /// By `WallClock.uptime`, so that setting the clock does not change it.
        let ends: Duration
    }

    private struct Entries {
        // Two generations: a full young one becomes the old one, and the old one is dropped. This
        // bounds the memory without keeping an order of use.
        var young: [UserID: Entry] = [:]
        var old: [UserID: Entry] = [:]
        /// How often something was forgotten.
        var forgotten = 0
    }

    private let directory: any UserDirectory
    private let clock: any WallClock
    private let found: Duration
    private let notFound: Duration
    private let generation: Int
    private let entries = Locked(Entries())
    private let lookups = SingleFlight<UserID, User?, DirectoryError>()

    /// - Parameters:
    ///   - directory: the directory to ask. It needs a timeout.
    ///   - clock: decides when an entry expires.
    ///   - found: how long a user is cached.
    ///   - notFound: how long the absence of a user is cached.
    ///   - capacity: how many users are cached, at least 2.
    public init(
        _ directory: any UserDirectory,
        clock: any WallClock,
        found: Duration = .seconds(5),
        notFound: Duration = .seconds(2),
        capacity: Int = 10_000
    ) {
        // allowed: the capacity is a constant of ours.
        precondition(capacity >= 2, "the cache has two generations")
        self.directory = directory
        self.clock = clock
        self.found = found
        self.notFound = notFound
        generation = capacity / 2
    }

    /// The cached answer, without waiting: nil when there is none, `.some(nil)` when the directory
    /// has no such user.
    public func peek(_ id: UserID) -> User?? {
        let now = clock.uptime()
        return entries.withLock { entries in
            guard let entry = entries.young[id] ?? entries.old[id], now < entry.ends else {
                return nil
            }
            return .some(entry.user)
        }
    }

    /// Asks the directory, whatever is cached.
    public func current(_ id: UserID) async throws(DirectoryError) -> User? {
        let forgotten = entries.withLock { $0.forgotten }
        let user = try await directory.current(id)
        keep(user, of: id, asOf: forgotten)
        return user
    }

    public func forget(_ id: UserID) {
        entries.withLock { entries in
            entries.young[id] = nil
            entries.old[id] = nil
            entries.forgotten += 1
        }
        directory.forget(id)
    }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        try await lookups.value(for: id, cached: { peek(id) }) { () async throws(DirectoryError) in
            let forgotten = entries.withLock { $0.forgotten }
            let user = try await directory.user(id)
            keep(user, of: id, asOf: forgotten)
            return user
        }
    }

    public func onlineChecks(about user: UserID?) -> [OnlineCheck] {
        directory.onlineChecks(about: user)
    }

    /// Keeps an answer, unless something was forgotten since it was asked for: it may be older.
    private func keep(_ user: User?, of id: UserID, asOf forgotten: Int) {
        let entry = Entry(user: user, ends: clock.uptime() + (user == nil ? notFound : found))
        entries.withLock { entries in
            guard entries.forgotten == forgotten else { return }
            if entries.young.count >= generation, entries.young[id] == nil {
                entries.old = entries.young
                entries.young = [:]
            }
            entries.young[id] = entry
        }
    }
}

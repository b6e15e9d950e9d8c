public import Logins
import Threads

/// A store that counts what reaches it and fails when a test says so.
public final class InstrumentedStore: LoginStore {
    /// What can be made to fail.
    public enum Operation: Hashable, Sendable { case update, dueWork, recover }

    /// What a store was asked to do.
    public struct Counts: Hashable, Sendable {
        /// Inserts of new logins and updates that changed one.
        public var commits: Int
        /// Rows read as logins: by look-ups, by updates and by claims.
        public var reads: Int

        public init(commits: Int = 0, reads: Int = 0) {
            self.commits = commits
            self.reads = reads
        }
    }

    private let store: any LoginStore
    private let failures = Locked<[Operation: [StoreError]]>([:])
    private let counted = Locked(Counts())
    /// The logins of updates that are made last of what becomes durable together.
    public let yielded = Recorded<LoginNumber>()
    /// The login of each claim that was given back.
    public let released = Recorded<LoginNumber>()
    /// One entry for each failure.
    public let failed = Recorded<Operation>()

    public init(_ store: any LoginStore) { self.store = store }

    /// What was counted since the last call.
    public func takeCounts() -> Counts {
        counted.withLock { counts in
            defer { counts = Counts() }
            return counts
        }
    }

    /// Makes the next `times` calls of an operation fail.
    public func fail(_ operation: Operation, _ error: StoreError = .full, times: Int) {
        failures.withLock { $0[operation] = Array(repeating: error, count: times) }
    }

    private func check(_ operation: Operation) throws(StoreError) {
        let error = failures.withLock { $0[operation]?.popLast() }
        guard let error else { return }
        failed.append(operation)
        throw error
    }

    private func count(commits: Int = 0, reads: Int = 0) {
        counted.withLock { counts in
            counts.commits += commits
            counts.reads += reads
        }
    }

    public func insert(
        _ login: PendingLogin,
        limits: LoginLimits
    ) async throws(StoreError) -> Insertion {
        let insertion = try await store.insert(login, limits: limits)
        switch insertion {
        case .inserted: count(commits: 1)
        case .known: count(reads: 1)
        }
        return insertion
    }

    public func login(_ key: LoginKey) async throws(StoreError) -> StoredLogin? {
        count(reads: 1)
        return try await store.login(key)
    }

    public func login(_ number: LoginNumber) async throws(StoreError) -> StoredLogin? {
        count(reads: 1)
        return try await store.login(number)
    }

    public func tickets(
        of number: LoginNumber
    ) async throws(StoreError) -> [PendingLogin.TicketDigest] {
        try await store.tickets(of: number)
    }

    public func update(
        _ number: LoginNumber,
        yielding: Bool,
        by key: KeyUse?,
        claimed: Bool,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? {
        try check(.update)
        if yielding { yielded.append(number) }
        return try await store.update(number, yielding: yielding, by: key, claimed: claimed) {
            [self] (login) throws(PendingLogin.Refusal) in
            let before = login
            count(reads: 1)
            try body(&login)
            if login != before { count(commits: 1) }
        }
    }

    public func dueWork(
        at now: Timestamp,
        within slots: Slots
    ) async throws(StoreError) -> DueWork {
        try check(.dueWork)
        let work = try await store.dueWork(at: now, within: slots)
        count(reads: work.claims.count)
        return work
    }

    public func release(_ claim: Claim) {
        store.release(claim)
        released.append(claim.stored.number)
    }

    public func nextDue(within slots: Slots) async throws(StoreError) -> Timestamp? {
        try await store.nextDue(within: slots)
    }

    public func queues(at now: Timestamp) async throws(StoreError) -> [QueueDepth] {
        try await store.queues(at: now)
    }

    public func recover(at now: Timestamp) async throws(StoreError) -> Int {
        try check(.recover)
        return try await store.recover(at: now)
    }

    public func logins(
        in phase: PendingLogin.PhaseName,
        after: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] {
        try await store.logins(in: phase, after: after, limit: limit)
    }

    public func liveLogins(
        of user: UserID,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] {
        try await store.liveLogins(of: user, limit: limit)
    }

    public func pastLogins(
        of user: UserID,
        before: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] {
        try await store.pastLogins(of: user, before: before, limit: limit)
    }

    public func census() async throws(StoreError) -> [Census] { try await store.census() }

    public func redact(
        settledBefore moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await store.redact(settledBefore: moment, limit: limit)
    }

    public func lastSweep() async throws(StoreError) -> Timestamp? {
        try await store.lastSweep()
    }

    public func noteSweep(at moment: Timestamp) async throws(StoreError) {
        try await store.noteSweep(at: moment)
    }

    public func delete(
        settledBefore moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await store.delete(settledBefore: moment, limit: limit)
    }
}

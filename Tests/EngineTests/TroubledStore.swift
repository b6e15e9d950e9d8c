import Logins
import TestSupport
import Threads

/// A real store whose disk fails now and then, as a test says.
final class TroubledStore: LoginStore {
    enum Operation: Hashable, Sendable { case update, claim, nextDue, recover }

    private let store: any LoginStore
    private let failures = Locked<[Operation: [StoreError]]>([:])
    /// One entry for each failure.
    let failed = Recorded<Operation>()

    init(_ store: any LoginStore) { self.store = store }

    /// Makes the next `times` calls of an operation fail.
    func fail(_ operation: Operation, _ error: StoreError = .full, times: Int) {
        failures.withLock { $0[operation] = Array(repeating: error, count: times) }
    }

    private func check(_ operation: Operation) throws(StoreError) {
        let error = failures.withLock { $0[operation]?.popLast() }
        guard let error else { return }
        failed.append(operation)
        throw error
    }

    func insert(_ login: PendingLogin, limits: LoginLimits) async throws(StoreError) -> Insertion {
        try await store.insert(login, limits: limits)
    }
    func login(_ key: LoginKey) async throws(StoreError) -> StoredLogin? {
        try await store.login(key)
    }
    func login(_ number: LoginNumber) async throws(StoreError) -> StoredLogin? {
        try await store.login(number)
    }
    func update(
        _ number: LoginNumber,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? {
        try check(.update)
        return try await store.update(number, body)
    }
    func claim(
        at now: Timestamp,
        within slots: Slots
    ) async throws(StoreError) -> [Claim] {
        try check(.claim)
        return try await store.claim(at: now, within: slots)
    }
    func release(_ claim: Claim) { store.release(claim) }
    func nextDue(within slots: Slots) async throws(StoreError) -> Timestamp? {
        try check(.nextDue)
        return try await store.nextDue(within: slots)
    }
    func queues(at now: Timestamp) async throws(StoreError) -> [QueueDepth] {
        try await store.queues(at: now)
    }
    func recover(at now: Timestamp) async throws(StoreError) -> Int {
        try check(.recover)
        return try await store.recover(at: now)
    }
    func logins(
        in phase: PendingLogin.PhaseName,
        after: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] {
        try await store.logins(in: phase, after: after, limit: limit)
    }
    func census() async throws(StoreError) -> [Census] { try await store.census() }
    func redact(settledBefore moment: Timestamp, limit: Int) async throws(StoreError) -> Int {
        try await store.redact(settledBefore: moment, limit: limit)
    }
    func delete(settledBefore moment: Timestamp, limit: Int) async throws(StoreError) -> Int {
        try await store.delete(settledBefore: moment, limit: limit)
    }
}

import Logins

/// A store whose disk has gone. It fails at everything, in the way that a full one does.
struct BrokenLoginStore: LoginStore {
    func insert(_ login: PendingLogin, limits: LoginLimits) async throws(StoreError) -> Insertion {
        throw .full
    }
    func login(_ key: LoginKey) async throws(StoreError) -> StoredLogin? { throw .full }
    func login(_ number: LoginNumber) async throws(StoreError) -> StoredLogin? { throw .full }
    func tickets(
        of number: LoginNumber
    ) async throws(StoreError) -> [PendingLogin.TicketDigest] { throw .full }
    func update(
        _ number: LoginNumber,
        yielding: Bool,
        by key: KeyUse?,
        claimed: Bool,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? { throw .full }
    func dueWork(
        at now: Timestamp,
        within slots: Slots
    ) async throws(StoreError) -> DueWork { throw .full }
    func release(_ claim: Claim) {}
    func nextDue(within slots: Slots) async throws(StoreError) -> Timestamp? { throw .full }
    func queues(at now: Timestamp) async throws(StoreError) -> [QueueDepth] { throw .full }
    func recover(at now: Timestamp) async throws(StoreError) -> Int { throw .full }
    func logins(
        in phase: PendingLogin.PhaseName,
        after: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] { throw .full }
    func liveLogins(
        of user: UserID,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] { throw .full }
    func pastLogins(
        of user: UserID,
        before: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] { throw .full }
    func census() async throws(StoreError) -> [Census] { throw .full }
    func redact(settledBefore moment: Timestamp, limit: Int) async throws(StoreError) -> Int {
        throw .full
    }
    func lastSweep() async throws(StoreError) -> Timestamp? { throw .full }
    func noteSweep(at moment: Timestamp) async throws(StoreError) { throw .full }
    func delete(settledBefore moment: Timestamp, limit: Int) async throws(StoreError) -> Int {
        throw .full
    }
}

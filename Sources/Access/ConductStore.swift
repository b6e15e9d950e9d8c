public import Logins

/// What operators see and end of what users' decisions and failed proofs have led to.
public protocol ConductStore: Sendable {
    /// The blocks of clients that are in force, the latest first, at most `limit`.
    func clientBlocks(at now: Timestamp, limit: Int) async throws(StoreError) -> [ClientBlock]
    /// Lifts a block of a client and appends `event`; false if there is none.
    func liftClientBlock(_ id: Int64, _ event: AuditEvent) async throws(StoreError) -> Bool
    /// Forgets the failed proofs of a user, which ends the block, and appends `event`; false if nothing
    /// counted.
    func unblock(_ user: UserID, _ event: AuditEvent) async throws(StoreError) -> Bool
}

/// The accounts that users have at their bank.
public protocol AccountDirectory: Sendable {
    /// A user's accounts in the order in which they are shown; empty if the user has none.
    ///
    /// - Throws: `unavailable` if the bank cannot be asked now.
    func accounts(of user: UserID) async throws(DirectoryError) -> [BankAccount]
}

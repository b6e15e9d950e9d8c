/// The accounts that users have at their bank.
public protocol AccountDirectory: Sendable {
    /// A user's accounts in the order in which they are shown; empty if the user has none.
    ///
    /// - Throws: `unavailable` if the bank cannot be asked now.
    func accounts(of user: UserID) async throws(DirectoryError) -> [BankAccount]

    /// Questions that show whether the directory can be asked; about a user who should exist, or
    /// with nil about one who need not. Default: none.
    func onlineChecks(listing user: UserID?) -> [OnlineCheck]
}

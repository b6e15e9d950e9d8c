/// The accounts a person has, as their bank tells them.
public protocol AccountDirectory: Sendable {
    /// In the order the bank wants them shown; empty when the person has none.
    func accounts(of user: UserID) async throws(DirectoryError) -> [BankAccount]
}

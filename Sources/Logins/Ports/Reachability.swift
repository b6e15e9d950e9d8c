/// Whether a user could be notified if a login arrived now. Answers `/user/verify`.
public protocol Reachability: Sendable {
    /// True for an active user whom at least one channel can reach. False says no more than that.
    ///
    /// - Throws: `unavailable` if the directory cannot be asked now.
    func canReach(_ user: UserID) async throws(DirectoryError) -> Bool

    /// The same answer if it is known without waiting, else nil.
    func canReachAtOnce(_ user: UserID) -> Bool?
}

/// Whether a person could be asked if a login came for them now.
public protocol Reachability: Sendable {
    /// True for an active user whom at least one channel may reach. Every "no" looks alike.
    func canReach(_ user: UserID) async throws(DirectoryError) -> Bool

    /// The same answer when it is known without waiting, else nil.
    func canReachAtOnce(_ user: UserID) -> Bool?
}

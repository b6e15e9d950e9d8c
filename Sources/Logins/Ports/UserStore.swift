/// A user directory of our own that can be written to. Changes are durable when a call returns; a
/// call that throws has changed nothing.
public protocol UserStore: UserDirectory {
    /// Adds a user, or replaces all that is stored of one.
    func put(_ user: User) async throws(StoreError)
    /// Enables or disables a user; false if there is no such user.
    func setActive(_ isActive: Bool, _ id: UserID) async throws(StoreError) -> Bool
    /// Deletes a user; false if there is no such user.
    func remove(_ id: UserID) async throws(StoreError) -> Bool
    /// The users whose names follow `after`, in byte order, at most `limit`.
    func users(after: UserID?, limit: Int) async throws(StoreError) -> [User]
}

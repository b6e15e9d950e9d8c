/// A directory of our own that can be written to.
public protocol UserStore: UserDirectory {
    /// Adds a user or replaces what is known of one.
    func put(_ user: User) async throws(StoreError)
    /// Switches a user on or off; false when nobody has that name.
    func setActive(_ isActive: Bool, _ id: UserID) async throws(StoreError) -> Bool
    /// Forgets a user; false when nobody has that name.
    func remove(_ id: UserID) async throws(StoreError) -> Bool
    /// Users in the order of their names, from after `after`, at most `limit`.
    func users(after: UserID?, limit: Int) async throws(StoreError) -> [User]
}

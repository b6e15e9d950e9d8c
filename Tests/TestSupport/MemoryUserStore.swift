public import Logins
import Threads

/// A `UserStore` that forgets everything, for tests of what uses one.
public final class MemoryUserStore: UserStore {
    private let users = Locked<[UserID: User]>([:])
    private let failure = Locked<StoreError?>(nil)
    /// Holds whoever looks a user up.
    public let gate = Gate()

    public init() {}

    /// Makes every call fail; nil ends that.
    public func fail(_ error: StoreError?) { failure.withLock { $0 = error } }

    private func check() throws(StoreError) {
        if let error = failure.withLock({ $0 }) { throw error }
    }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        await gate.pass()
        do { try check() } catch { throw .unavailable("\(error)") }
        return users.withLock { $0[id] }
    }

    /// The same without a wait.
    func stored(_ id: UserID) throws(StoreError) -> User? {
        try check()
        return users.withLock { $0[id] }
    }

    /// Stores a user, or with nil none.
    func set(_ user: User?, _ id: UserID) { users.withLock { $0[id] = user } }

    public func put(_ user: User) async throws(StoreError) {
        try check()
        users.withLock { $0[user.id] = user }
    }

    public func setActive(_ isActive: Bool, _ id: UserID) async throws(StoreError) -> Bool {
        try check()
        return users.withLock { users in
            guard let user = users[id] else { return false }
            users[id] = User(
                id: id,
                isActive: isActive,
                channels: user.channels,
                language: user.language,
                timeZone: user.timeZone,
                documents: user.documents,
                addresses: user.addresses
            )
            return true
        }
    }

    public func remove(_ id: UserID) async throws(StoreError) -> Bool {
        try check()
        return users.withLock { $0.removeValue(forKey: id) != nil }
    }

    public func users(after: UserID?, limit: Int) async throws(StoreError) -> [User] {
        try check()
        return users.withLock { users in
            let following = users.values.filter { user in after.map { $0 < user.id } ?? true }
            return Array(following.sorted { $0.id < $1.id }.prefix(max(0, limit)))
        }
    }
}

public import Logins

/// The users in the same file as the logins (`SQLLoginStore.users`), closed with that store.
public final class SQLUserStore: UserStore {
    private let file: OpenStore

    init(_ file: OpenStore) { self.file = file }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        do {
            return try await file.readers.read { (connection) throws(StoreError) in
                try connection.localUser(id)
            }
        } catch {
            throw DirectoryError.unavailable("the database: \(error)")
        }
    }

    public func put(_ user: User) async throws(StoreError) {
        let now = file.clock.now()
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.write(user, at: now)
        }
    }

    public func setActive(_ isActive: Bool, _ id: UserID) async throws(StoreError) -> Bool {
        let now = file.clock.now()
        return try await file.writer.submit { (transaction) throws(StoreError) in
            let update = try transaction.connection.statement(
                "UPDATE users SET active = ?, changed_at = ? WHERE user_id = ? RETURNING 1"
            )
            update.bind(isActive ? 1 : 0, at: 1)
            update.bind(now.milliseconds, at: 2)
            update.bind(id.value, at: 3)
            return try update.hasRow()
        }
    }

    public func remove(_ id: UserID) async throws(StoreError) -> Bool {
        try await file.writer.submit { (transaction) throws(StoreError) in
            let delete = try transaction.connection.statement(
                "DELETE FROM users WHERE user_id = ? RETURNING 1"
            )
            delete.bind(id.value, at: 1)
            guard try delete.hasRow() else { return false }
            try transaction.removeKeys(of: id)
            return true
        }
    }

    public func users(after: UserID?, limit: Int) async throws(StoreError) -> [User] {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(UserRow.page)
            // No identifier is empty, so all come after the empty text.
            select.bind(after?.value ?? "", at: 1)
            select.bind(Int64(max(limit, 0)), at: 2)
            defer { select.reset() }
            var users: [User] = []
            while try select.step() { users.append(try UserRow.read(select)) }
            return users
        }
    }
}

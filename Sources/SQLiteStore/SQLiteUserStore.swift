public import Logins

/// The users that are kept in the same file as the logins. Made by `SQLiteLoginStore.users`,
/// and closed with that store.
public final class SQLiteUserStore: UserStore {
    private let file: StoreFile

    init(_ file: StoreFile) { self.file = file }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        do {
            return try await file.readers.read { (connection) throws(StoreError) in
                let select = try connection.statement(
                    "SELECT user_id, active, channels, language, time_zone FROM users WHERE user_id = ?"
                )
                select.bind(id.value, at: 1)
                defer { select.reset() }
                return try select.step() ? try Self.user(select) : nil
            }
        } catch {
            throw DirectoryError.unavailable("the local directory: \(error)")
        }
    }

    public func put(_ user: User) async throws(StoreError) {
        let now = file.clock.now()
        try await file.writer.submit { (transaction) throws(StoreError) in
            let upsert = try transaction.connection.statement(
                """
                INSERT INTO users (
                    user_id, active, channels, language, time_zone, created_at, changed_at
                ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
                ON CONFLICT DO UPDATE SET
                    active = ?2, channels = ?3, language = ?4, time_zone = ?5,
                    changed_at = ?6
                """
            )
            upsert.bind(user.id.value, at: 1)
            upsert.bind(user.isActive ? 1 : 0, at: 2)
            upsert.bind(user.channels.map { StoredLists.text($0) }, at: 3)
            upsert.bind(user.language, at: 4)
            upsert.bind(user.timeZone, at: 5)
            upsert.bind(now.milliseconds, at: 6)
            try upsert.run()
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
            return try Self.changedSomething(update)
        }
    }

    public func remove(_ id: UserID) async throws(StoreError) -> Bool {
        try await file.writer.submit { (transaction) throws(StoreError) in
            let delete = try transaction.connection.statement(
                "DELETE FROM users WHERE user_id = ? RETURNING 1"
            )
            delete.bind(id.value, at: 1)
            return try Self.changedSomething(delete)
        }
    }

    public func users(after: UserID?, limit: Int) async throws(StoreError) -> [User] {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(
                """
                SELECT user_id, active, channels, language, time_zone FROM users
                WHERE user_id > ? ORDER BY user_id LIMIT ?
                """
            )
            // No name is empty, so every name comes after the empty one.
            select.bind(after?.value ?? "", at: 1)
            select.bind(Int64(max(limit, 0)), at: 2)
            defer { select.reset() }
            var users: [User] = []
            while try select.step() { users.append(try Self.user(select)) }
            return users
        }
    }

    /// Runs a statement with RETURNING to its end: true when it touched a row.
    private static func changedSomething(_ statement: Statement) throws(StoreError) -> Bool {
        var changed = false
        while try statement.step() { changed = true }
        return changed
    }

    private static func user(_ row: Statement) throws(StoreError) -> User {
        let fields = Fields(row)
        return try User(
            id: fields.identifier(0),
            isActive: fields.flag(1),
            channels: channels(fields.text(2)),
            language: fields.text(3),
            timeZone: fields.text(4)
        )
    }

    private static func channels(_ text: String?) throws(StoreError) -> Set<ChannelID>? {
        guard let text else { return nil }
        return try StoredLists.channels(text)
    }
}

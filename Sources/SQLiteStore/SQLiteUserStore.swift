public import Logins

/// The users in the same file as the logins (`SQLiteLoginStore.users`), closed with that store.
public final class SQLiteUserStore: UserStore {
    private enum Column: Int32, TableColumn {
        case userID, active, channels, language, timeZone, documents, createdAt, changedAt
    }

    private static let byID = SQL("SELECT \(Column.names) FROM users WHERE user_id = ?")
    private static let page = SQL(
        "SELECT \(Column.names) FROM users WHERE user_id > ? ORDER BY user_id LIMIT ?"
    )
    private static let upsert = SQL(
        """
        INSERT INTO users (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT DO UPDATE SET
            \(Column.assignments(Column.allCases.filter { $0 != .userID && $0 != .createdAt }))
        """
    )

    private let file: StoreFile

    init(_ file: StoreFile) { self.file = file }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        do {
            return try await file.readers.read { (connection) throws(StoreError) in
                let select = try connection.statement(Self.byID)
                select.bind(id.value, at: 1)
                defer { select.reset() }
                return try select.step() ? try Self.user(select) : nil
            }
        } catch {
            throw DirectoryError.unavailable("the database: \(error)")
        }
    }

    public func put(_ user: User) async throws(StoreError) {
        let now = file.clock.now()
        try await file.writer.submit { (transaction) throws(StoreError) in
            let upsert = try transaction.connection.statement(Self.upsert)
            let row = RowWriter<Column>(upsert)
            row.set(.userID, user.id)
            row.set(.active, user.isActive ? 1 : 0)
            row.set(.channels, user.channels.map { StoredLists.text($0) })
            row.set(.language, user.language)
            row.set(.timeZone, user.timeZone)
            row.set(
                .documents,
                user.documents.isEmpty
                    ? nil : StoredLists.text(user.documents.sorted().map(\.number))
            )
            row.set(.createdAt, now)
            row.set(.changedAt, now)
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
            return try update.hasRow()
        }
    }

    public func remove(_ id: UserID) async throws(StoreError) -> Bool {
        try await file.writer.submit { (transaction) throws(StoreError) in
            let delete = try transaction.connection.statement(
                "DELETE FROM users WHERE user_id = ? RETURNING 1"
            )
            delete.bind(id.value, at: 1)
            return try delete.hasRow()
        }
    }

    public func users(after: UserID?, limit: Int) async throws(StoreError) -> [User] {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(Self.page)
            // No identifier is empty, so all come after the empty text.
            select.bind(after?.value ?? "", at: 1)
            select.bind(Int64(max(limit, 0)), at: 2)
            defer { select.reset() }
            var users: [User] = []
            while try select.step() { users.append(try Self.user(select)) }
            return users
        }
    }

    private static func user(_ statement: Statement) throws(StoreError) -> User {
        let row = Row<Column>(statement)
        return try User(
            id: row.identifier(.userID),
            isActive: row.flag(.active),
            channels: row.text(.channels).map { (text) throws(StoreError) in
                try StoredLists.channels(text)
            },
            language: row.text(.language),
            timeZone: row.text(.timeZone),
            documents: Set(
                row.text(.documents).map { (text) throws(StoreError) in
                    try StoredLists.strings(text)
                }?.compactMap { IdentityDocument($0) } ?? []
            )
        )
    }
}

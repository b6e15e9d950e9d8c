import Access
import Logins

/// How a local user is stored.
enum UserRow {
    enum Column: Int32, TableColumn {
        case userID, active, channels, language, timeZone, documents, addresses, createdAt,
            changedAt
    }

    static let byID = SQL("SELECT \(Column.names) FROM users WHERE user_id = ?")
    static let page = SQL(
        "SELECT \(Column.names) FROM users WHERE user_id > ? ORDER BY user_id LIMIT ?"
    )
    static let upsert = SQL(
        """
        INSERT INTO users (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT (user_id) DO UPDATE SET
            \(Column.assignments(Column.allCases.filter { $0 != .userID && $0 != .createdAt }))
        """
    )

    static func bind(_ user: User, at now: Timestamp, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.userID, user.id)
        row.set(.active, user.isActive ? 1 : 0)
        row.set(.channels, user.channels.map { StoredLists.text($0) })
        row.set(.language, user.language)
        row.set(.timeZone, user.timeZone)
        row.set(
            .documents,
            user.documents.isEmpty ? nil : StoredLists.text(user.documents.sorted().map(\.number))
        )
        row.set(.addresses, user.addresses.isEmpty ? nil : StoredLists.text(user.addresses))
        row.set(.createdAt, now)
        row.set(.changedAt, now)
    }

    static func read(_ statement: any Statement) throws(StoreError) -> User {
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
            ),
            addresses: row.text(.addresses).map { (text) throws(StoreError) in
                try StoredLists.addresses(text)
            } ?? [:]
        )
    }
}

extension DatabaseConnection {
    /// The local user with that identifier.
    func localUser(_ id: UserID) throws(StoreError) -> User? {
        let select = try statement(UserRow.byID)
        select.bind(id.value, at: 1)
        defer { select.reset() }
        return try select.step() ? try UserRow.read(select) : nil
    }
}

extension WriteTransaction {
    /// Adds a local user, or replaces all that is stored of one.
    func write(_ user: User, at now: Timestamp) throws(StoreError) {
        let upsert = try connection.statement(UserRow.upsert)
        UserRow.bind(user, at: now, to: upsert)
        try upsert.run()
    }

    func put(_ user: User, over before: User?) throws(StoreError) -> AccessRefusal? {
        guard try connection.localUser(user.id) == before else { return .changed }
        try write(user, at: clock.now())
        return nil
    }

    func remove(_ user: User) throws(StoreError) -> AccessRefusal? {
        guard let stored = try connection.localUser(user.id) else { return .missing }
        guard stored == user else { return .changed }
        let delete = try connection.statement("DELETE FROM users WHERE user_id = ?")
        delete.bind(user.id.value, at: 1)
        try delete.run()
        try removeKeys(of: user.id)
        return nil
    }
}

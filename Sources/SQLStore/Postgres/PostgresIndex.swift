import Logins

/// Finds logins by the indexes of the table.
struct PostgresIndex: LoginIndex {
    private static let byKey = SQL(
        "SELECT \(LoginColumn.names) FROM login WHERE login_id = ? AND server = ?"
    )

    func login(
        _ key: LoginKey,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin? {
        let select = try connection.statement(Self.byKey)
        select.bind(key.login.value, at: 1)
        select.bind(key.server.value, at: 2)
        defer { select.reset() }
        // Tenants may use the same identifiers.
        while try select.step() {
            let found = try LoginRow.read(select)
            if found.login.key.isSame(as: key) { return found }
        }
        return nil
    }

    func live(
        of user: UserID,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        let select = try connection.statement(
            """
            SELECT number FROM login WHERE user_id = ? AND phase IN ('preparing', 'waiting')
            """
        )
        select.bind(user.value, at: 1)
        return try select.loginNumbers()
    }

    func history(
        of user: UserID,
        before: Int64,
        limit: Int,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        let select = try connection.statement(
            """
            SELECT number FROM login WHERE user_id = ? AND number < ?
            ORDER BY number DESC LIMIT ?
            """
        )
        select.bind(user.value, at: 1)
        select.bind(before, at: 2)
        select.bind(Int64(limit), at: 3)
        return try select.loginNumbers()
    }
}

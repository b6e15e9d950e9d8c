import Logins

/// What may be used once, in a table with the key as its primary key, which all processes share.
struct UsesInTable: UsedOnce {
    let connection: any DatabaseConnection

    func use(_ key: [UInt8], until: Timestamp) throws(StoreError) -> Bool {
        let insert = try connection.statement(
            """
            INSERT INTO used_once (key, until) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1
            """
        )
        insert.bind(key, at: 1)
        insert.bind(until.milliseconds, at: 2)
        return try insert.hasRow()
    }

    func sweep(before moment: Timestamp, limit: Int) throws(StoreError) -> Int {
        let delete = try connection.statement(
            """
            DELETE FROM used_once WHERE key IN (
                SELECT key FROM used_once WHERE until < ? ORDER BY until LIMIT ?) RETURNING 1
            """
        )
        delete.bind(moment.milliseconds, at: 1)
        delete.bind(Int64(limit), at: 2)
        return try delete.countRows()
    }

    // Nothing is kept in mind.
    let changes = 0
    func takeBack(to count: Int) {}
}

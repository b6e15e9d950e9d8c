import Logins

/// Brings a database to the schema of this version.
enum Migrations {
    /// Runs the steps that are missing, each in one transaction. Whoever calls it holds the file.
    ///
    /// - Returns: the version found and the version reached.
    /// - Throws: `unavailable` for a stranger's database or one of a newer version.
    static func run(
        on connection: Connection
    ) throws(StoreError) -> (from: Int, to: Int) {
        let found = try version(of: connection)
        for version in found..<max(found, Schema.current) {
            try connection.begin()
            do throws(StoreError) {
                // Another process may have been quicker while this one waited for the lock.
                if Int(try connection.integer("PRAGMA user_version") ?? 0) == version {
                    try connection.execute(Schema.steps[version])
                    if version == 0 { try identify(connection) }
                    try connection.execute("PRAGMA user_version = \(version + 1)")
                }
                try connection.commit()
            } catch {
                connection.rollback()
                throw error
            }
        }
        return (found, Schema.current)
    }

    /// The schema's version, 0 for an empty file.
    static func version(of connection: Connection) throws(StoreError) -> Int {
        let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
        let application = try connection.integer("PRAGMA application_id") ?? 0
        let isEmpty = try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
        if application == 0, version == 0, isEmpty { return 0 }
        guard application == Schema.applicationID else {
            throw StoreError.unavailable("the file is another application's database")
        }
        guard version <= Schema.current else {
            throw StoreError.unavailable(
                "the database was written by a newer version of Beckon "
                    + "(its schema is \(version), this one knows \(Schema.current))"
            )
        }
        return version
    }

    private static func identify(_ connection: Connection) throws(StoreError) {
        try connection.execute("PRAGMA application_id = \(Schema.applicationID)")
        var random = SystemRandomNumberGenerator()
        let insert = try connection.prepare(
            "INSERT INTO meta (id, hash_key_low, hash_key_high) VALUES (1, ?, ?)"
        )
        insert.bind(Int64(bitPattern: random.next()), at: 1)
        insert.bind(Int64(bitPattern: random.next()), at: 2)
        try insert.run()
    }
}

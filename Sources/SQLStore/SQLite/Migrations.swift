import Logins

/// Brings a database to the schema of this version.
enum Migrations {
    /// Runs the missing steps, each in one transaction. The caller holds the file's lock.
    ///
    /// - Returns: the version found and the version reached.
    /// - Throws: `unavailable` for another application's database or one of a newer version.
    @discardableResult
    static func run(
        _ steps: [String] = Schema.steps,
        on connection: SQLiteConnection,
        notice: (MigrationNotice) -> Void = { _ in }
    ) throws(StoreError) -> (from: Int, to: Int) {
        let found = try version(of: connection, steps)
        if found > 0, found < steps.count { notice(.begun(from: found, to: steps.count)) }
        for version in found..<steps.count {
            try connection.begin()
            do throws(StoreError) {
                // Another process may have run the step while this one waited for the lock.
                if Int(try connection.integer("PRAGMA user_version") ?? 0) == version {
                    try connection.execute(steps[version])
                    try connection.execute(
                        """
                        PRAGMA application_id = \(Schema.applicationID);
                        PRAGMA user_version = \(version + 1);
                        """
                    )
                }
                try connection.commit()
            } catch {
                connection.rollback()
                throw error
            }
        }
        return (found, steps.count)
    }

    /// The version of the schema, 0 for an empty file.
    ///
    /// - Throws: `unavailable` for another application's database or one of a newer version.
    static func version(
        of connection: SQLiteConnection,
        _ steps: [String] = Schema.steps
    ) throws(StoreError) -> Int {
        let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
        let application = try connection.integer("PRAGMA application_id") ?? 0
        let isEmpty = try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
        if application == 0, version == 0, isEmpty { return 0 }
        guard application == Schema.applicationID else {
            throw StoreError.unavailable("the file is another application's database")
        }
        guard version <= steps.count else {
            throw StoreError.unavailable(
                "the database was written by a newer version of Beckon "
                    + "(schema \(version), this version supports up to \(steps.count))"
            )
        }
        return version
    }
}

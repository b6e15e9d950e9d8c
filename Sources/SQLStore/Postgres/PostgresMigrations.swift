import Logins

/// Brings a database in PostgreSQL to the schema of this version.
enum PostgresMigrations {
    /// "Beck" in ASCII. Whoever migrates holds the advisory lock of that number.
    private static let lock = Schema.applicationID

    /// How long a step may take, such as an index of many logins.
    private static let patience = Duration.seconds(3_600)

    /// Runs the missing steps over a connection of its own.
    ///
    /// - Returns: the version found and the version reached.
    /// - Throws: as the function below.
    @discardableResult
    static func run(
        _ steps: [String] = Schema.postgresSteps,
        at place: PostgresOptions,
        for role: StoreRole = .service,
        notice: (MigrationNotice) -> Void = { _ in }
    ) throws(StoreError) -> (from: Int, to: Int) {
        var patient = place
        patient.statementTimeout = patience
        let session = PostgresSession(patient)
        return try run(steps, on: session, place.lockTimeout, for: role, notice)
    }

    /// Runs the missing steps in one transaction. A tool only makes the tables of an empty database.
    ///
    /// - Returns: the version found and the version reached.
    /// - Throws: `unavailable` for a database of a newer version than the next one, one of an older
    ///   version for a tool, or one that has tables of another application under the names of ours.
    private static func run(
        _ steps: [String],
        on session: PostgresSession,
        _ lockTimeout: Duration,
        for role: StoreRole,
        _ notice: (MigrationNotice) -> Void
    ) throws(StoreError) -> (from: Int, to: Int) {
        let connection = try session.connection()
        do throws(StoreError) {
            try session.begin()
            let attempt = connection.prepare("SELECT pg_try_advisory_xact_lock(\(lock))")
            if try attempt.step(), attempt.integer(0) != 1 {
                // Another process is at it, as long as that takes.
                notice(.awaited)
                try connection.queue("SET LOCAL lock_timeout = 0")
                try connection.queue("SELECT pg_advisory_xact_lock(\(lock))")
            }
            attempt.reset()
            // Processes that serve wait behind whoever waits for the lock of a table.
            try connection.queue("SET LOCAL lock_timeout = \(lockTimeout.milliseconds)")
            let found = try version(session)
            // While versions are exchanged one after another, the older ones work on.
            guard found <= steps.count + 1 else {
                throw StoreError.unavailable(
                    "the database was written by a newer version of Beckon "
                        + "(schema \(found), this version supports up to \(steps.count + 1))"
                )
            }
            if found < steps.count {
                guard role == .service || found == 0 else {
                    throw StoreError.unavailable(
                        "the database has the schema of an older version: migrate it first"
                    )
                }
                if found > 0 { notice(.begun(from: found, to: steps.count)) }
                if found == 0 {
                    try connection.queue("CREATE TABLE beckon_schema (version bigint NOT NULL)")
                    try connection.queue("INSERT INTO beckon_schema VALUES (0)")
                }
                for step in steps[found...] {
                    for statement in statements(of: step) { try connection.queue(statement) }
                }
                try connection.queue("UPDATE beckon_schema SET version = \(steps.count)")
            }
            try session.commit()
            return (found, max(found, steps.count))
        } catch {
            session.rollback()
            throw error
        }
    }

    /// The version of the schema, 0 for a database without our tables.
    static func version(_ session: PostgresSession) throws(StoreError) -> Int {
        let connection = try session.connection()
        let exists = connection.prepare("SELECT to_regclass('beckon_schema') IS NOT NULL")
        guard try exists.step(), exists.integer(0) == 1 else { return 0 }
        exists.reset()
        let select = connection.prepare("SELECT version FROM beckon_schema")
        guard try select.step(), let version = select.integer(0) else {
            throw StoreError.damaged("the table beckon_schema is empty")
        }
        return Int(clamping: version)
    }

    /// Each statement ends at the end of a line.
    private static func statements(of step: String) -> [String] {
        step.split(separator: ";\n").map(String.init)
            .filter { !$0.allSatisfy { $0.isWhitespace || $0 == ";" } }
    }
}

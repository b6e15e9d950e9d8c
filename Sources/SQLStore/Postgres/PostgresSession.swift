import Logins

/// A connection that is made anew after it was lost.
///
/// Not `Sendable`: one thread uses it at a time.
final class PostgresSession: DatabaseConnection {
    private let options: PostgresOptions
    private var current: PostgresConnection?
    /// From BEGIN to the end of the transaction, also if the connection is lost meanwhile.
    private(set) var isInTransaction = false
    /// Why the last attempt to connect failed, and until when that is the answer to all.
    private var obstacle: (error: StoreError, until: ContinuousClock.Instant)?
    private var pause = shortestPause

    private static let shortestPause = Duration.milliseconds(20)
    private static let longestPause = Duration.seconds(1)

    /// Connects when it is first used.
    init(_ options: PostgresOptions) { self.options = options }

    /// The connection. After one was lost, the next one, unless a transaction is under way.
    ///
    /// - Throws: `unavailable`; soon after a failed attempt without another one.
    func connection() throws(StoreError) -> PostgresConnection {
        if let current {
            if isInTransaction || !current.isLost { return current }
            self.current = nil
        }
        if let obstacle, obstacle.until > .now { throw obstacle.error }
        do throws(StoreError) {
            let made = try PostgresConnection(options)
            current = made
            obstacle = nil
            pause = Self.shortestPause
            return made
        } catch {
            obstacle = (error, .now + pause)
            pause = min(pause * 2, Self.longestPause)
            throw error
        }
    }

    /// Whether the connection was lost, so that what failed may succeed over the next one.
    var wasLost: Bool { current?.isLost ?? false }
    /// The latest error of the connection.
    var failure: PostgresFailure? { current?.failure }

    func statement(_ sql: StaticString) throws(StoreError) -> any Statement {
        try connection().statement(sql)
    }

    func statement(_ sql: SQL) throws(StoreError) -> any Statement {
        try connection().statement(sql)
    }

    func prepare(_ sql: String) throws(StoreError) -> any Statement {
        try connection().prepare(sql)
    }

    /// Queues BEGIN.
    func begin(_ mode: String = "") throws(StoreError) {
        try connection().begin(mode)
        isInTransaction = true
    }

    func beginReading() throws(StoreError) {
        try begin("ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    /// Queues COMMIT and waits for all answers.
    func commit() throws(StoreError) {
        let connection = try connection()
        try connection.run("COMMIT", tag: "COMMIT")
        try connection.sync()
        isInTransaction = false
    }

    func rollback() {
        guard isInTransaction else { return }
        current?.rollback()
        isInTransaction = false
    }
}

// What takes one question here instead of one for each login.
extension PostgresSession {
    // LATERAL as in `ExpectedLogins`.
    private static let byNumbers = SQL(
        """
        SELECT \(LoginColumn.names)
        FROM unnest(string_to_array(?, ',')) AS wanted (digits),
            LATERAL (SELECT * FROM login WHERE number = CAST(wanted.digits AS bigint) OFFSET 0) AS login
        """
    )

    /// What asks for the logins with these numbers.
    func question(_ numbers: Set<LoginNumber>) throws(StoreError) -> PostgresStatement {
        let select = try connection().statement(Self.byNumbers)
        select.bind(PostgresDatabase.list(numbers), at: 1)
        return select
    }

    /// The logins with these numbers, in no order. Damaged ones are left out.
    func logins(_ numbers: Set<LoginNumber>) throws(StoreError) -> [StoredLogin] {
        guard !numbers.isEmpty else { return [] }
        let select = try question(numbers)
        defer { select.reset() }
        return try LoginRow.readAll(select)
    }
}

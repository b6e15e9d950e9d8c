import Logins

/// One connection to a database, with the statements that are prepared on it. It has no knowledge of
/// logins.
///
/// Not `Sendable`: one thread uses it at a time.
protocol DatabaseConnection: AnyObject {
    /// A statement that is prepared once for the life of the connection, reset for use.
    func statement(_ sql: StaticString) throws(StoreError) -> any Statement
    /// The same for SQL that is built from a declaration.
    func statement(_ sql: SQL) throws(StoreError) -> any Statement
    /// A statement that is used once.
    func prepare(_ sql: String) throws(StoreError) -> any Statement

    /// Begins a transaction that only reads, and sees one state of the database until `rollback`.
    func beginReading() throws(StoreError)
    /// Undoes the transaction, unless it has ended.
    func rollback()
    /// Whether the connection to the server was lost; the next use makes another one.
    var wasLost: Bool { get }
}

extension DatabaseConnection {
    /// The first column of the first row, as a whole number.
    func integer(_ sql: String) throws(StoreError) -> Int64? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.integer(0) : nil
    }

    /// The first column of the first row, as text.
    func text(_ sql: String) throws(StoreError) -> String? {
        let statement = try prepare(sql)
        return try statement.step() ? try statement.text(0) : nil
    }
}

/// A prepared statement: `bind` values, then `step` through rows. Used on its connection's thread only.
///
/// After the last `step`, reset it: an open statement can hold a snapshot of the database.
protocol Statement: AnyObject {
    // Parameters, counted from 1.

    /// Makes all parameters NULL.
    func clearBindings()
    func bind(_ number: Int64?, at index: Int32)
    func bind(_ text: String?, at index: Int32)
    func bind(_ bytes: [UInt8], at index: Int32)

    // Rows.

    /// Goes to the next row. Resets the statement and returns false when there is none.
    func step() throws(StoreError) -> Bool
    /// Runs a statement to its end. Its error may be thrown by a later call on the connection, before
    /// the transaction is committed.
    func run() throws(StoreError)
    /// Runs an INSERT of one row, of which all values are parameters. It may be done together with those
    /// that follow at once.
    func insertRow() throws(StoreError)
    func reset()

    // Columns, counted from 0.

    func integer(_ column: Int32) -> Int64?
    /// Throws `damaged` when the bytes are not UTF-8.
    func text(_ column: Int32) throws(StoreError) -> String?
    func bytes(_ column: Int32) -> [UInt8]?
}

extension Statement {
    func insertRow() throws(StoreError) { try run() }

    /// The login's number in the first column, readable even when the rest of the row is damaged.
    var loginNumber: LoginNumber { LoginNumber(integer(0) ?? 0) }

    /// The numbers in the first column of all rows.
    func loginNumbers() throws(StoreError) -> [LoginNumber] {
        var numbers: [LoginNumber] = []
        while try step() { numbers.append(loginNumber) }
        return numbers
    }

    /// Runs a statement with RETURNING to its end. True when it changed a row.
    func hasRow() throws(StoreError) -> Bool { try countRows() > 0 }

    /// Runs a statement with RETURNING to its end, and counts its rows.
    func countRows() throws(StoreError) -> Int {
        var count = 0
        while try step() { count += 1 }
        return count
    }

    /// Binds a client to the first three parameters.
    func bind(_ client: ClientKey) {
        bind(client.server.value, at: 1)
        bind(client.tenant?.value ?? "", at: 2)
        bind(client.client.value, at: 3)
    }
}

/// SQL that is built once, at run time. Statements are cached by its identity, not by its text.
final class SQL: Sendable {
    /// In SQLite's own SQL, which PostgreSQL's connections translate.
    let text: String
    /// What cannot be translated.
    let postgres: String?

    init(_ text: String, postgres: String? = nil) {
        self.text = text
        self.postgres = postgres
    }
}

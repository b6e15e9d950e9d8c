import CSQLite
import Glibc
import Logins

/// One connection to the database file.
@safe final class SQLiteConnection: DatabaseConnection {
    private let database: OpaquePointer
    private var statements: [UInt: SQLiteStatement] = [:]

    /// Runs once, before the first connection of the process.
    private static let configured: Void = beckon_configure_library()

    enum Access { case readWrite, readOnly }

    private let busyMilliseconds: Int32

    /// Opens the file, creating it when `access` allows, and waits at most `busyMilliseconds` for
    /// locks held by others.
    ///
    /// Only the service checkpoints: before SQLite 3.51.3 two processes that do so at the same time
    /// can damage the database. A tool's changes stay in the log until the service has moved them.
    init(
        path: String,
        access: Access,
        role: StoreRole,
        busyMilliseconds: Int32
    ) throws(StoreError) {
        Self.configured
        var opened: OpaquePointer?
        // No mutex: one thread uses a connection at a time. A reader opens for writing too, because
        // every reader writes to the index of the write-ahead log, which is shared memory.
        let flags =
            SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE
            | (access == .readWrite ? SQLITE_OPEN_CREATE : 0)
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard let handle = unsafe opened else {
            throw StoreError.unavailable("no memory for a database connection")
        }
        guard code == SQLITE_OK else {
            let error = unsafe StoreError(from: handle)
            unsafe sqlite3_close_v2(handle)
            throw error
        }
        unsafe database = handle
        unsafe sqlite3_extended_result_codes(handle, 1)
        self.busyMilliseconds = busyMilliseconds
        unsafe beckon_wait_when_busy(handle, busyMilliseconds)
        if role == .tool {
            unsafe beckon_no_checkpoint_on_close(handle)
            unsafe sqlite3_wal_autocheckpoint(handle, 0)
        }
        if access == .readOnly { try execute("PRAGMA query_only = 1") }
    }

    deinit {
        statements.removeAll()
        unsafe sqlite3_close_v2(database)
    }

    /// Runs one or more statements whose rows are not needed. Never with values from outside.
    func execute(_ sql: String) throws(StoreError) {
        let code = unsafe sqlite3_exec(database, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe StoreError(from: database) }
    }

    /// A statement that is prepared once for the life of the connection, reset for use.
    func statement(_ sql: StaticString) throws(StoreError) -> any Statement {
        try statement(UInt(bitPattern: unsafe sql.utf8Start), sql.description)
    }

    /// The same for SQL that is built from a declaration.
    func statement(_ sql: SQL) throws(StoreError) -> any Statement {
        try statement(UInt(bitPattern: ObjectIdentifier(sql)), sql.text)
    }

    private func statement(
        _ key: UInt,
        _ sql: @autoclosure () -> String
    ) throws(StoreError) -> any Statement {
        if let known = statements[key] {
            known.reset()
            return known
        }
        let fresh = try unsafe SQLiteStatement(sql(), on: database)
        statements[key] = fresh
        return fresh
    }

    /// A statement that is used once.
    func prepare(_ sql: String) throws(StoreError) -> any Statement {
        try unsafe SQLiteStatement(sql, on: database)
    }

    /// True from BEGIN to the end of the transaction.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(database) == 0 }

    /// Takes the lock for writing. Throws `locked` when another process holds it too long.
    func begin() throws(StoreError) { try statement("BEGIN IMMEDIATE").run() }
    func beginReading() throws(StoreError) { try statement("BEGIN").run() }
    func commit() throws(StoreError) { try statement("COMMIT").run() }

    /// Undoes the transaction, unless the library has already.
    func rollback() {
        guard isInTransaction else { return }
        // If this fails, the connection is broken and the next BEGIN fails too.
        try? statement("ROLLBACK").run()
    }

    let wasLost = false

    /// The rows that were changed over this connection so far, also those that were rolled back.
    var changedRows: Int64 { unsafe sqlite3_total_changes64(database) }

    /// See `LogView`. Nil if this version of the library has none.
    @unsafe var logHeader: UnsafePointer<UInt32>? { unsafe beckon_log_header(database) }

    /// Moves the log into the database and empties it, as far as readers allow without waiting.
    func checkpoint() {
        unsafe beckon_wait_when_busy(database, 0)
        defer { unsafe beckon_wait_when_busy(database, busyMilliseconds) }
        unsafe sqlite3_wal_checkpoint_v2(database, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }
}

extension StoreError {
    /// The latest error of a connection. Call it right after the call that failed.
    @unsafe init(from database: OpaquePointer) {
        // SQLite 3.40 does not keep the `errno` of a failed COMMIT (`sqlite3VdbeTransferError`);
        // the thread still has it.
        let ofThread = errno
        let ofLibrary = unsafe sqlite3_system_errno(database)
        self.init(
            code: unsafe sqlite3_extended_errcode(database),
            systemError: ofLibrary == 0 ? ofThread : ofLibrary,
            message: unsafe String(cString: sqlite3_errmsg(database))
        )
    }
}

import CSQLite
import Logins

/// A prepared statement of SQLite. One that is open holds its snapshot and prevents the log from being
/// recycled.
@safe final class SQLiteStatement: Statement {
    private let statement: OpaquePointer
    private var bindFailure: Int32 = SQLITE_OK

    /// Prepares a statement on a connection, which must outlive it.
    @unsafe init(_ sql: String, on database: OpaquePointer) throws(StoreError) {
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            database,
            sql,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &prepared,
            nil
        )
        guard code == SQLITE_OK, let made = unsafe prepared else {
            throw unsafe StoreError(from: database)
        }
        unsafe statement = made
    }

    deinit { unsafe sqlite3_finalize(statement) }

    // MARK: Parameters, counted from 1

    /// Makes all parameters NULL.
    func clearBindings() { unsafe sqlite3_clear_bindings(statement) }

    func bind(_ number: Int64?, at index: Int32) {
        if let number {
            note(unsafe sqlite3_bind_int64(statement, index, number))
        } else {
            note(unsafe sqlite3_bind_null(statement, index))
        }
    }

    func bind(_ text: String?, at index: Int32) {
        guard var text else { return note(unsafe sqlite3_bind_null(statement, index)) }
        let code = text.withUTF8 { bytes in
            guard let count = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
            // The address of an empty string may be null, which would bind NULL.
            guard count > 0 else { return unsafe beckon_bind_text(statement, index, "", 0) }
            return unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe beckon_bind_text(statement, index, characters.baseAddress, count)
            }
        }
        note(code)
    }

    func bind(_ bytes: [UInt8], at index: Int32) {
        let code = unsafe bytes.withUnsafeBytes { bytes in
            guard let count = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
            return unsafe beckon_bind_blob(statement, index, bytes.baseAddress, count)
        }
        note(code)
    }

    /// A failed binding fails the next step, so that no other value is written in its place.
    private func note(_ code: Int32) {
        if code != SQLITE_OK { bindFailure = code }
    }

    // MARK: Rows

    /// Goes to the next row. Resets the statement and returns false when there is none.
    func step() throws(StoreError) -> Bool {
        guard bindFailure == SQLITE_OK else {
            let code = bindFailure
            reset()
            throw StoreError(code: code, systemError: 0, message: "cannot bind a value")
        }
        let code = unsafe sqlite3_step(statement)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            reset()
            return false
        default:
            let error =
                if let database = unsafe sqlite3_db_handle(statement) {
                    unsafe StoreError(from: database)
                } else {
                    StoreError(code: code, systemError: 0, message: "no connection")
                }
            reset()
            throw error
        }
    }

    /// Runs a statement to its end.
    func run() throws(StoreError) {
        while try step() {}
    }

    func reset() {
        bindFailure = SQLITE_OK
        unsafe sqlite3_reset(statement)
    }

    // MARK: Columns, counted from 0

    func integer(_ column: Int32) -> Int64? {
        guard unsafe sqlite3_column_type(statement, column) != SQLITE_NULL else { return nil }
        return unsafe sqlite3_column_int64(statement, column)
    }

    /// Throws `damaged` when the bytes are not UTF-8.
    func text(_ column: Int32) throws(StoreError) -> String? {
        guard let start = unsafe sqlite3_column_text(statement, column) else { return nil }
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        let span = unsafe Span(_unsafeStart: start, count: count)
        guard let text = try? UTF8Span(validating: span) else {
            throw StoreError.damaged("a text is not UTF-8")
        }
        return String(copying: text)
    }

    func bytes(_ column: Int32) -> [UInt8]? {
        guard unsafe sqlite3_column_type(statement, column) != SQLITE_NULL else { return nil }
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        guard count > 0, let start = unsafe sqlite3_column_blob(statement, column) else {
            return []
        }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}

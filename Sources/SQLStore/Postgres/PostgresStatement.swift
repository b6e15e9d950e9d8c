import CPostgres
import Logins

/// A prepared statement: `bind` values, then `step` through rows, or `run` it without looking.
///
/// Used on its connection's thread only. Parameters and results are in PostgreSQL's binary form.
@safe final class PostgresStatement: Statement {
    let sql: String
    let name: String
    var isPrepared = false
    private unowned let connection: PostgresConnection

    private var parameters: [Parameter]
    /// The place in `parameters` of each number in the SQL, from 1. Nil for one that does not occur.
    private let places: [Int?]
    private var bindFailure: String?
    private var result: OpaquePointer?
    private var row: Int32 = -1
    /// Whether it was sent, and its rows were not taken yet.
    private var isAsked = false

    enum Parameter {
        case null
        case number(Int64)
        case text(String)
        case bytes([UInt8])
    }

    /// The connection must outlive it.
    init(_ sql: String, name: String, on connection: PostgresConnection) {
        let numbered = Placeholders.numbered(sql)
        self.sql = numbered.sql
        places = numbered.places
        parameters = Array(repeating: .null, count: numbered.count)
        self.name = name
        self.connection = connection
    }

    /// One that inserts so many rows, as `row` inserts one.
    init(_ count: Int, of row: PostgresStatement, name: String, on connection: PostgresConnection) {
        let width = row.parameters.count
        let head = row.sql.firstRange(of: "VALUES ").map { row.sql[..<$0.upperBound] } ?? ""
        let rows = (0..<count).map { place in
            "(" + (1...width).map { "$\(place * width + $0)" }.joined(separator: ", ") + ")"
        }
        sql = head + rows.joined(separator: ", ")
        places = []
        parameters = []
        self.name = name
        self.connection = connection
    }

    deinit { unsafe PQclear(result) }

    // MARK: Parameters, counted from 1

    /// Makes all parameters NULL.
    func clearBindings() {
        for index in parameters.indices { parameters[index] = .null }
    }

    func bind(_ number: Int64?, at index: Int32) { set(number.map { .number($0) }, at: index) }

    /// PostgreSQL cannot hold U+0000; a text with it fails the statement before anything is sent.
    func bind(_ text: String?, at index: Int32) {
        if let text, text.utf8.contains(0) { bindFailure = "a text has the character U+0000" }
        set(text.map { .text($0) }, at: index)
    }

    func bind(_ bytes: [UInt8], at index: Int32) { set(.bytes(bytes), at: index) }

    private func set(_ parameter: Parameter?, at index: Int32) {
        guard places.indices.contains(Int(index) - 1) else {
            return bindFailure = "there is no parameter \(index)"
        }
        if let place = places[Int(index) - 1] { parameters[place] = parameter ?? .null }
    }

    /// Binds the values of several rows.
    func bind(_ rows: some Sequence<[Parameter]>) { parameters = Array(rows.joined()) }

    /// The types of what is bound now. The server finds that of NULL from the SQL.
    var types: [Oid] {
        parameters.map { parameter in
            switch parameter {
            case .null: 0
            case .text: Oid(BECKON_PQ_TEXT)
            case .number: Oid(BECKON_PQ_INT8)
            case .bytes: Oid(BECKON_PQ_BYTEA)
            }
        }
    }

    /// Lends the parameters in libpq's form.
    @unsafe func withParameters<Value>(
        _ body: (
            UnsafePointer<UnsafePointer<CChar>?>?, UnsafeBufferPointer<Int32>,
            UnsafeBufferPointer<Int32>
        ) -> Value
    ) -> Value {
        var bytes: [UInt8] = []
        var places: [Int?] = []
        var lengths: [Int32] = []
        for parameter in parameters {
            let start = bytes.count
            switch parameter {
            case .null: break
            case .number(let number):
                unsafe withUnsafeBytes(of: number.bigEndian) { unsafe bytes.append(contentsOf: $0) }
            case .text(let text): bytes.append(contentsOf: text.utf8)
            case .bytes(let value): bytes.append(contentsOf: value)
            }
            if case .null = parameter { places.append(nil) } else { places.append(start) }
            lengths.append(Int32(clamping: bytes.count - start))
        }
        // Else an empty value at the end, or alone, would have no address, which would make it NULL.
        bytes.append(0)
        let formats = [Int32](repeating: 1, count: parameters.count)
        return unsafe bytes.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = unsafe places.map { place in
                unsafe place.flatMap { offset in unsafe start.map { unsafe $0 + offset } }
            }
            return unsafe values.withUnsafeBufferPointer { values in
                unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        unsafe body(values.baseAddress, lengths, formats)
                    }
                }
            }
        }
    }

    // MARK: Rows

    /// Queues the statement, so that its rows come with those of whatever is waited for next.
    func ask() throws(StoreError) {
        try checkBindings()
        row = -1
        try connection.send(self, expecting: .rows(self))
        isAsked = true
    }

    /// Goes to the next row. Resets the statement and returns false when there is none.
    func step() throws(StoreError) -> Bool {
        if unsafe result == nil {
            if !isAsked { try ask() }
            do throws(StoreError) {
                try connection.sync()
            } catch {
                reset()
                throw error
            }
        }
        row += 1
        if unsafe row < PQntuples(result) { return true }
        reset()
        return false
    }

    /// Queues the statement. Its error, if any, is thrown by whatever is waited for next.
    func run() throws(StoreError) {
        try checkBindings()
        try connection.send(self, expecting: .nothing)
    }

    /// The same for a statement that must change exactly so many rows, or else everything up to the
    /// next answer fails for that reason.
    func run(changing rows: Int, orElse reason: String) throws(StoreError) {
        try checkBindings()
        try connection.send(self, expecting: .changes(rows, orElse: reason))
    }

    func insertRow() throws(StoreError) {
        try checkBindings()
        try connection.gather(self, parameters)
    }

    private func checkBindings() throws(StoreError) {
        guard let reason = bindFailure else { return }
        reset()
        throw StoreError.unavailable("PostgreSQL: \(reason)")
    }

    func reset() {
        bindFailure = nil
        isAsked = false
        unsafe PQclear(result)
        unsafe result = nil
    }

    /// Takes over the result.
    @unsafe func take(_ result: OpaquePointer) {
        unsafe PQclear(self.result)
        unsafe self.result = result
    }

    // MARK: Columns, counted from 0

    /// Whole numbers have two, four or eight bytes, a truth value one.
    func integer(_ column: Int32) -> Int64? {
        guard let bytes = bytes(column) else { return nil }
        let isNegative = bytes.count > 1 && bytes[0] >= 0x80
        return bytes.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }
    }

    /// Throws `damaged` when the bytes are not UTF-8.
    func text(_ column: Int32) throws(StoreError) -> String? {
        guard let bytes = bytes(column) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw StoreError.damaged("a text is not UTF-8")
        }
        return text
    }

    func bytes(_ column: Int32) -> [UInt8]? {
        guard let result = unsafe result, unsafe PQgetisnull(result, row, column) == 0 else {
            return nil
        }
        let value = unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column),
            count: Int(PQgetlength(result, row, column))
        )
        return unsafe [UInt8](value)
    }
}

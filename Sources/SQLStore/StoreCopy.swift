import Cryptography
public import Logins

/// Copies a database in a file to one in PostgreSQL.
///
/// The file may be in use: what is copied is its state at one moment. The target is replaced as a whole in
/// one transaction, so a copy can be repeated, the last time when the service is stopped. It must not have
/// been used by a service.
public enum StoreCopy {
    /// A table that was copied.
    public struct Table: Hashable, Sendable {
        public let name: String
        public let rows: Int
        /// SHA-256 of each row in the order of the primary key, after that of the row before: the same on
        /// both sides.
        public let digest: [UInt8]
    }

    /// Rows that one statement reads from PostgreSQL, and after which progress is told.
    private static let step = 2_000

    /// - Parameters:
    ///   - path: the file.
    ///   - place: the target.
    ///   - secrets: files' contents that all processes of the target need, by name.
    ///   - progress: told the table and how many rows of it were copied so far.
    /// - Returns: the tables, each read back and compared.
    /// - Throws: `unavailable` if the schema of the file is not that of this version, the target was used
    ///   by a service, or a table is not the same afterwards. Then the target is as it was.
    public static func run(
        path: String,
        to place: PostgresOptions,
        secrets: [String: [UInt8]] = [:],
        progress: (_ table: String, _ rows: Int) -> Void = { _, _ in }
    ) throws(StoreError) -> [Table] {
        let file = try SQLiteConnection(
            path: path,
            access: .readOnly,
            role: .tool,
            busyMilliseconds: 30_000
        )
        guard try Migrations.version(of: file) == Schema.steps.count else {
            throw StoreError.unavailable("\(path) has another version's schema: migrate it first")
        }
        var place = place
        // Nobody else uses the target, and its tables are read as a whole.
        place.statementTimeout = .seconds(3600)
        place.idleTimeout = .seconds(3600)
        let session = PostgresSession(place)
        try PostgresMigrations.run(at: place)
        try file.beginReading()
        defer { file.rollback() }
        let tables = try Columns.tables(of: file)
        do throws(StoreError) {
            try session.begin()
            try checkIsUnused(session)
            try empty(tables, session)
            var copied: [Table] = []
            for table in tables { copied.append(try copy(table, file, session, progress)) }
            try writeRest(file, secrets, session)
            for (table, columns) in zip(copied, tables) {
                let found = try digest(of: columns, in: session)
                guard found.rows == table.rows, found.digest == table.digest else {
                    throw StoreError.damaged(
                        "the table \(table.name) is not the same after copying"
                    )
                }
            }
            try session.commit()
            return copied
        } catch {
            session.rollback()
            throw error
        }
    }

    // MARK: Target

    private static func checkIsUnused(_ session: PostgresSession) throws(StoreError) {
        let select = try session.statement("SELECT commits FROM writer FOR UPDATE")
        defer { select.reset() }
        guard try select.step(), select.integer(0) == 0 else {
            throw StoreError.unavailable(
                "the database in PostgreSQL has been used by a service; copy to an empty one"
            )
        }
    }

    private static func empty(_ tables: [Columns], _ session: PostgresSession) throws(StoreError) {
        let names = (tables.map(\.table) + ["shared_secret"]).joined(separator: ", ")
        try session.connection().queue("TRUNCATE \(names)")
    }

    private static func copy(
        _ columns: Columns,
        _ file: SQLiteConnection,
        _ session: PostgresSession,
        _ progress: (_ table: String, _ rows: Int) -> Void
    ) throws(StoreError) -> Table {
        let connection = try session.connection()
        let select = try file.prepare(columns.select)
        let insert = connection.prepare(columns.insert)
        var digest = DigestState()
        var rows = 0
        while try select.step() {
            insert.clearBindings()
            for (index, column) in columns.all.enumerated() {
                let value = try column.read(select, Int32(index))
                value.add(to: &digest)
                value.bind(to: insert, at: Int32(index) + 1)
            }
            digest.endRow()
            try insert.run()
            rows += 1
            if rows.isMultiple(of: step) {
                try connection.sync()
                progress(columns.table, rows)
            }
        }
        try connection.sync()
        progress(columns.table, rows)
        return Table(name: columns.table, rows: rows, digest: digest.value)
    }

    /// What is not a table on both sides.
    private static func writeRest(
        _ file: SQLiteConnection,
        _ secrets: [String: [UInt8]],
        _ session: PostgresSession
    ) throws(StoreError) {
        let connection = try session.connection()
        let meta = try file.prepare("SELECT deleted_up_to, swept_at FROM meta")
        guard try meta.step(), let deleted = meta.integer(0) else {
            throw StoreError.damaged("the table meta is empty")
        }
        let update = connection.prepare("UPDATE meta SET deleted_up_to = ?, swept_at = ?")
        update.bind(deleted, at: 1)
        update.bind(meta.integer(1), at: 2)
        try update.run()
        try connection.queue(
            """
            UPDATE writer SET highest = greatest(
                (SELECT deleted_up_to FROM meta), (SELECT coalesce(max(number), 0) FROM login))
            """
        )
        for table in ["client_block", "security_event", "proof_attempt"] {
            try connection.queue(
                """
                SELECT setval(pg_get_serial_sequence('\(table)', 'id'),
                    (SELECT coalesce(max(id), 0) + 1 FROM \(table)), false)
                """
            )
        }
        for (name, value) in secrets {
            let insert = connection.prepare("INSERT INTO shared_secret (name, value) VALUES (?, ?)")
            insert.bind(name, at: 1)
            insert.bind(value, at: 2)
            try insert.run()
        }
        try connection.sync()
    }

    /// Reads a table back, some rows at a time.
    private static func digest(
        of columns: Columns,
        in session: PostgresSession
    ) throws(StoreError) -> (rows: Int, digest: [UInt8]) {
        let connection = try session.connection()
        try connection.queue("DECLARE copied NO SCROLL CURSOR FOR \(columns.select)")
        let fetch = connection.prepare("FETCH \(step) FROM copied")
        var digest = DigestState()
        var rows = 0
        while true {
            var read = 0
            while try fetch.step() {
                for (index, column) in columns.all.enumerated() {
                    try column.read(fetch, Int32(index)).add(to: &digest)
                }
                digest.endRow()
                read += 1
            }
            rows += read
            if read < step { break }
        }
        try connection.queue("CLOSE copied")
        return (rows, digest.value)
    }

    // MARK: Rows

    private struct Column {
        enum Kind { case number, text, bytes }
        let name: String
        let kind: Kind

        func read(_ row: any Statement, _ index: Int32) throws(StoreError) -> StoredValue {
            switch kind {
            case .number: row.integer(index).map { .number($0) } ?? .null
            case .text: row.bytes(index).map { .text($0) } ?? .null
            case .bytes: row.bytes(index).map { .bytes($0) } ?? .null
            }
        }
    }

    private struct Columns {
        let table: String
        let all: [Column]
        let select: String
        let insert: String

        /// The key of a table in a file that is not copied, and its key in PostgreSQL.
        private static let keys = ["used_once": (inFile: "number", inPostgres: "key")]

        /// The tables of a file that are in PostgreSQL too, in an order in which they can be filled.
        static func tables(of file: SQLiteConnection) throws(StoreError) -> [Columns] {
            let select = try file.prepare(
                """
                SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                    AND name NOT IN ('meta', 'login_hash', 'used_hash', 'standing_version')
                ORDER BY rowid
                """
            )
            var names: [String] = []
            while try select.step() {
                // Ours have no others characters, so the names are safe in SQL.
                guard let name = try select.text(0),
                    name.utf8.allSatisfy({ $0 == UInt8(ascii: "_") || $0 &- 0x61 < 26 })
                else { throw StoreError.damaged("a table of another application") }
                names.append(name)
            }
            return try names.map { (name) throws(StoreError) in try Columns(name, file) }
        }

        private init(_ table: String, _ file: SQLiteConnection) throws(StoreError) {
            let information = try file.prepare(
                "SELECT name, type, pk FROM pragma_table_info('\(table)') ORDER BY cid"
            )
            var all: [Column] = []
            var key: [(place: Int64, name: String)] = []
            while try information.step() {
                let name = try information.text(0) ?? ""
                if name == Self.keys[table]?.inFile { continue }
                let kind: Column.Kind =
                    switch try information.text(1) {
                    case "INTEGER": .number
                    case "TEXT": .text
                    default: .bytes
                    }
                all.append(Column(name: name, kind: kind))
                if let place = information.integer(2), place > 0 { key.append((place, name)) }
                if name == Self.keys[table]?.inPostgres { key.append((0, name)) }
            }
            self.table = table
            self.all = all
            let names = all.map(\.name).joined(separator: ", ")
            let order = key.sorted { $0.place < $1.place }.map(\.name).joined(separator: ", ")
            select = "SELECT \(names) FROM \(table) ORDER BY \(order)"
            let places = all.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
            insert = "INSERT INTO \(table) (\(names)) OVERRIDING SYSTEM VALUE VALUES (\(places))"
        }
    }

    private struct DigestState {
        private(set) var value = [UInt8](repeating: 0, count: SHA256.byteCount)
        private var row: [UInt8] = []

        mutating func add(_ bytes: [UInt8]) { row.append(contentsOf: bytes) }

        mutating func endRow() {
            value = SHA256.digest(value + row)
            row.removeAll(keepingCapacity: true)
        }
    }

    private enum StoredValue {
        case null
        case number(Int64)
        case text([UInt8])
        case bytes([UInt8])

        func bind(to statement: any Statement, at index: Int32) {
            switch self {
            case .null: break
            case .number(let number): statement.bind(number, at: index)
            case .text(let bytes): statement.bind(String(decoding: bytes, as: UTF8.self), at: index)
            case .bytes(let bytes): statement.bind(bytes, at: index)
            }
        }

        /// With kind and length, so that no two rows have the same bytes.
        func add(to digest: inout DigestState) {
            switch self {
            case .null: digest.add([0])
            case .number(let number): digest.add([1] + eight(number))
            case .text(let bytes): digest.add([2] + eight(Int64(bytes.count)) + bytes)
            case .bytes(let bytes): digest.add([3] + eight(Int64(bytes.count)) + bytes)
            }
        }

        private func eight(_ number: Int64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
    }
}

import Logins

/// An open database: the writer, the readers and the lock. `SQLiteLoginStore` and `SQLiteUserStore`
/// share one.
final class StoreFile: Sendable {
    let writer = Writer()
    let readers = Readers()
    private let engineReader = Readers()
    /// For the engine alone: whoever guesses tickets must not make it wait.
    var engineReaders: Readers { role == .service ? engineReader : readers }
    let claims: Claims
    let marks: ClaimMarks
    let index: TailIndex
    let watch: ChangeWatch
    let role: StoreRole
    let clock: any WallClock
    let sessionsEnded: @Sendable () -> Void
    private let damaged: @Sendable (LoginNumber, StoreError) -> Void

    private static let readerCount = 2

    init(_ options: StoreOptions) throws(StoreError) {
        // Given to the writer's thread, which holds it until after its last commit.
        let lock = options.role == .service ? try FileLock(path: options.path + "-lock") : nil
        marks = lock == nil ? ClaimMarks() : ClaimMarks(path: options.path + "-lock")
        claims = Claims(marks)
        try FileLock.createPrivately(options.path)
        role = options.role
        clock = options.clock
        damaged = options.damaged
        sessionsEnded = options.sessionsEnded
        let connection = try Self.open(options)
        let meta = try Self.meta(connection)
        index = TailIndex(meta.hash, capacity: options.newestInMemory, merged: meta.merged)
        if role == .service { try Self.loadNewest(connection, after: meta.merged, into: index) }
        watch = ChangeWatch(role == .service ? try Self.logView(options) : nil)
        let transaction = WriteTransaction(
            connection,
            index,
            highest: meta.highest,
            role: role,
            clock: options.clock,
            audited: options.audited,
            limits: options.limits,
            bulkStarts: options.bulkStarts,
            usersBlocked: options.usersBlocked,
            lock: lock,
            watch: watch
        )
        do throws(StoreError) {
            for _ in 0..<Self.readerCount { try readers.start(try Self.reader(options)) }
            if role == .service { try engineReader.start(try Self.reader(options)) }
            try writer.start(
                transaction,
                changes: { [changes = options.changes, steps = options.steps] step in
                    changes(step.after)
                    steps(step)
                }
            )
        } catch {
            readers.stop()
            engineReader.stop()
            throw error
        }
    }

    /// Finishes the jobs that wait, empties the log and lets the next process in.
    func close() async {
        await readers.close()
        marks.end()
        await engineReader.close()
        watch.close()
        await writer.close()
    }

    /// The same, without waiting.
    func stop() {
        readers.stop()
        engineReader.stop()
        writer.stop()
    }

    /// Tells of a row that cannot be read, once.
    func noteDamaged(_ number: LoginNumber, _ error: StoreError) {
        if claims.noteDamaged(number) { damaged(number, error) }
    }

    // MARK: Opening

    /// Opens the writer's connection and brings the schema to this version.
    static func open(_ options: StoreOptions) throws(StoreError) -> DatabaseConnection {
        let connection = try DatabaseConnection(
            path: options.path,
            access: .readWrite,
            role: options.role,
            busyMilliseconds: options.busyMilliseconds
        )
        let version = try Migrations.version(of: connection, options.schema)
        if version == 0 { try connection.execute("PRAGMA page_size = \(options.pageSize)") }
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw StoreError.unavailable("the file system does not support shared memory")
        }
        // FULL: each commit is synchronised, so that what was acknowledged survives a power loss.
        // The service checkpoints every 1,000 pages, which is the default and keeps the slowest
        // commit short. Deleted content is overwritten (FAST would leave overflow pages). New logins
        // reuse free pages, so the file is not shrunk (auto_vacuum's maps cost writes).
        try connection.execute(
            """
            PRAGMA synchronous = FULL;
            PRAGMA cache_size = -16384;
            PRAGMA foreign_keys = ON;
            PRAGMA secure_delete = ON;
            PRAGMA trusted_schema = OFF;
            """
        )
        if version < options.schema.count {
            guard options.role == .service || version == 0 else {
                throw StoreError.unavailable(
                    "the database has the schema of an older version: migrate it first"
                )
            }
            try Migrations.run(options.schema, on: connection)
        }
        return connection
    }

    private static func reader(_ options: StoreOptions) throws(StoreError) -> DatabaseConnection {
        let connection = try DatabaseConnection(
            path: options.path,
            access: .readOnly,
            role: options.role,
            busyMilliseconds: options.busyMilliseconds
        )
        // Opens the log and maps its index, so that whatever prevents reading fails the start. It
        // does not read the schema, which `Readers` does on threads of their own. Nor is the size of
        // the cache set, because that would: SQLite's default of 2,000 KiB holds the inner pages of
        // the indexes, and a reader needs no more.
        _ = try connection.integer("PRAGMA data_version")
        return connection
    }

    private static func logView(_ options: StoreOptions) throws(StoreError) -> LogView? {
        LogView(try reader(options))
    }

    private static func meta(
        _ connection: DatabaseConnection
    ) throws(StoreError) -> (hash: LoginHash, merged: Int64, highest: Int64) {
        let select = try connection.prepare(
            """
            SELECT hash_key_low, hash_key_high, hashes_merged,
                max(deleted_up_to, coalesce((SELECT max(number) FROM login), 0))
            FROM meta
            """
        )
        guard try select.step(), let low = select.integer(0), let high = select.integer(1),
            let merged = select.integer(2), let highest = select.integer(3)
        else { throw StoreError.damaged("the table meta is empty") }
        let key = SipHash.Key(low: UInt64(bitPattern: low), high: UInt64(bitPattern: high))
        return (LoginHash(key: key), merged, highest)
    }

    /// Reads the entries that the index's table does not have yet. By bytes, so that a damaged row
    /// does not prevent the store from opening.
    private static func loadNewest(
        _ connection: DatabaseConnection,
        after merged: Int64,
        into index: TailIndex
    ) throws(StoreError) {
        let newest = try connection.prepare(
            """
            SELECT number, server, login_id, user_id, phase IN ('preparing', 'waiting')
            FROM login WHERE number > ? ORDER BY number
            """
        )
        newest.bind(merged, at: 1)
        while try newest.step() {
            let number = newest.integer(0) ?? 0
            let key = index.hash.ofKey(newest.bytes(1), newest.bytes(2))
            index.load(key, number)
            if let user = newest.bytes(3) { index.loadHistory(index.hash.ofHistory(user), number) }
            if newest.integer(4) == 1 { index.load(index.hash.ofUser(newest.bytes(3)), number) }
        }
    }
}

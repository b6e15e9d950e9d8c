import Logins

/// An open database: the writer, the readers, the lock, and how they start and end together.
/// `SQLiteLoginStore` and `SQLiteUserStore` are two faces of one.
final class StoreFile: Sendable {
    let writer = Writer()
    let readers = Readers()
    let claims = Claims()
    let hash: LoginHash
    let keys: TailIndex
    let role: StoreRole
    let clock: any WallClock
    private let damaged: @Sendable (LoginNumber, StoreError) -> Void

    private static let readerCount = 2

    init(_ options: StoreOptions) throws(StoreError) {
        // Given to the writer's thread, which holds it to the end of its last commit.
        let lock =
            options.role == .service ? try FileLock(path: options.path + "-lock") : nil
        try FileLock.createPrivately(options.path)
        role = options.role
        clock = options.clock
        damaged = options.damaged
        let connection = try Self.open(options)
        let meta = try Self.meta(connection)
        hash = meta.hash
        keys = TailIndex(.keys, capacity: options.newestInMemory, merged: meta.keysMerged)
        let live = TailIndex(.live, capacity: options.newestInMemory, merged: meta.liveMerged)
        if options.role == .service, options.newestInMemory > 0 {
            try Self.loadNewest(connection, hash, meta, keys, live)
        }
        let transaction = WriteTransaction(
            connection,
            hash: hash,
            keys: keys,
            live: live,
            highest: meta.highest,
            role: options.role,
            lock: lock
        )
        do throws(StoreError) {
            for _ in 0..<Self.readerCount { readers.start(try Self.reader(options)) }
        } catch {
            readers.stop()
            throw error
        }
        writer.start(transaction, changes: options.changes)
    }

    /// Finishes what waits, empties the log and lets the next process in.
    func close() async {
        await readers.close()
        await writer.close()
    }

    /// The same, without waiting for it.
    func stop() {
        readers.stop()
        writer.stop()
    }

    /// Hears of a row that cannot be read.
    func noteDamaged(_ number: LoginNumber, _ error: StoreError) {
        if claims.noteDamaged(number) { damaged(number, error) }
    }

    // MARK: Opening

    /// Opens the writer's connection and brings the schema to this version.
    static func open(_ options: StoreOptions) throws(StoreError) -> Connection {
        let connection = try Connection(
            path: options.path,
            access: .readWrite,
            busyMilliseconds: options.busyMilliseconds
        )
        let version = try Migrations.version(of: connection)
        if version == 0 { try connection.execute("PRAGMA page_size = \(options.pageSize)") }
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw StoreError.unavailable("the file system cannot share memory for the log")
        }
        // FULL: the log is synchronised at each commit, so that what was acknowledged survives a
        // loss of power. 1,000 pages between checkpoints keep the slowest commit short. What is
        // deleted is overwritten where that costs no further page. Free pages are used again by
        // new logins, so the file is not shrunk (no auto_vacuum, whose maps cost writes).
        try connection.execute(
            """
            PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = 1000;
            PRAGMA cache_size = -16384;
            PRAGMA foreign_keys = ON;
            PRAGMA secure_delete = FAST;
            PRAGMA trusted_schema = OFF;
            """
        )
        if version < Schema.current {
            guard options.role == .service || version == 0 else {
                throw StoreError.unavailable(
                    "the database is of an older version: migrate it first"
                )
            }
            _ = try Migrations.run(on: connection)
        }
        return connection
    }

    private static func reader(_ options: StoreOptions) throws(StoreError) -> Connection {
        let connection = try Connection(
            path: options.path,
            access: .readOnly,
            busyMilliseconds: options.busyMilliseconds
        )
        // Negative means KiB: a reader needs the inner pages of the indexes, no more.
        try connection.execute("PRAGMA cache_size = -2048")
        return connection
    }

    private struct Meta {
        let hash: LoginHash
        let keysMerged: Int64
        let liveMerged: Int64
        let highest: Int64
    }

    private static func meta(_ connection: Connection) throws(StoreError) -> Meta {
        let select = try connection.prepare(
            """
            SELECT hash_key_low, hash_key_high, keys_merged, live_merged,
                max(deleted_up_to, coalesce((SELECT max(number) FROM login), 0))
            FROM meta
            """
        )
        guard try select.step(), let low = select.integer(0), let high = select.integer(1),
            let keysMerged = select.integer(2), let liveMerged = select.integer(3),
            let highest = select.integer(4)
        else { throw StoreError.damaged("the table meta is empty") }
        return Meta(
            hash: LoginHash(
                key: SipHash.Key(low: UInt64(bitPattern: low), high: UInt64(bitPattern: high))
            ),
            keysMerged: keysMerged,
            liveMerged: liveMerged,
            highest: highest
        )
    }

    /// Reads what the indexes on disk do not have yet. By bytes, so that a damaged row does not keep
    /// the others from being served.
    private static func loadNewest(
        _ connection: Connection,
        _ hash: LoginHash,
        _ meta: Meta,
        _ keys: TailIndex,
        _ live: TailIndex
    ) throws(StoreError) {
        let newest = try connection.prepare(
            "SELECT number, server, tenant, login_id FROM login WHERE number > ?"
        )
        newest.bind(meta.keysMerged, at: 1)
        while try newest.step() {
            var key = SipHash(hash.key)
            key.combine(newest.bytes(1))
            key.combine(newest.bytes(2))
            key.combine(newest.bytes(3))
            keys.load(hash: key.finalize(), number: newest.integer(0) ?? 0)
        }
        let asked = try connection.prepare(
            """
            SELECT number, user_id FROM login
            WHERE number > ? AND phase IN ('preparing', 'waiting')
            """
        )
        asked.bind(meta.liveMerged, at: 1)
        while try asked.step() {
            var user = SipHash(hash.key)
            user.combine(asked.bytes(1))
            live.load(hash: user.finalize(), number: asked.integer(0) ?? 0)
        }
    }
}

extension StoreOptions {
    var busyMilliseconds: Int32 { Int32(clamping: busyTimeout.milliseconds) }
}

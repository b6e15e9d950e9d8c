import Access
import Logins

/// A database in a file, which this process alone serves.
final class SQLiteDatabase: Database {
    let index: any LoginIndex
    let claims: Claims
    let readerCount = 2
    private let marks: ClaimMarks
    private let watch: ChangeWatch
    private let options: StoreOptions

    var interrupted: Set<LoginNumber> { marks.interrupted }

    private init(
        _ options: StoreOptions,
        _ index: any LoginIndex,
        _ marks: ClaimMarks,
        _ watch: ChangeWatch
    ) {
        self.options = options
        self.index = index
        self.marks = marks
        self.watch = watch
        claims = Claims(marks)
    }

    /// Takes the file's lock, migrates and reads the newest rows.
    static func open(
        _ options: StoreOptions
    ) throws(StoreError) -> sending (SQLiteDatabase, SQLiteBackend) {
        // Given to the writer's thread, which holds it until after its last commit.
        let lock = options.role == .service ? try FileLock(path: options.path + "-lock") : nil
        let marks = lock == nil ? ClaimMarks() : ClaimMarks(path: options.path + "-lock")
        try FileLock.createPrivately(options.path)
        let connection = try connect(options)
        let meta = try meta(connection)
        let isService = options.role == .service
        let index = TailIndex(
            meta.hash,
            capacity: options.newestInMemory,
            merged: meta.merged,
            hasNewest: isService
        )
        if isService { try loadNewest(connection, after: meta.merged, into: index) }
        let watch = ChangeWatch(isService ? try logView(options) : nil)
        let backend = SQLiteBackend(
            connection,
            index,
            highest: meta.highest,
            isService: isService,
            lock: lock,
            watch: watch
        )
        return (SQLiteDatabase(options, index, marks, watch), backend)
    }

    func makeReader() throws(StoreError) -> sending any DatabaseConnection {
        try Self.reader(options)
    }

    func dueWork(
        at now: Timestamp,
        within slots: Slots,
        _ connection: any DatabaseConnection,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> DueWork {
        guard let file = connection as? SQLiteConnection else { return DueWork([], next: nil) }
        var left = slots
        let taken = try file.take(at: now, within: &left, claims)
        let given = try file.claims(of: taken, at: now, claims, whenDamaged: whenDamaged)
        // What was not given has left its slot free.
        guard given.count == taken.count else { return DueWork(given, next: now) }
        return DueWork(given, next: file.next(at: now, within: left, claims))
    }

    func nextDue(
        at now: Timestamp,
        within slots: Slots,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> Timestamp? {
        guard let file = connection as? SQLiteConnection else { return nil }
        return try file.nextDue(at: now, within: slots, claims)
    }

    let isShared = false
    func leads(_ connection: any DatabaseConnection) -> Bool { true }
    func start(_ writer: Writer) {}
    func stop() {}
    func forgetInterrupted() { marks.forgetInterrupted() }
    func mark() -> StoreMark? { watch.mark() }
    func endClaims() { marks.end() }
    func endWatching() async { watch.close() }

    // MARK: Opening

    /// Opens the writer's connection and brings the schema to this version.
    static func connect(_ options: StoreOptions) throws(StoreError) -> SQLiteConnection {
        let connection = try SQLiteConnection(
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
            try Migrations.run(options.schema, on: connection, notice: options.migration)
        }
        return connection
    }

    private static func reader(_ options: StoreOptions) throws(StoreError) -> SQLiteConnection {
        let connection = try SQLiteConnection(
            path: options.path,
            access: .readOnly,
            role: options.role,
            busyMilliseconds: options.busyMilliseconds
        )
        // Opens the log and maps its index, so that whatever prevents reading fails the start. It
        // does not read the schema, which takes a millisecond: the first read of a connection does.
        // Nor is the size of the cache set, because that would: SQLite's default of 2,000 KiB holds
        // the inner pages of the indexes, and a reader needs no more.
        _ = try connection.integer("PRAGMA data_version")
        return connection
    }

    private static func logView(_ options: StoreOptions) throws(StoreError) -> LogView? {
        LogView(try reader(options))
    }

    private static func meta(
        _ connection: SQLiteConnection
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
        _ connection: SQLiteConnection,
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

/// The writer's side of a file.
final class SQLiteBackend: WriterBackend {
    private let file: SQLiteConnection
    private let tail: TailIndex
    let starts: any StartCounts
    private let counts = MemoryStartCounts()
    private(set) var highest: Int64
    private let isService: Bool
    /// Held until after the last commit, so that the next service sees all of them.
    private let lock: FileLock?
    private let watch: ChangeWatch
    /// The rows that the connection had changed before; nil if nobody watches.
    private var changedBefore: Int64?

    var connection: any DatabaseConnection { file }
    var index: any LoginIndex { tail }

    init(
        _ connection: SQLiteConnection,
        _ index: TailIndex,
        highest: Int64,
        isService: Bool,
        lock: FileLock?,
        watch: ChangeWatch
    ) {
        file = connection
        tail = index
        starts = counts
        self.highest = highest
        self.isService = isService
        self.lock = lock
        self.watch = watch
    }

    func begin(_ expected: ExpectedWork) throws(StoreError) {
        try file.begin()
        if watch.begin() { changedBefore = file.changedRows }
    }

    func commit(_ written: Written) throws(StoreError) -> Set<LoginNumber> {
        // Each login brings three entries. The others share pages and are too few to delay a commit.
        try tail.merge(max(512, 4 * written.inserted), file)
        let standings = changedBefore == nil ? nil : try file.standingVersion()
        try file.commit()
        if let standings {
            watch.end(standings: standings, wrote: file.changedRows != changedBefore)
        }
        changedBefore = nil
        highest += Int64(written.inserted)
        tail.commit(highest: highest)
        counts.commit()
        // The log has copies of what was erased, here or by a tool. If a reader prevents that it is
        // emptied, the next sweep of retention does it.
        if written.erased, isService { file.checkpoint() }
        return written.claimed
    }

    // What is asked here costs no more one by one.
    func isHeld(_ number: LoginNumber) -> Bool { true }
    let auditEnd: AuditMark? = nil
    let mayRunAgain = false
    let mayHaveBlocks = true
    func noteBlock() {}

    func rollback() {
        file.rollback()
        watch.abandon()
        changedBefore = nil
        tail.rollback()
        counts.rollback()
    }

    /// Moves the index in memory to its table and the log into the database.
    func finish() {
        while isService, tail.flush(highest: highest) {
            do throws(StoreError) {
                try begin(ExpectedWork())
                try tail.merge(8_192, file)
                try file.commit()
                watch.abandon()
                changedBefore = nil
                tail.commit(highest: highest)
            } catch {
                rollback()
                break
            }
        }
        if isService { file.checkpoint() }
    }
}

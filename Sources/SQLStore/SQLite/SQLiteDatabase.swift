import Access
import Logins

/// A database in a file, which this process alone serves.
final class SQLiteDatabase: Database {
    let index: any LoginIndex
    let claims: Claims
    let readerCount = 2
    private let marks: ClaimMarks
    let watch: ChangeWatch?
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
        let index = LoginTail(
            meta.hash,
            capacity: options.newestInMemory,
            merged: meta.merged,
            hasNewest: isService
        )
        let uses = UsesInFile(
            connection,
            meta.hash.key,
            capacity: options.newestInMemory / 4,
            merged: meta.usesMerged,
            highest: meta.highestUse,
            isService: isService
        )
        if isService {
            try index.loadNewest(after: meta.merged, connection)
            try uses.loadNewest(after: meta.usesMerged)
        }
        let watch = ChangeWatch(isService ? try logView(options) : nil)
        let backend = SQLiteBackend(
            connection,
            index,
            uses,
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
    func endClaims() { marks.end() }
    func endWatching() async { watch?.close() }

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

    private struct Meta {
        let hash: LoginHash
        let merged: Int64
        /// The highest number of a login.
        let highest: Int64
        let usesMerged: Int64
        let highestUse: Int64
    }

    private static func meta(_ connection: SQLiteConnection) throws(StoreError) -> Meta {
        let columns = try connection.integer(
            "SELECT count(*) FROM pragma_table_info('meta') WHERE name = 'uses_merged'"
        )
        guard columns == 1 else {
            throw StoreError.unavailable(
                "the database was made by a build before the first version: start with a new one"
            )
        }
        let select = try connection.prepare(
            """
            SELECT hash_key_low, hash_key_high, hashes_merged,
                max(deleted_up_to, coalesce((SELECT max(number) FROM login), 0)), uses_merged,
                max(uses_merged, coalesce((SELECT max(number) FROM used_once), 0))
            FROM meta
            """
        )
        guard try select.step(), let low = select.integer(0), let high = select.integer(1),
            let merged = select.integer(2), let highest = select.integer(3),
            let usesMerged = select.integer(4), let highestUse = select.integer(5)
        else { throw StoreError.damaged("the table meta is empty") }
        let key = SipHash.Key(low: UInt64(bitPattern: low), high: UInt64(bitPattern: high))
        return Meta(
            hash: LoginHash(key: key),
            merged: merged,
            highest: highest,
            usesMerged: usesMerged,
            highestUse: highestUse
        )
    }
}

/// The writer's side of a file.
final class SQLiteBackend: WriterBackend {
    private let file: SQLiteConnection
    private let logins: LoginTail
    private let tail: TailIndex
    private let usesInFile: UsesInFile
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
    var index: any LoginIndex { logins }
    var uses: any UsedOnce { usesInFile }

    init(
        _ connection: SQLiteConnection,
        _ index: LoginTail,
        _ uses: UsesInFile,
        highest: Int64,
        isService: Bool,
        lock: FileLock?,
        watch: ChangeWatch
    ) {
        file = connection
        logins = index
        tail = index.tail
        usesInFile = uses
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
        // A tool does not have the newest entries, so it must not say that a table is complete. Each
        // login brings three entries. The others share pages and are too few to delay a commit.
        if isService {
            try tail.merge(max(512, 4 * written.inserted), file)
            try usesInFile.merge()
        }
        let standings = changedBefore == nil ? nil : try file.standingVersion()
        try file.commit()
        if let standings {
            watch.end(standings: standings, wrote: file.changedRows != changedBefore)
        }
        changedBefore = nil
        highest += Int64(written.inserted)
        tail.commit(highest: highest)
        usesInFile.commit()
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
        usesInFile.rollback()
        counts.rollback()
    }

    /// Moves the indexes in memory to their tables and the log into the database.
    func finish() {
        while isService, tail.flush(highest: highest) || usesInFile.flush() {
            do throws(StoreError) {
                try begin(ExpectedWork())
                try tail.merge(8_192, file)
                try usesInFile.merge(atLeast: 8_192)
                try file.commit()
                watch.abandon()
                changedBefore = nil
                tail.commit(highest: highest)
                usesInFile.commit()
            } catch {
                rollback()
                break
            }
        }
        if isService { file.checkpoint() }
    }
}

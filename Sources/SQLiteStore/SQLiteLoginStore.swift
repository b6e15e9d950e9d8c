public import Logins

/// Pending logins in an SQLite file: the store of a single process, with nothing to install.
///
/// One thread writes and commits all who wait as one transaction, two read. A body given to
/// `update` may be run a second time when a statement of a neighbour fails, so it must have no
/// effect but on its login. Two processes cannot serve one file: the second is told `locked`.
///
/// Why keys are found through memory first (`store-bench`: durable inserts of some 600 bytes by 64
/// callers, medians of three interleaved rounds, as ratios to the best): with 200,000 rows present,
/// an index on disk over the random keys reaches 0.45 with pages of 4 KiB and 0.33 with 8 KiB; with
/// the newest 32,768 keys in memory, merged into the index in sorted runs, it is 0.92 and 0.91, and
/// 0.92 and 1.00 on a fresh file. Both indexes over hashes (keys, live logins of a user) work so.
/// Pages are of 4 KiB: between the two there is no more than noise, and changing old logins
/// touches random pages, of which the smaller cost less.
public final class SQLiteLoginStore: LoginStore {
    private let file: StoreFile

    /// The users in the same file.
    public let users: SQLiteUserStore

    /// Opens or makes the database. Blocks while it migrates and reads the newest rows.
    ///
    /// - Throws: `locked` when another process serves it, `unavailable` for a stranger's database,
    ///   one of a newer version, or (for a tool) one that is still to be migrated.
    public init(_ options: StoreOptions) throws(StoreError) {
        file = try StoreFile(options)
        users = SQLiteUserStore(file)
    }

    deinit { file.stop() }

    /// Brings a database to this version's schema, making it if there is none; the service that
    /// uses it must not be running.
    ///
    /// - Returns: the version found and the version reached.
    public static func migrate(
        path: String,
        clock: any WallClock
    ) throws(StoreError) -> (from: Int, to: Int) {
        let lock = try FileLock(path: path + "-lock")
        defer { lock.release() }
        try FileLock.createPrivately(path)
        let options = StoreOptions(path: path, role: .service, clock: clock)
        let found = try Migrations.version(
            of: Connection(
                path: path,
                access: .readWrite,
                busyMilliseconds: options.busyMilliseconds
            )
        )
        _ = try StoreFile.open(options)
        return (found, Schema.current)
    }

    /// Finishes what waits, empties the log into the database and frees the file for the next
    /// process. Later calls throw `closed`. May be called again.
    public func close() async { await file.close() }

    /// Writes a little and waits until it is durable, as every change does: returns when writing
    /// works, throws what stands in its way when not. Changes nothing that anyone can see.
    ///
    /// - Throws: `full`, `locked`, `closed`, or whatever else an insert would throw now.
    public func probe() async throws(StoreError) {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.probe()
        }
    }

    /// Rows found so far that cannot be read as logins; each was also told to `damaged`.
    public var damagedRows: Int { file.claims.damagedCount }

    public func insert(
        _ login: PendingLogin,
        limits: LoginLimits
    ) async throws(StoreError) -> Insertion {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.insert(login, limits: limits)
        }
    }

    public func login(_ key: LoginKey) async throws(StoreError) -> StoredLogin? {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            let hash = file.hash.of(key)
            if let known = try connection.login(key, among: file.keys.numbers(hash)) {
                return known
            }
            if let known = try connection.login(key, among: file.keys.stored(hash, connection)) {
                return known
            }
            return file.role == .tool ? try connection.loginNotMerged(key) : nil
        }
    }

    public func login(_ number: LoginNumber) async throws(StoreError) -> StoredLogin? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.login(number)
        }
    }

    public func update(
        _ number: LoginNumber,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? {
        let now = file.clock.now()
        return try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.update(number, at: now, body)
        }
    }

    public func claim(
        at now: Timestamp,
        within slots: Slots
    ) async throws(StoreError) -> [Claim] {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            try connection.claim(at: now, within: slots, file.claims) { number, error in
                file.noteDamaged(number, error)
            }
        }
    }

    public func release(_ claim: Claim) {
        file.claims.release(claim.stored.number, claim.duty)
    }

    public func nextDue(within slots: Slots) async throws(StoreError) -> Timestamp? {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            try connection.nextDue(at: file.clock.now(), within: slots, file.claims)
        }
    }

    public func queues(at now: Timestamp) async throws(StoreError) -> [QueueDepth] {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.depths(at: now)
        }
    }

    public func recover(at now: Timestamp) async throws(StoreError) -> Int {
        var count = 0
        var after = LoginNumber(.min)
        while true {
            let start = after
            let step = try await file.writer.submit { (transaction) throws(StoreError) in
                try transaction.interrupt(after: start, at: now, limit: 1_000)
            }
            count += step.count
            guard let last = step.last else { return count }
            after = last
        }
    }

    public func logins(
        in phase: PendingLogin.PhaseName,
        after: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            try connection.logins(in: phase, after: after, limit: limit) { number, error in
                file.noteDamaged(number, error)
            }
        }
    }

    public func census() async throws(StoreError) -> [Census] {
        try await file.readers.read { (connection) throws(StoreError) in try connection.census() }
    }

    public func redact(
        settledBefore moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.redact(settledBefore: moment, limit: limit)
        }
    }

    public func delete(
        settledBefore moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.delete(settledBefore: moment, limit: limit)
        }
    }
}

public import Logins

/// Pending logins in an SQLite file: the store of a single process, with nothing to install.
///
/// One thread writes and commits all callers that wait as one transaction; three threads read, one of them
/// for the engine alone, so that look-ups never delay it. The body
/// of an `update` may run twice, when a statement of another job fails, so it must have no effect but
/// on its login. Two processes cannot serve one file: the second gets the error `locked`.
public final class SQLiteLoginStore: LoginStore {
    let file: StoreFile

    /// The users in the same file.
    public let users: SQLiteUserStore
    /// Clients, consents to delegation and the audit in the same file.
    public let access: SQLiteAccessStore
    /// The sessions in the same file.
    public let sessions: SQLiteSessionStore
    /// The devices in the same file.
    public let devices: SQLiteDeviceStore

    /// Opens the database, creating it when there is none. Blocks while it migrates and reads the
    /// newest rows.
    ///
    /// - Throws: `locked` when another process serves it; `unavailable` for another application's
    ///   database, one of a newer version, or (for a tool) one that must be migrated first.
    public init(_ options: StoreOptions) throws(StoreError) {
        file = try StoreFile(options)
        users = SQLiteUserStore(file)
        access = SQLiteAccessStore(file)
        sessions = SQLiteSessionStore(file)
        devices = SQLiteDeviceStore(file)
    }

    deinit { file.stop() }

    /// Brings a database to the schema of this version, creating it when there is none. The service
    /// that uses it must not be running.
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
            of: DatabaseConnection(
                path: path,
                access: .readWrite,
                role: .service,
                busyMilliseconds: options.busyMilliseconds
            )
        )
        _ = try StoreFile.open(options)
        return (found, options.schema.count)
    }

    /// Finishes the calls that wait, empties the log into the database and releases the file for the
    /// next process. Later calls throw `closed`. May be called again.
    public func close() async { await file.close() }

    /// Checks that writing works: writes and waits until it is durable, as every change does, without
    /// a visible change.
    ///
    /// - Throws: `full`, `locked`, `closed`, or whatever else an insert would throw now.
    public func probe() async throws(StoreError) {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.probe()
        }
    }

    /// The number of rows found so far that cannot be read as logins (`StoreOptions.damaged`).
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
            let hash = file.index.hash.of(key)
            if let known = try connection.login(key, hash, file.index) { return known }
            return file.role == .tool ? try connection.loginNotMerged(key) : nil
        }
    }

    public func login(_ number: LoginNumber) async throws(StoreError) -> StoredLogin? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.login(number)
        }
    }

    public func tickets(
        of number: LoginNumber
    ) async throws(StoreError) -> [PendingLogin.TicketDigest] {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.tickets(of: number)
        }
    }

    public func update(
        _ number: LoginNumber,
        yielding: Bool,
        by key: KeyUse?,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? {
        let now = file.clock.now()
        return try await file.writer.submit(yielding: yielding) {
            (transaction) throws(StoreError) in
            if let key, let objection = try transaction.use(key) {
                return .failure(.key(objection))
            }
            return try transaction.update(number, at: now, body)
        }
    }

    public func claim(
        at now: Timestamp,
        within slots: Slots
    ) async throws(StoreError) -> [Claim] {
        try await file.engineReaders.read { [file] (connection) throws(StoreError) in
            try connection.claim(at: now, within: slots, file.claims) { number, error in
                file.noteDamaged(number, error)
            }
        }
    }

    public func release(_ claim: Claim) {
        file.claims.release(claim.stored.number, claim.duty)
    }

    public func nextDue(within slots: Slots) async throws(StoreError) -> Timestamp? {
        try await file.engineReaders.read { [file] (connection) throws(StoreError) in
            try connection.nextDue(at: file.clock.now(), within: slots, file.claims)
        }
    }

    public func queues(at now: Timestamp) async throws(StoreError) -> [QueueDepth] {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.depths(at: now)
        }
    }

    public func recover(at now: Timestamp) async throws(StoreError) -> Int {
        let interrupted = file.marks.interrupted
        if !interrupted.isEmpty {
            try await file.writer.submit { (transaction) throws(StoreError) in
                try transaction.countInterrupted(interrupted, at: now)
            }
        }
        file.marks.forgetInterrupted()
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

    public func liveLogins(
        of user: UserID,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            try connection.liveLogins(of: user, limit: limit, file.index) { number, error in
                file.noteDamaged(number, error)
            }
        }
    }

    public func pastLogins(
        of user: UserID,
        before: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin] {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            try connection.pastLogins(
                of: user,
                before: before,
                limit: limit,
                file.index
            ) { number, error in
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
            let count = try transaction.redact(settledBefore: moment, limit: limit)
            if count < limit { transaction.emptyLog() }
            return count
        }
    }

    public func lastSweep() async throws(StoreError) -> Timestamp? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.integer("SELECT swept_at FROM meta").map(Timestamp.init(milliseconds:))
        }
    }

    public func noteSweep(at moment: Timestamp) async throws(StoreError) {
        try await file.writer.submit { (transaction) throws(StoreError) in
            let update = try transaction.connection.statement("UPDATE meta SET swept_at = ?")
            update.bind(moment.milliseconds, at: 1)
            try update.run()
        }
    }

    public func delete(
        settledBefore moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await file.writer.submit { (transaction) throws(StoreError) in
            let count = try transaction.delete(settledBefore: moment, limit: limit)
            if count < limit { transaction.emptyLog() }
            return count
        }
    }
}

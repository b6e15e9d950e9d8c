public import Logins

/// Pending logins in an SQLite file, the store of a single process with nothing to install, or in a
/// database of PostgreSQL, which several processes serve.
///
/// One thread writes and commits all callers that wait as one transaction; other threads read, one of
/// them for the engine alone, so that look-ups never delay it. The body of an `update` may run twice, when
/// a statement of another job fails, so it must have no effect but on its login. Two processes cannot
/// serve one file: the second gets the error `locked`.
public final class SQLLoginStore: LoginStore {
    let file: OpenStore

    /// The users in the same database.
    public let users: SQLUserStore
    /// Clients, consents to delegation and the audit in the same file.
    public let access: SQLAccessStore
    /// The sessions in the same file.
    public let sessions: SQLSessionStore
    /// The devices in the same file.
    public let devices: SQLDeviceStore

    /// Opens the database, creating it when there is none. Blocks while it migrates and reads the
    /// newest rows.
    ///
    /// - Throws: `locked` when another process serves it; `unavailable` for another application's
    ///   database, one of a newer version, or (for a tool) one that must be migrated first.
    public init(_ options: StoreOptions) throws(StoreError) {
        file = try OpenStore(options)
        users = SQLUserStore(file)
        access = SQLAccessStore(file)
        sessions = SQLSessionStore(file)
        devices = SQLDeviceStore(file)
    }

    deinit { file.stop() }

    /// Brings a database to the schema of this version, creating it when there is none. The service
    /// that uses it must not be running.
    ///
    /// - Returns: the version found and the version reached.
    public static func migrate(
        path: String,
        clock: any WallClock,
        notice: @escaping @Sendable (MigrationNotice) -> Void = { _ in }
    ) throws(StoreError) -> (from: Int, to: Int) {
        let lock = try FileLock(path: path + "-lock")
        defer { lock.release() }
        try FileLock.createPrivately(path)
        var options = StoreOptions(path: path, role: .service, clock: clock)
        options.migration = notice
        let found = try Migrations.version(
            of: SQLiteConnection(
                path: path,
                access: .readWrite,
                role: .service,
                busyMilliseconds: options.busyMilliseconds
            )
        )
        _ = try SQLiteDatabase.connect(options)
        return (found, options.schema.count)
    }

    /// Brings a database in PostgreSQL to the schema of this version.
    ///
    /// - Returns: the version found and the version reached.
    public static func migrate(
        _ place: PostgresOptions,
        notice: (MigrationNotice) -> Void = { _ in }
    ) throws(StoreError) -> (from: Int, to: Int) {
        try PostgresMigrations.run(at: place, notice: notice)
    }

    /// What the processes of a database in PostgreSQL share besides its tables.
    ///
    /// - Throws: `unavailable` for a file, which has no other processes.
    public func sharedSecrets() throws(StoreError) -> SharedSecrets {
        guard let place = file.options.postgres else {
            throw StoreError.unavailable("a file shares no secrets")
        }
        return SharedSecrets(place)
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
    public var damagedRows: Int { file.database.claims.damagedCount }

    public func insert(
        _ login: PendingLogin,
        limits: LoginLimits
    ) async throws(StoreError) -> Insertion {
        try await file.writer.submit(about: .inserts(login)) { (transaction) throws(StoreError) in
            try transaction.insert(login, limits: limits)
        }
    }

    public func login(_ key: LoginKey) async throws(StoreError) -> StoredLogin? {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            try file.index.login(key, connection)
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
        claimed: Bool,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? {
        let now = file.clock.now()
        return try await file.writer.submit(yielding: yielding, about: .updates(number)) {
            (transaction) throws(StoreError) in
            if claimed, try !transaction.backend.isHeld(number) { return nil }
            if let key, let objection = try transaction.use(key) {
                return .failure(.key(objection))
            }
            return try transaction.update(number, at: now, asWork: claimed, body)
        }
    }

    public func dueWork(
        at now: Timestamp,
        within slots: Slots
    ) async throws(StoreError) -> DueWork {
        let work = try await file.engineReaders.read { [file] (connection) throws(StoreError) in
            try file.database.dueWork(at: now, within: slots, connection) { number, error in
                file.noteDamaged(number, error)
            }
        }
        guard file.database.isShared, work.claims.contains(where: \.isCutOff) else { return work }
        return DueWork(try await interruptingCutOff(work.claims, at: now), next: now)
    }

    /// Whoever began a report and does not work on it any more has died.
    private func interruptingCutOff(
        _ claims: [Claim],
        at now: Timestamp
    ) async throws(StoreError) -> [Claim] {
        do {
            let left = try await file.writer.submit { (transaction) throws(StoreError) in
                var left: [Claim] = []
                for claim in claims {
                    if !claim.isCutOff {
                        left.append(claim)
                    } else if let found = try transaction.interrupt(claim, at: now) {
                        left.append(found)
                    }
                }
                return left
            }
            let kept = Set(left.map(\.stored.number))
            for claim in claims where !kept.contains(claim.stored.number) { release(claim) }
            return left
        } catch {
            for claim in claims { release(claim) }
            throw error
        }
    }

    public func release(_ claim: Claim) {
        file.database.claims.release(claim.stored.number, claim.duty)
    }

    public func nextDue(within slots: Slots) async throws(StoreError) -> Timestamp? {
        try await file.engineReaders.read { [file] (connection) throws(StoreError) in
            try file.database.nextDue(at: file.clock.now(), within: slots, connection)
        }
    }

    public func queues(at now: Timestamp) async throws(StoreError) -> [QueueDepth] {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.depths(at: now)
        }
    }

    public func recover(at now: Timestamp) async throws(StoreError) -> Int {
        let interrupted = file.database.interrupted
        if !interrupted.isEmpty {
            try await file.writer.submit { (transaction) throws(StoreError) in
                try transaction.countInterrupted(interrupted, at: now)
            }
        }
        file.database.forgetInterrupted()
        let isShared = file.database.isShared
        var count = 0
        var after = LoginNumber(.min)
        while true {
            let start = after
            let step = try await file.writer.submit { (transaction) throws(StoreError) in
                try transaction.interrupt(
                    after: start,
                    unclaimed: isShared,
                    at: now,
                    limit: 1_000
                )
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
            if count < limit { transaction.noteErased() }
            return count
        }
    }

    public func lastSweep() async throws(StoreError) -> Timestamp? {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement("SELECT swept_at FROM meta")
            defer { select.reset() }
            return try select.step() ? select.integer(0).map(Timestamp.init(milliseconds:)) : nil
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
            if count < limit { transaction.noteErased() }
            return count
        }
    }
}

extension Claim {
    /// Whether the report was begun under an earlier claim.
    var isCutOff: Bool {
        guard duty == .report, case .reporting(_, let report) = stored.login.phase else {
            return false
        }
        return report.isUnderWay
    }
}

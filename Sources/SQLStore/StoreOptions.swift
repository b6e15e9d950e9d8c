public import Logins

/// What a process does with a database.
public enum StoreRole: Hashable, Sendable {
    /// The service: takes the exclusive lock, migrates, inserts and claims.
    case service
    /// A command beside the service: reads, and changes logins and users, but inserts no logins.
    case tool
}

/// What is to be known of a migration, which may take its time.
public enum MigrationNotice: Hashable, Sendable {
    /// Another process migrates the same database: this one waits until that has ended.
    case awaited
    /// A database that is not empty is brought from one version of the schema to another.
    case begun(from: Int, to: Int)
}

/// How a store is opened.
public struct StoreOptions: Sendable {
    /// The database file. SQLite and the store keep three more beside it, with the same name and
    /// `-wal`, `-shm` and `-lock`.
    public var path: String
    public var role: StoreRole
    /// The source of the timestamps of users and of the current time in `update` and `nextDue`.
    public var clock: any WallClock
    /// How long to wait for another process that writes, before the error `locked`.
    public var busyTimeout: Duration = .seconds(30)
    /// Called on the writer's thread for each login that was inserted or updated, after it is
    /// durable and before the caller that changed it resumes. Must not block.
    public var changes: @Sendable (LoginStep) -> Void = { _ in }
    /// Asked within a transaction for each login that it leaves with a duty that is due now. Whoever
    /// takes the duty on returns what to call once, when the transaction has ended or the claim cannot be
    /// made; the claim is made together with the change, so that nobody has to look for it. Asked again
    /// for each attempt of the transaction, on the writer's thread. Must not block.
    public var takesOn: (@Sendable (Claim) -> HandOver?)?
    /// Called under the rules of `changes` when there are new entries of the audit, with the numbers of those that
    /// somebody else wrote where ours belong.
    public var audited: @Sendable (_ foreign: [ClosedRange<Int64>]) -> Void = { _ in }
    /// Called after sessions have ended by anything but the time, on any thread. Must not block.
    public var sessionsEnded: @Sendable () -> Void = {}
    /// What prompts and decisions of a user lead to; those of starts come with `insert`.
    public var limits = LoginLimits.none
    /// Called under the rules of `changes` when a client has started logins for more users within a
    /// minute than `limits` allow; once a minute for each client.
    public var bulkStarts: @Sendable (ClientID) -> Void = { _ in }
    /// Called under the rules of `changes` when users were blocked after failed attempts, with their
    /// number.
    public var usersBlocked: @Sendable (_ count: Int) -> Void = { _ in }
    /// Called while the store opens.
    public var migration: @Sendable (MigrationNotice) -> Void = { _ in }
    /// Called under the rules of `changes` when devices were revoked, or have another key, and on a thread
    /// of the store when another process has done that.
    public var devicesEnded: @Sendable ([DeviceID]) -> Void = { _ in }
    /// Called once for each row that cannot be read as a login; such rows are skipped.
    public var damaged: @Sendable (LoginNumber, StoreError) -> Void = { _, _ in }

    public init(path: String, role: StoreRole, clock: any WallClock) {
        self.path = path
        self.role = role
        self.clock = clock
    }

    public init(postgres: PostgresOptions, role: StoreRole, clock: any WallClock) {
        self.init(path: "", role: role, clock: clock)
        self.postgres = postgres
    }

    /// Where the database is in PostgreSQL; then `path` says nothing.
    public var postgres: PostgresOptions?
    // What other processes do with a shared database. Called on a thread of the store; must not block.

    /// A login that another process has changed. Only called while `isFollowed`.
    public var changedByOthers: @Sendable (StoredLogin) -> Void = { _ in }
    /// Whether somebody waits for changes of logins.
    public var isFollowed: @Sendable () -> Bool = { false }
    /// There may be work that another process has left.
    public var othersWork: @Sendable () -> Void = {}
    /// Anything may have changed, because changes may have been missed.
    public var othersChanged: @Sendable () -> Void = {}

    /// Bytes of a page of a new database; an existing one keeps its own.
    package var pageSize = 4_096
    /// How many entries of the logins' index by hash are kept in memory before they are moved to its
    /// table (`TailIndex`): three for each login. Of what was used once a quarter as many.
    package var newestInMemory = 65_536
    /// The steps of the schema, for tests of migrations.
    var schema = Schema.steps

    var busyMilliseconds: Int32 { Int32(clamping: busyTimeout.milliseconds) }
}

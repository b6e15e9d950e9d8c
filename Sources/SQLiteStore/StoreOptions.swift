public import Logins

/// What a process is to a database.
public enum StoreRole: Hashable, Sendable {
    /// The one process that serves: it takes the exclusive lock, migrates, inserts and claims.
    case service
    /// A command beside it: reads, changes logins and users, but takes no logins.
    case tool
}

/// How a store is opened.
public struct StoreOptions: Sendable {
    /// The database file; three more with its name and `-wal`, `-shm`, `-lock` stand beside it.
    public var path: String
    public var role: StoreRole
    /// Where the times of users come from.
    public var clock: any WallClock
    /// How long to wait for another process that writes, before `locked`.
    public var busyTimeout: Duration = .seconds(5)
    /// Called on the writer's thread for each login that was inserted or updated, after it is
    /// durable and before whoever changed it goes on. Must be quick and must not wait.
    public var changes: @Sendable (StoredLogin) -> Void = { _ in }
    /// Called once for each row that cannot be read as a login, which is then passed over.
    public var damaged: @Sendable (LoginNumber, StoreError) -> Void = { _, _ in }

    public init(path: String, role: StoreRole, clock: any WallClock) {
        self.path = path
        self.role = role
        self.clock = clock
    }

    /// Bytes of a page of a new database; an existing one keeps its own.
    package var pageSize = 4_096
    /// How many of the newest logins are found by memory rather than by an index on disk.
    package var newestInMemory = 32_768
}

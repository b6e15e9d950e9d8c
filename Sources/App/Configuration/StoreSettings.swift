import Configuration
public import SQLStore

/// Where logins are stored and for how long.
public struct StoreSettings: Hashable, Sendable {
    /// The path of the SQLite file. Default `beckon.db` beside the configuration.
    public var sqlitePath: String
    /// The database in PostgreSQL, if there is one; then there is no file.
    public var postgres: PostgresOptions?
    /// After this a settled login loses its personal data. Default 7 days.
    public var redactAfter: Duration
    /// After this it is deleted. Default 400 days.
    public var deleteAfter: Duration
    /// After this an entry of the audit is deleted. Default 400 days.
    public var auditAfter: Duration

    /// Where it is, for people.
    var description: String { postgres.map { "the database \($0.database)" } ?? sqlitePath }

    init(_ section: Section) {
        let sqlite = section.group("sqlite", "The SQLite store.")
        sqlitePath = sqlite.path("path", default: "beckon.db", "The database file.")
        let server = section.group(
            "postgres",
            "The store in PostgreSQL 15 or later, which several processes can share; instead of sqlite."
        )
        postgres = PostgresSettings.read(server)
        if postgres == nil { Self.checkPath(sqlitePath, sqlite) }
        if server.isPresent, sqlite.isPresent {
            section.warn("sqlite", "is not used beside postgres")
        }
        sqlite.end()
        let retention = section.group(
            "retention",
            "How long settled logins and the audit are stored."
        )
        let bounds: ClosedRange<Duration> = .seconds(3600)...(.seconds(86400 * 36500))
        redactAfter = retention.duration(
            "redact_after",
            default: .seconds(86400 * 7),
            bounds,
            "Personal data is erased this long after the login was settled."
        )
        deleteAfter = retention.duration(
            "delete_after",
            default: .seconds(86400 * 400),
            bounds,
            "The login is deleted this long after it was settled."
        )
        auditAfter = retention.duration(
            "audit",
            default: .seconds(86400 * 400),
            bounds,
            "An entry of the audit is deleted this long after it was written."
        )
        if deleteAfter < redactAfter {
            retention.problem("delete_after", "must not be shorter than redact_after")
        }
        retention.end()
        section.end()
    }

    /// The database is created, its folder is not.
    private static func checkPath(_ path: String, _ section: Section) {
        let find = section.environment.obstacle
        let folder = Files.directory(of: path)
        if let obstacle = find(folder, .folder) {
            section.problem("path", "its folder \(folder) \(obstacle.reason); create it")
        } else if let obstacle = find(path, .database) {
            section.problem("path", "\(path) \(obstacle.reason)")
        } else if let obstacle = find(folder, .writing) {
            // Another user may run the service.
            section.warn("path", "its folder \(folder) \(obstacle.reason)")
        }
        // SQLite's own files, the lock and the key of tickets, besides the database.
        for file in ["", "-wal", "-shm", "-lock", "-tickets"].map({ path + $0 }) {
            if let warning = section.environment.warning(private: file) {
                section.warn("path", "\(file) \(warning)")
            }
        }
    }
}

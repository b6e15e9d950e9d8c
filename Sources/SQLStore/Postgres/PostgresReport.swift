public import Logins

/// What a database in PostgreSQL says about itself, without a change to it.
public struct PostgresReport: Hashable, Sendable {
    /// Version, address, protection, schema and the processes that use it.
    public let text: String
    /// What must not stay as it is; empty if all is well.
    public let problems: [String]

    /// Connects and asks. Waits for the server, so it runs on a thread that may wait.
    ///
    /// - Parameter place: where the database is.
    /// - Throws: `unavailable` if there is no connection, `damaged` for tables that are not Beckon's.
    public init(_ place: PostgresOptions) throws(StoreError) {
        let session = PostgresSession(place)
        let connection = try session.connection()
        let server = connection.prepare(
            """
            SELECT current_setting('server_version'), current_setting('server_encoding'),
                current_setting('fsync') = 'on',
                coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
            """
        )
        guard try server.step() else { throw StoreError.damaged("the server has no settings") }
        let release = try server.text(0) ?? ""
        let encoding = try server.text(1) ?? ""
        let isDurable = server.integer(2) == 1
        let mayCreate = server.integer(3) == 1
        server.reset()
        let schema = try PostgresMigrations.version(session)
        let newest = Schema.postgresSteps.count
        var parts = [
            "PostgreSQL \(release.prefix { $0 != " " }) at \(connection.address)",
            connection.isEncrypted ? "TLS" : "no TLS",
            schema == 0 ? "no tables yet" : "schema \(schema)",
        ]
        if schema > 0 {
            let count = connection.prepare(
                "SELECT count(*) FROM replica WHERE serves AND until > clock_timestamp()"
            )
            let processes = try count.step() ? count.integer(0) ?? 0 : 0
            count.reset()
            parts.append(processes == 1 ? "1 process serves it" : "\(processes) processes serve it")
        }
        if connection.isPooled {
            parts.append(
                "through a pooler, so that changes by other processes are noticed five times a second, "
                    + "not at once"
            )
        }
        text = parts.joined(separator: ", ")
        var problems: [String] = []
        if encoding != "UTF8" {
            problems.append("the database has the encoding \(encoding); UTF8 is needed")
        }
        if !isDurable {
            problems.append("fsync is off, so that a crash of the server loses decisions")
        }
        if schema < newest, !mayCreate {
            problems.append("\(place.user) may not make tables, which schema \(newest) needs")
        }
        if schema > newest + 1 {
            problems.append("schema \(schema) is of a newer version of Beckon")
        }
        self.problems = problems
    }
}

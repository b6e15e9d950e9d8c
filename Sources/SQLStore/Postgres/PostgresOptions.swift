import Logins

/// How a database in PostgreSQL is reached.
public struct PostgresOptions: Hashable, Sendable {
    /// Where a server listens.
    public struct Address: Hashable, Sendable, CustomStringConvertible {
        /// A name, an IP address, or the folder of a Unix socket, which starts with `/`.
        public var host: String
        public var port: Int

        public init(host: String, port: Int = 5432) {
            self.host = host
            self.port = port
        }

        public var description: String { "\(host):\(port)" }
    }

    /// How the connection is protected.
    public enum Protection: Hashable, Sendable {
        /// TLS; the certificate must name the host and come from an authority in the file.
        case verified(authorities: String)
        /// No TLS.
        case none

        /// With the authorities of the system.
        public static let system = verified(authorities: "/etc/ssl/certs/ca-certificates.crt")
    }

    /// The servers, tried in this order until one takes changes.
    public var addresses: [Address]
    public var database: String
    public var user: String
    /// A file with the password, without the newline at its end; read for each connection, so that a
    /// new password needs no restart. Nil if the server asks for none.
    public var passwordFile: String?
    /// Does not apply to Unix sockets.
    public var protection = Protection.system
    /// For name resolution, connection, TLS and sign-in, for each server.
    public var connectTimeout = Duration.seconds(5)
    /// After this the server ends a statement.
    public var statementTimeout = Duration.seconds(10)
    /// After this the server gives up to wait for a lock, which is the error `locked`.
    public var lockTimeout = Duration.seconds(5)
    /// After this the server ends a session that stops in the middle of a transaction, so that a process
    /// that is stopped does not keep the others waiting.
    public var idleTimeout = Duration.seconds(2)
    /// How long a process is taken for alive without a sign of life. It gives one three times as often.
    public var lease = Duration.seconds(6)
    /// Connections of a process that read, besides those for writing, the engine and changes of others.
    public var readers = 4
    /// What the server's `pg_stat_activity` shows.
    public var applicationName = "beckon"

    public init(addresses: [Address], database: String, user: String) {
        self.addresses = addresses
        self.database = database
        self.user = user
    }

    /// The settings for one of the addresses in libpq's form. Whatever is set here does not come from
    /// the environment.
    ///
    /// - Throws: `unavailable` for a value with a zero byte, at which libpq would stop reading.
    func settings(for address: Address, password: String?) throws(StoreError) -> String {
        let (mode, authorities): (String, String?) =
            switch protection {
            case .verified(let file): ("verify-full", file)
            case .none: ("disable", nil)
            }
        let settings: [(String, String?)] = [
            ("host", address.host),
            ("port", "\(address.port)"),
            ("dbname", database),
            ("user", user),
            ("password", password),
            ("sslmode", mode),
            ("sslrootcert", authorities),
            ("gssencmode", "disable"),
            ("target_session_attrs", "read-write"),
            ("application_name", applicationName),
            ("client_encoding", "UTF8"),
        ]
        var text = ""
        for case (let name, let value?) in settings {
            if value.utf8.contains(0) {
                throw StoreError.unavailable("the setting \(name) has a zero byte")
            }
            text += "\(name)=\(Self.quoted(value)) "
        }
        return text
    }

    /// SQL expressions that set what holds for a session, or for a transaction. They are not in the start of
    /// the connection, where a pooler refuses them.
    ///
    /// Plans are made once for each statement of a session: to plan one about logins anew costs more than
    /// to run it. So they must not depend on parameters, such as the rows that are wanted, nor on how
    /// many rows there are: whatever has an index is read by it, in its order. A pooler keeps no
    /// statements.
    func settings(ofTransaction: Bool) -> [String] {
        func set(_ name: String, _ value: String) -> String {
            "set_config('\(name)', '\(value)', \(ofTransaction))"
        }
        let plans =
            ofTransaction
            ? []
            : [
                set("plan_cache_mode", "force_generic_plan"), set("enable_seqscan", "off"),
                set("enable_sort", "off"), set("jit", "off"),
            ]
        return plans + [
            set("statement_timeout", "\(statementTimeout.milliseconds)"),
            set("lock_timeout", "\(lockTimeout.milliseconds)"),
            set("idle_in_transaction_session_timeout", "\(idleTimeout.milliseconds)"),
            // What is answered is durable, also if the server's default is less.
            "CASE current_setting('synchronous_commit') WHEN 'off' THEN "
                + "\(set("synchronous_commit", "on")) END",
        ]
    }

    /// In quotes, before which and before backslashes libpq wants a backslash.
    private static func quoted(_ value: String) -> String {
        var quoted = "'"
        for scalar in value.unicodeScalars {
            if scalar == "'" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "'"
    }
}

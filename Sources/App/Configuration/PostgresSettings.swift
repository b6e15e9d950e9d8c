import Configuration
import HTTP
import Logins
import SQLStore

/// Reads where a database in PostgreSQL is.
enum PostgresSettings {
    /// Nil for a group that is not in the file.
    static func read(_ section: Section) -> PostgresOptions? {
        let url = section.text(
            "url",
            example: "postgresql://beckon@db1.example:5432,db2.example/beckon",
            required: true,
            "User, hosts and database; of several hosts the first that takes changes. No password. The "
                + "folder of a Unix socket is written with %2F for /."
        )
        var options = PostgresOptions(addresses: [], database: "", user: "")
        if let url {
            if let parts = ConnectionURL(url) {
                options = parts.options
            } else {
                section.problem(
                    "url",
                    "must be postgresql://user@host:port/database, with commas between several hosts "
                        + "and without a password or parameters"
                )
            }
        }
        readConnection(section, &options)
        section.end()
        return section.isPresent ? options : nil
    }

    private static func readConnection(_ section: Section, _ options: inout PostgresOptions) {
        let password = section.secretSource(
            "password",
            example: #"{ file: "/run/secrets/postgres" }"#,
            "The password, read again for each connection. Default: none."
        )
        if let password {
            options.passwordFile = password.file
            if password.file == nil {
                section.problem("password", "must be in a file: { file: \"…\" }")
            }
        }
        let isLocal = options.addresses.allSatisfy(\.isLocal)
        let tls = section.flag(
            "tls",
            default: true,
            "Whether connections use TLS, with a certificate that names the host. The default is false if all "
                + "hosts are on this machine."
        )
        let authorities = section.authorities(
            "ca",
            example: "/etc/ssl/private-ca.pem",
            "Certification authorities of the hosts' certificates. Default: those of the system."
        )
        if section.has("tls") ? tls : !isLocal {
            options.protection = authorities.map { .verified(authorities: $0) } ?? .system
        } else {
            options.protection = .none
            if authorities != nil { section.problem("ca", "needs tls: true") }
            if !isLocal {
                section.warn("tls", "false sends data and password over the network unprotected")
            }
        }
        options.readers = section.number(
            "readers",
            default: options.readers,
            1...64,
            "Connections that read. Three more write, serve the engine and listen."
        )
        options.lease = section.duration(
            "lease",
            default: options.lease,
            .seconds(1)...(.seconds(300)),
            "A process that gives no sign of life for this long loses its work to the others."
        )
        options.connectTimeout = section.duration(
            "connect_timeout",
            default: options.connectTimeout,
            "Timeout of connecting to one host."
        )
        options.statementTimeout = section.duration(
            "statement_timeout",
            default: options.statementTimeout,
            "Timeout of a statement."
        )
        options.lockTimeout = section.duration(
            "lock_timeout",
            default: options.lockTimeout,
            "Timeout of waiting for another process that writes."
        )
    }
}

/// A connection URI of PostgreSQL, as far as it says where the database is.
struct ConnectionURL: Equatable {
    let addresses: [PostgresOptions.Address]
    let user: String
    let database: String

    /// Nil for whatever else it may contain: a password or parameters.
    init?(_ text: String) {
        let schemes = ["postgresql://", "postgres://"]
        guard let scheme = schemes.first(where: { text.hasPrefix($0) }) else { return nil }
        let rest = text.dropFirst(scheme.count)
        guard !rest.utf8.contains(where: { Self.excluded.contains($0) }) else { return nil }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let authority = parts.first else { return nil }
        let sides = authority.split(separator: "@", omittingEmptySubsequences: false)
        guard sides.count == 2, !sides[0].isEmpty, !sides[0].contains(":") else { return nil }
        var addresses: [PostgresOptions.Address] = []
        for host in sides[1].split(separator: ",", omittingEmptySubsequences: false) {
            if host.hasPrefix("%2F") || host.hasPrefix("%2f") {
                guard let folder = Self.decoded(host) else { return nil }
                addresses.append(PostgresOptions.Address(host: folder))
            } else {
                guard let address = Self.address(host) else { return nil }
                addresses.append(address)
            }
        }
        guard let user = Self.decoded(sides[0]),
            let database = Self.decoded(parts.count == 2 ? parts[1] : "")
        else { return nil }
        self.addresses = addresses
        self.user = user
        self.database = database.isEmpty ? user : database
    }

    /// TLS unless all hosts are on this machine.
    var options: PostgresOptions {
        var options = PostgresOptions(addresses: addresses, database: database, user: user)
        if addresses.allSatisfy(\.isLocal) { options.protection = .none }
        return options
    }

    private static let excluded: Set<UInt8> = Set("?#\\ \u{0}".utf8)

    /// Without percent-encoding (RFC 3986 section 2.1). Nil if it is wrong or hides a zero byte.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = Substring(rest.prefix(2))
            guard digits.utf8.count == 2, !digits.contains("+"), !digits.contains("-"),
                let value = UInt8(digits, radix: 16), value != 0
            else { return nil }
            rest = rest.dropFirst(2)
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A host, perhaps with a port; an IPv6 address in brackets.
    static func address(_ text: Substring) -> PostgresOptions.Address? {
        var host = text
        var port = 5432
        let colon = text.lastIndex(of: ":").flatMap { text[$0...].contains("]") ? nil : $0 }
        if let colon {
            let digits = text[text.index(after: colon)...]
            guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }),
                let number = Int(digits), (1...65_535).contains(number)
            else { return nil }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains("/"), !host.contains(",") else { return nil }
        return PostgresOptions.Address(host: String(host), port: port)
    }
}

extension PostgresOptions.Address {
    /// Whether the way there does not leave this machine.
    var isLocal: Bool {
        host.hasPrefix("/") || host == "localhost" || InternetAddress(host)?.isLoopback == true
    }
}

public import Logins
import Threads

/// The keys that all processes of a database use. Calls block; they are rare.
public final class SharedSecrets: Sendable {
    private let options: PostgresOptions

    init(_ options: PostgresOptions) { self.options = options }

    /// The secret with that name; nil if there is none.
    public func read(_ name: String) throws(StoreError) -> [UInt8]? {
        try Self.read(name, try PostgresConnection(options))
    }

    private static func read(
        _ name: String,
        _ connection: PostgresConnection
    ) throws(StoreError) -> [UInt8]? {
        let select = connection.prepare("SELECT value FROM shared_secret WHERE name = ?")
        select.bind(name, at: 1)
        return try select.step() ? select.bytes(0) : nil
    }

    /// Stores a secret in place of `old`, or where there is none.
    ///
    /// - Returns: what is stored now, which is another process's if that was faster.
    public func keep(
        _ name: String,
        _ value: [UInt8],
        over old: [UInt8]?
    ) throws(StoreError) -> [UInt8] {
        let connection = try PostgresConnection(options)
        let change: PostgresStatement
        if let old {
            change = connection.prepare(
                "UPDATE shared_secret SET value = ?2 WHERE name = ?1 AND value = ?3"
            )
            change.bind(old, at: 3)
        } else {
            change = connection.prepare(
                "INSERT INTO shared_secret (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
            )
        }
        change.bind(name, at: 1)
        change.bind(value, at: 2)
        try change.run()
        guard let stored = try Self.read(name, connection) else {
            throw StoreError.damaged("the secret \(name) is missing")
        }
        return stored
    }
}

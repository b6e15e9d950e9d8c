import CPostgres
import Logins

/// libpq, which is loaded when the first store in PostgreSQL is opened.
enum PostgresLibrary {
    /// Nil when it is ready, else why it is not.
    private static let failure = load("libpq.so.5")

    /// - Throws: `unavailable`, with the name of the library or function that is missing.
    static func use() throws(StoreError) {
        if let failure { throw StoreError.unavailable("PostgreSQL's client library: \(failure)") }
    }

    /// Loads a library; the reason if that fails.
    static func load(_ name: String) -> String? {
        guard let reason = unsafe beckon_pq_load(name) else { return nil }
        return unsafe String(cString: reason)
    }
}

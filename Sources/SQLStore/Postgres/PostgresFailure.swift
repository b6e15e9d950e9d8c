import Logins

/// Why PostgreSQL did not do what it was asked, and what follows from that. No other place reads the
/// codes of errors.
struct PostgresFailure: Error, Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Another transaction was in the way; the same one may succeed if it runs again.
        case again
        /// The connection is of no use any more. What was under way may have been done or not.
        case lost
        /// A value is stored already that may be stored only once.
        case notUnique
        /// Anything else; the connection can be used further.
        case refused
    }

    let kind: Kind
    let store: StoreError

    /// The connection has ended, or the server does not answer in time.
    static func lost(_ reason: String) -> Self {
        Self(kind: .lost, store: .unavailable("PostgreSQL: \(reason)"))
    }

    /// The server did what it was asked, but not with the effect that it had to have.
    static func unmet(_ reason: String) -> Self {
        Self(kind: .refused, store: .unavailable("PostgreSQL: \(reason)"))
    }

    private init(kind: Kind, store: StoreError) {
        self.kind = kind
        self.store = store
    }

    /// Translates an error of the server.
    ///
    /// - Parameters:
    ///   - state: the five characters of SQLSTATE.
    ///   - message: the server's first line. It may quote a stored value where the class is 22 or 23
    ///     (data, constraints), so it is left out there.
    ///   - name: the constraint or, without one, the table.
    init(state: String, message: String, name: String?) {
        let isAboutValues = state.hasPrefix("22") || state.hasPrefix("23")
        let what =
            isAboutValues
            ? "refused a value" + (name.map { " (\($0))" } ?? "") : message
        store =
            switch state {
            case "53100": .full
            case "55P03": .locked
            case "XX001", "XX002": .damaged("PostgreSQL: \(message) (\(state))")
            default: .unavailable("PostgreSQL: \(what) (\(state))")
            }
        kind =
            switch state {
            case "40001", "40P01": .again
            case "23505": .notUnique
            // The server is closing, crashed or starting, or has ended this session.
            case "57P01", "57P02", "57P03", "57P05", "25P03": .lost
            // It has become a standby: another one takes changes now.
            case "25006": .lost
            case _ where state.hasPrefix("08"): .lost
            default: .refused
            }
    }
}

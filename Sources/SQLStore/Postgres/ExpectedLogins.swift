import Logins
import Threads

/// The index as the writer has it. What a transaction is going to ask for each login that it inserts, it
/// asks of all at once: nobody else writes meanwhile.
///
/// Keeps only what is known not to be there, and the live logins of users, and forgets it with the
/// transaction.
///
/// `LATERAL` with `OFFSET 0` makes PostgreSQL look up one after another, each by the index for it. Otherwise
/// it keeps the plan that was best for the first few calls, when the table was nearly empty: to read
/// all of it.
final class ExpectedLogins: LoginIndex {
    private struct State {
        /// Keys that no login has.
        var unknown: Set<LoginName> = []
        /// Consents that no login owes anything for.
        var free: Set<String> = []
        var live: [UserID: Set<LoginNumber>] = [:]
    }

    /// The key without the tenant, which a repeated delivery may leave out.
    private struct LoginName: Hashable {
        let server: AuthorizationServerID
        let login: LoginID

        init(_ key: LoginKey) {
            server = key.server
            login = key.login
        }
    }

    private let state = Locked(State())
    private let table = PostgresIndex()

    func forget() {
        state.withLock { state in
            state.unknown.removeAll(keepingCapacity: true)
            state.free.removeAll(keepingCapacity: true)
            state.live.removeAll(keepingCapacity: true)
        }
    }

    func expect(
        _ logins: [PendingLogin],
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        guard let session = connection as? PostgresSession else { return }
        let connection = try session.connection()
        let keys = connection.statement(
            """
            SELECT found.login_id, found.server
            FROM unnest(CAST(?1 AS text[]), CAST(?2 AS text[])) AS wanted (login_id, server),
                LATERAL (SELECT login_id, server FROM login
                    WHERE login.login_id = wanted.login_id AND login.server = wanted.server
                    OFFSET 0) AS found
            """
        )
        keys.bind(PostgresList.text(logins.map(\.key.login.value)), at: 1)
        keys.bind(PostgresList.text(logins.map(\.key.server.value)), at: 2)
        let users = Set(logins.map(\.details.user))
        let live = connection.statement(
            """
            SELECT found.user_id, found.number
            FROM unnest(CAST(?1 AS text[])) AS wanted (user_id),
                LATERAL (SELECT user_id, number FROM login
                    WHERE login.user_id = wanted.user_id AND phase IN ('preparing', 'waiting')
                    OFFSET 0) AS found
            """
        )
        live.bind(PostgresList.text(users.map(\.value)), at: 1)
        let consents = Set(logins.compactMap { $0.consentID?.value })
        let owing = connection.statement(
            """
            SELECT found.consent_key
            FROM unnest(CAST(?1 AS text[])) AS wanted (consent_key),
                LATERAL (SELECT consent_key FROM login
                    WHERE login.consent_key = wanted.consent_key AND due_at IS NOT NULL
                    OFFSET 0) AS found
            """
        )
        owing.bind(PostgresList.text(consents.sorted()), at: 1)
        try keys.ask()
        try live.ask()
        try owing.ask()
        var known: Set<[[UInt8]]> = []
        while try keys.step() { known.insert([keys.bytes(0) ?? [], keys.bytes(1) ?? []]) }
        var numbers: [UserID: Set<LoginNumber>] = [:]
        for user in users { numbers[user] = [] }
        while try live.step() {
            guard let user = try live.text(0).flatMap({ UserID($0) }) else { continue }
            numbers[user, default: []].insert(LoginNumber(live.integer(1) ?? 0))
        }
        var taken: Set<[UInt8]> = []
        while try owing.step() { taken.insert(owing.bytes(0) ?? []) }
        state.withLock { state in
            for key in logins.map(\.key)
            where !known.contains([Array(key.login.value.utf8), Array(key.server.value.utf8)]) {
                state.unknown.insert(LoginName(key))
            }
            for consent in consents where !taken.contains(Array(consent.utf8)) {
                state.free.insert(consent)
            }
            state.live = numbers
        }
    }

    func changed(_ stored: StoredLogin) {
        let login = stored.login
        state.withLock { state in
            if !state.unknown.isEmpty { state.unknown.remove(LoginName(login.key)) }
            if !state.free.isEmpty, let consent = login.consentID {
                state.free.remove(consent.value)
            }
            guard state.live[login.details.user] != nil else { return }
            if login.phase.isLive {
                state.live[login.details.user]?.insert(stored.number)
            } else {
                state.live[login.details.user]?.remove(stored.number)
            }
        }
    }

    func login(
        _ key: LoginKey,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin? {
        if state.withLock({ $0.unknown.contains(LoginName(key)) }) { return nil }
        return try table.login(key, connection)
    }

    func live(
        of user: UserID,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        if let known = state.withLock({ $0.live[user] }) { return Array(known) }
        return try table.live(of: user, connection)
    }

    func owing(
        _ consent: String,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        if state.withLock({ $0.free.contains(consent) }) { return [] }
        return try table.owing(consent, connection)
    }

    func history(
        of user: UserID,
        before: Int64,
        limit: Int,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        try table.history(of: user, before: before, limit: limit, connection)
    }
}

/// Lists as PostgreSQL reads arrays.
enum PostgresList {
    /// Of texts, each in quotes, before which and before backslashes stands a backslash.
    static func text(_ texts: [String]) -> String {
        var list: [UInt8] = [UInt8(ascii: "{")]
        for (index, text) in texts.enumerated() {
            if index > 0 { list.append(UInt8(ascii: ",")) }
            list.append(UInt8(ascii: "\""))
            for byte in text.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    list.append(UInt8(ascii: "\\"))
                }
                list.append(byte)
            }
            list.append(UInt8(ascii: "\""))
        }
        list.append(UInt8(ascii: "}"))
        return String(decoding: list, as: UTF8.self)
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// Of bytes, in hexadecimal digits.
    static func bytes(_ values: [[UInt8]]) -> String {
        text(values.map(escaped))
    }

    private static func escaped(_ value: [UInt8]) -> String {
        var written = Array("\\x".utf8)
        for byte in value {
            written.append(digits[Int(byte >> 4)])
            written.append(digits[Int(byte & 0x0F)])
        }
        return String(decoding: written, as: UTF8.self)
    }

    static func numbers(_ numbers: some Sequence<Int64>) -> String {
        "{" + numbers.map { "\($0)" }.joined(separator: ",") + "}"
    }
}

import Logins
import Threads

/// The index as the writer has it. What a transaction is going to ask for each login that it inserts or
/// changes, it asks of all at once, together with its beginning: nobody else writes meanwhile.
///
/// Keeps only what is known not to be there, the live logins of users and the logins to change, and
/// forgets it with the transaction.
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
        /// As they are in the transaction.
        var logins: [LoginNumber: StoredLogin] = [:]
        /// Of the logins of which that was asked.
        var held: Set<LoginNumber> = []
        var notHeld: Set<LoginNumber> = []
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
            state.logins.removeAll(keepingCapacity: true)
            state.held.removeAll(keepingCapacity: true)
            state.notHeld.removeAll(keepingCapacity: true)
        }
    }

    /// What was asked. The answers come with those of whatever is waited for next.
    struct Questions {
        let expected: ExpectedWork
        var keys: PostgresStatement?
        var live: PostgresStatement?
        var owing: PostgresStatement?
        var logins: PostgresStatement?
    }

    func ask(
        _ expected: ExpectedWork,
        _ session: PostgresSession,
        _ replica: Int64
    ) throws(StoreError) -> Questions {
        var questions = Questions(expected: expected)
        let connection = try session.connection()
        if !expected.starts.isEmpty { try ask(expected.starts, connection, &questions) }
        guard !expected.updates.isEmpty else { return questions }
        let logins = connection.statement(Self.toChange)
        logins.bind(PostgresDatabase.list(expected.updates), at: 1)
        logins.bind(replica, at: 2)
        try logins.ask()
        questions.logins = logins
        return questions
    }

    /// Logins, and whether this process works on them.
    private static let toChange = SQL(
        """
        SELECT \(LoginColumn.names),
            EXISTS (SELECT 1 FROM claim WHERE claim.number = login.number AND replica = ?2)
        FROM unnest(string_to_array(?1, ',')) AS wanted (digits),
            LATERAL (SELECT * FROM login WHERE number = CAST(wanted.digits AS bigint) OFFSET 0) AS login
        """
    )

    private func ask(
        _ starts: [PendingLogin],
        _ connection: PostgresConnection,
        _ questions: inout Questions
    ) throws(StoreError) {
        let keys = connection.statement(
            """
            SELECT found.login_id, found.server
            FROM unnest(CAST(?1 AS text[]), CAST(?2 AS text[])) AS wanted (login_id, server),
                LATERAL (SELECT login_id, server FROM login
                    WHERE login.login_id = wanted.login_id AND login.server = wanted.server
                    OFFSET 0) AS found
            """
        )
        keys.bind(PostgresList.text(starts.map(\.key.login.value)), at: 1)
        keys.bind(PostgresList.text(starts.map(\.key.server.value)), at: 2)
        try keys.ask()
        questions.keys = keys
        let live = connection.statement(
            """
            SELECT found.user_id, found.number
            FROM unnest(CAST(?1 AS text[])) AS wanted (user_id),
                LATERAL (SELECT user_id, number FROM login
                    WHERE login.user_id = wanted.user_id AND phase IN ('preparing', 'waiting')
                    OFFSET 0) AS found
            """
        )
        live.bind(PostgresList.text(Set(starts.map(\.details.user)).map(\.value)), at: 1)
        try live.ask()
        questions.live = live
        let consents = Set(starts.compactMap(\.consentID))
        guard !consents.isEmpty else { return }
        let owing = connection.statement(
            """
            SELECT found.consent_key
            FROM unnest(CAST(?1 AS text[])) AS wanted (consent_key),
                LATERAL (SELECT consent_key FROM login
                    WHERE login.consent_key = wanted.consent_key AND due_at IS NOT NULL
                    OFFSET 0) AS found
            """
        )
        owing.bind(PostgresList.text(consents.map(\.value)), at: 1)
        try owing.ask()
        questions.owing = owing
    }

    /// Reads the answers.
    func take(_ questions: Questions) throws(StoreError) {
        let starts = questions.expected.starts
        var known: Set<[[UInt8]]> = []
        while let keys = questions.keys, try keys.step() {
            known.insert([keys.bytes(0) ?? [], keys.bytes(1) ?? []])
        }
        var live: [UserID: Set<LoginNumber>] = [:]
        for login in starts { live[login.details.user] = [] }
        while let row = questions.live, try row.step() {
            guard let user = try row.text(0).flatMap({ UserID($0) }) else { continue }
            live[user, default: []].insert(LoginNumber(row.integer(1) ?? 0))
        }
        var taken: Set<[UInt8]> = []
        while let owing = questions.owing, try owing.step() {
            taken.insert(owing.bytes(0) ?? [])
        }
        var (logins, held): ([StoredLogin], Set<LoginNumber>) = ([], [])
        while let row = questions.logins, try row.step() {
            if row.integer(Int32(LoginColumn.allCases.count)) == 1 { held.insert(row.loginNumber) }
            do throws(StoreError) {
                logins.append(try LoginRow.read(row))
            } catch {
                // Read again by whoever needs it.
                guard case .damaged = error else { throw error }
            }
        }
        state.withLock { state in
            for login in starts {
                let key = login.key
                if !known.contains([Array(key.login.value.utf8), Array(key.server.value.utf8)]) {
                    state.unknown.insert(LoginName(key))
                }
                if let consent = login.consentID, !taken.contains(Array(consent.value.utf8)) {
                    state.free.insert(consent.value)
                }
            }
            state.live = live
            for stored in logins { state.logins[stored.number] = stored }
            state.held = held
            state.notHeld = questions.expected.updates.subtracting(held)
        }
    }

    /// Whether this process works on a login; nil if that was not asked.
    func isHeld(_ number: LoginNumber) -> Bool? {
        state.withLock { state in
            if state.held.contains(number) { return true }
            return state.notHeld.contains(number) ? false : nil
        }
    }

    func changed(_ stored: StoredLogin) {
        let login = stored.login
        state.withLock { state in
            if state.logins[stored.number] != nil { state.logins[stored.number] = stored }
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

    func login(
        _ number: LoginNumber,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin? {
        if let known = state.withLock({ $0.logins[number] }) { return known }
        return try connection.login(number)
    }

    func erased(_ number: LoginNumber, user: [UInt8], _ connection: any DatabaseConnection) {
        state.withLock { $0.logins[number] = nil }
    }

    func deleted(
        _ number: LoginNumber,
        server: [UInt8]?,
        login: [UInt8]?,
        _ connection: any DatabaseConnection
    ) {
        state.withLock { $0.logins[number] = nil }
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

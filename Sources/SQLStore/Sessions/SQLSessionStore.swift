public import Access
public import Logins

/// The sessions in the same file as the logins (`SQLLoginStore.sessions`), closed with that store.
public final class SQLSessionStore: SessionStore {
    private enum Column: Int32, TableColumn {
        case digest, id, application, issuer, subject, providerSession, userID, account, role, name,
            email
        case address, agent, startedAt, lastUsedAt
    }

    /// No session lasts longer, whatever the limits of its application.
    private static let longest = Duration.seconds(86_400)
    /// Rows that one statement reads at most.
    private static let page: Int64 = 500
    /// Old sessions that one new session deletes at most.
    private static let swept = 16

    private static let insert = SQL(
        "INSERT INTO session (\(Column.names)) VALUES (\(Column.parameters))"
    )
    private static let byDigest = SQL("SELECT \(Column.names) FROM session WHERE digest = ?")
    private static let ofPerson = SQL(
        """
        SELECT \(Column.names) FROM session
        WHERE issuer = ?4 AND subject = ?5 AND (started_at, id) < (?1, ?2)
        ORDER BY started_at DESC, id DESC LIMIT ?3
        """
    )
    private static let all = SQL(
        """
        SELECT \(Column.names) FROM session WHERE (started_at, id) < (?1, ?2)
        ORDER BY started_at DESC, id DESC LIMIT ?3
        """
    )

    private let file: OpenStore

    init(_ file: OpenStore) { self.file = file }

    public func begin(
        _ session: Session,
        digest: [UInt8],
        replacing: [UInt8]?,
        controllerEmail: String?
    ) async throws(StoreError) -> Session {
        defer { if replacing != nil { file.sessionsEnded() } }
        return try await file.writer.submit { (transaction) throws(StoreError) in
            let connection = transaction.connection
            if let replacing {
                transaction.noteEndedSessions()
                let delete = try connection.statement("DELETE FROM session WHERE digest = ?")
                delete.bind(replacing, at: 1)
                try delete.run()
            }
            try Self.sweep(connection, before: session.startedAt - Self.longest)
            var session = session
            if session.application == .console {
                session = session.with(try Self.role(of: session, controllerEmail, connection))
            }
            let insert = try connection.statement(Self.insert)
            Self.write(session, digest, to: RowWriter<Column>(insert))
            try insert.run()
            return session
        }
    }

    public func use(
        _ digest: [UInt8],
        at now: Timestamp,
        within limits: SessionLimits
    ) async throws(StoreError) -> Session? {
        guard let found = try await session(digest, at: now, within: limits) else { return nil }
        guard now >= found.lastUsedAt + .seconds(1) else { return found }
        // Nil if it has ended in between.
        return try await file.writer.submit { (transaction) throws(StoreError) in
            let update = try transaction.connection.statement(
                "UPDATE session SET last_used_at = max(last_used_at, ?2) WHERE digest = ?1"
            )
            update.bind(digest, at: 1)
            update.bind(now.milliseconds, at: 2)
            try update.run()
            return try Self.session(digest, transaction.connection)
        }
    }

    public func session(
        _ digest: [UInt8],
        at now: Timestamp,
        within limits: SessionLimits
    ) async throws(StoreError) -> Session? {
        let found = try await file.readers.read { (connection) throws(StoreError) in
            try Self.session(digest, connection)
        }
        guard let found, found.isInForce(at: now, within: limits) else { return nil }
        return found
    }

    public func sessions(
        _ filter: SessionFilter,
        at now: Timestamp,
        within limits: SessionLimits,
        limit: Int
    ) async throws(StoreError) -> [Session] {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(
                filter.person == nil ? Self.all : Self.ofPerson
            )
            defer { select.reset() }
            var sessions: [Session] = []
            var last = (startedAt: Int64.max, id: "")
            while true {
                select.reset()
                select.bind(last.startedAt, at: 1)
                select.bind(last.id, at: 2)
                select.bind(Self.page, at: 3)
                if let person = filter.person {
                    select.bind(person.issuer, at: 4)
                    select.bind(person.subject, at: 5)
                }
                var read = 0
                while try select.step() {
                    let session = try Self.session(select)
                    read += 1
                    last = (session.startedAt.milliseconds, session.id)
                    guard session.application == filter.application,
                        session.isInForce(at: now, within: limits)
                    else { continue }
                    sessions.append(session)
                    if sessions.count >= limit { return sessions }
                }
                if read < Self.page { return sessions }
            }
        }
    }

    public func end(_ id: String, _ filter: SessionFilter) async throws(StoreError) -> Bool {
        defer { file.sessionsEnded() }
        return try await file.writer.submit { (transaction) throws(StoreError) in
            let delete = try transaction.connection.statement(
                """
                DELETE FROM session WHERE id = ?1 AND application = ?2
                    AND (CAST(?3 AS TEXT) IS NULL OR issuer = ?3)
                    AND (CAST(?4 AS TEXT) IS NULL OR subject = ?4)
                RETURNING 1
                """
            )
            delete.bind(id, at: 1)
            Self.bind(filter, to: delete)
            transaction.noteEndedSessions()
            return try delete.countRows() > 0
        }
    }

    public func endAll(
        _ filter: SessionFilter,
        except: String?
    ) async throws(StoreError) -> Int {
        defer { file.sessionsEnded() }
        return try await file.writer.submit { (transaction) throws(StoreError) in
            let delete = try transaction.connection.statement(
                """
                DELETE FROM session WHERE id IS DISTINCT FROM ?1 AND application = ?2
                    AND (CAST(?3 AS TEXT) IS NULL OR issuer = ?3)
                    AND (CAST(?4 AS TEXT) IS NULL OR subject = ?4)
                RETURNING 1
                """
            )
            delete.bind(except, at: 1)
            Self.bind(filter, to: delete)
            transaction.noteEndedSessions()
            return try delete.countRows()
        }
    }

    public func hasAccepted(
        _ version: String,
        _ application: SignInApplication,
        _ person: Person
    ) async throws(StoreError) -> Bool {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(
                """
                SELECT 1 FROM terms_acceptance
                WHERE application = ? AND issuer = ? AND subject = ? AND version = ?
                """
            )
            select.bind(application.rawValue, at: 1)
            select.bind(person.issuer, at: 2)
            select.bind(person.subject, at: 3)
            select.bind(version, at: 4)
            return try select.hasRow()
        }
    }

    public func accept(
        _ acceptance: TermsAcceptance,
        _ event: AuditEvent
    ) async throws(StoreError) {
        try await file.writer.submit { (transaction) throws(StoreError) in
            let insert = try transaction.connection.statement(
                """
                INSERT INTO terms_acceptance (application, issuer, subject, version, digest,
                    language, accepted_at, address)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1
                """
            )
            insert.bind(acceptance.application.rawValue, at: 1)
            insert.bind(acceptance.person.issuer, at: 2)
            insert.bind(acceptance.person.subject, at: 3)
            insert.bind(acceptance.version, at: 4)
            insert.bind(acceptance.digest, at: 5)
            insert.bind(acceptance.language, at: 6)
            insert.bind(acceptance.acceptedAt.milliseconds, at: 7)
            insert.bind(acceptance.address, at: 8)
            guard try insert.hasRow() else { return }
            _ = try transaction.apply([.audit(event)])
        }
    }

    public func logOut(
        _ logout: ProviderLogout,
        _ event: @escaping @Sendable (Int) -> AuditEvent
    ) async throws(StoreError) -> Int? {
        defer { file.sessionsEnded() }
        return try await file.writer.submit { (transaction) throws(StoreError) in
            let use = AccessChange.use(key: logout.key, until: logout.until)
            guard try transaction.apply([use]) == nil else { return nil }
            let count = try Self.end(logout, transaction.connection)
            transaction.noteEndedSessions()
            _ = try transaction.apply([.audit(event(count))])
            return count
        }
    }

    private static func end(
        _ logout: ProviderLogout,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> Int {
        // One statement for each index.
        let delete =
            logout.session == nil
            ? try connection.statement(
                """
                DELETE FROM session WHERE issuer = ?1 AND subject = ?2 AND application = ?3
                RETURNING 1
                """
            )
            : try connection.statement(
                """
                DELETE FROM session WHERE issuer = ?1 AND provider_session = ?4
                    AND application = ?3 AND (CAST(?2 AS TEXT) IS NULL OR subject = ?2)
                RETURNING 1
                """
            )
        delete.bind(logout.issuer, at: 1)
        delete.bind(logout.subject, at: 2)
        delete.bind(logout.application.rawValue, at: 3)
        if let session = logout.session { delete.bind(session, at: 4) }
        return try delete.countRows()
    }

    private static func bind(_ filter: SessionFilter, to statement: any Statement) {
        statement.bind(filter.application.rawValue, at: 2)
        statement.bind(filter.person?.issuer, at: 3)
        statement.bind(filter.person?.subject, at: 4)
    }

    private static func sweep(
        _ connection: any DatabaseConnection,
        before moment: Timestamp
    ) throws(StoreError) {
        let delete = try connection.statement(
            """
            DELETE FROM session WHERE digest IN (
                SELECT digest FROM session WHERE started_at < ?1 ORDER BY started_at LIMIT ?2)
            """
        )
        delete.bind(moment.milliseconds, at: 1)
        delete.bind(Int64(swept), at: 2)
        try delete.run()
    }

    /// The administrator of an account is the first person with the controller's address, for good.
    private static func role(
        of session: Session,
        _ controllerEmail: String?,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> Session.Role {
        if let controllerEmail, session.email.isSameAddress(as: controllerEmail) {
            let insert = try connection.statement(
                """
                INSERT INTO administrator (account, issuer, subject, since) VALUES (?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """
            )
            insert.bind(session.account, at: 1)
            insert.bind(session.person.issuer, at: 2)
            insert.bind(session.person.subject, at: 3)
            insert.bind(session.startedAt.milliseconds, at: 4)
            try insert.run()
        }
        let select = try connection.statement(
            "SELECT 1 FROM administrator WHERE account = ? AND issuer = ? AND subject = ?"
        )
        select.bind(session.account, at: 1)
        select.bind(session.person.issuer, at: 2)
        select.bind(session.person.subject, at: 3)
        defer { select.reset() }
        return try select.step() ? .admin : .moderator
    }

    private static func write(
        _ session: Session,
        _ digest: [UInt8],
        to row: RowWriter<Column>
    ) {
        row.set(.digest, digest)
        row.set(.id, session.id)
        row.set(.application, session.application.rawValue)
        row.set(.issuer, session.person.issuer)
        row.set(.subject, session.person.subject)
        row.set(.providerSession, session.providerSession)
        row.set(.userID, session.user)
        row.set(.account, session.account)
        row.set(.role, session.role?.rawValue)
        row.set(.name, session.name)
        row.set(.email, session.email)
        row.set(.address, session.address)
        row.set(.agent, session.agent)
        row.set(.startedAt, session.startedAt)
        row.set(.lastUsedAt, session.lastUsedAt)
    }

    private static func session(
        _ digest: [UInt8],
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> Session? {
        let select = try connection.statement(byDigest)
        select.bind(digest, at: 1)
        defer { select.reset() }
        return try select.step() ? try session(select) : nil
    }

    private static func session(_ statement: any Statement) throws(StoreError) -> Session {
        let row = Row<Column>(statement)
        guard let application = SignInApplication(rawValue: try row.requiredText(.application))
        else { throw row.damaged(.application) }
        return Session(
            id: try row.requiredText(.id),
            application: application,
            person: Person(
                issuer: try row.requiredText(.issuer),
                subject: try row.requiredText(.subject)
            ),
            providerSession: try row.text(.providerSession),
            user: try row.optionalIdentifier(.userID),
            account: try row.requiredText(.account),
            role: try row.text(.role).flatMap(Session.Role.init(rawValue:)),
            name: try row.requiredText(.name),
            email: try row.requiredText(.email),
            address: try row.requiredText(.address),
            agent: try row.requiredText(.agent),
            startedAt: try row.timestamp(.startedAt),
            lastUsedAt: try row.timestamp(.lastUsedAt)
        )
    }
}

extension Session {
    fileprivate func with(_ role: Role) -> Session {
        Session(
            id: id,
            application: application,
            person: person,
            providerSession: providerSession,
            user: user,
            account: account,
            role: role,
            name: name,
            email: email,
            address: address,
            agent: agent,
            startedAt: startedAt,
            lastUsedAt: lastUsedAt
        )
    }
}

extension String {
    /// Whether two e-mail addresses are the same. Mail providers ignore the case of ASCII letters.
    fileprivate func isSameAddress(as other: String) -> Bool {
        utf8.map(\.lowercased).elementsEqual(other.utf8.map(\.lowercased))
    }
}

extension UInt8 {
    fileprivate var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}

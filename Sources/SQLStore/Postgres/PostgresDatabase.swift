import Access
import Logins

/// A database in PostgreSQL, which several processes serve.
final class PostgresDatabase: Database {
    let index: any LoginIndex = PostgresIndex()
    let claims = Claims(isShared: true)
    let readerCount: Int
    let interrupted: Set<LoginNumber> = []
    private let options: PostgresOptions
    private let replica: ReplicaIdentity
    private let pulse: Pulse

    private init(_ options: PostgresOptions, _ replica: ReplicaIdentity, _ pulse: Pulse) {
        self.options = options
        self.replica = replica
        self.pulse = pulse
        readerCount = options.readers
    }

    /// Connects, migrates and makes this process known to the others.
    static func open(
        _ place: PostgresOptions,
        _ options: StoreOptions
    ) throws(StoreError) -> sending (PostgresDatabase, PostgresBackend) {
        let session = PostgresSession(place)
        try PostgresMigrations.run(at: place, for: options.role, notice: options.migration)
        let replica = ReplicaIdentity(place, serves: options.role == .service)
        try replica.register(session)
        let database = PostgresDatabase(place, replica, Pulse(place, replica, options))
        return (database, PostgresBackend(session, replica))
    }

    func makeReader() throws(StoreError) -> sending any DatabaseConnection {
        let session = PostgresSession(options)
        _ = try session.connection()
        return session
    }

    func start(_ writer: Writer) throws(StoreError) { try pulse.start(writer) }

    // MARK: Claims

    func dueWork(
        at now: Timestamp,
        within slots: Slots,
        _ connection: any DatabaseConnection,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> DueWork {
        guard let session = connection as? PostgresSession else { return DueWork([], next: nil) }
        let queues = try look(session)
        var left = slots
        let taken = try queues.take(at: now, within: &left, claims)
        guard !taken.isEmpty else {
            return DueWork([], next: try queues.nextDue(at: now, within: slots, claims))
        }
        let given: [Claim]
        do throws(StoreError) {
            given = try hold(taken, at: now, session, whenDamaged: whenDamaged)
        } catch {
            for (number, duty) in taken { claims.release(number, duty) }
            throw error
        }
        guard given.count == taken.count else {
            return DueWork(given, next: now + Self.pauseAfterRace)
        }
        return DueWork(given, next: queues.next(at: now, within: left, claims))
    }

    /// Somebody was faster, or is changing the login.
    private static let pauseAfterRace = Duration.milliseconds(20)

    /// Lets others work on what this process does not work on any more, and reads the queues, in one
    /// round trip.
    private func look(_ session: PostgresSession) throws(StoreError) -> PostgresQueues {
        let released = claims.beginReleasing()
        let question: PostgresStatement
        do throws(StoreError) {
            defer { session.rollback() }
            if !released.isEmpty {
                try beginQuickly(session)
                let delete = try session.statement(
                    """
                    DELETE FROM claim WHERE replica = ?2 AND number IN (
                        SELECT CAST(number AS bigint) FROM unnest(string_to_array(?1, ',')) AS number)
                    """
                )
                delete.bind(Self.list(released), at: 1)
                delete.bind(replica.id, at: 2)
                try delete.run()
            }
            question = try PostgresQueues.question(session, replica.id)
            try question.ask()
            if !released.isEmpty { try session.commit() }
        } catch {
            claims.endReleasing(released, isDone: false)
            throw error
        }
        claims.endReleasing(released, isDone: true)
        return try PostgresQueues(question, session, replica.id, claims)
    }

    /// Queues the begin of a transaction about claims. What is lost of it in a crash of the server is found
    /// to be lost.
    private func beginQuickly(_ session: PostgresSession) throws(StoreError) {
        try session.begin()
        try session.connection().run("SET LOCAL synchronous_commit = off")
    }

    /// Writes down that this process works on these logins, unless another one does or is changing them,
    /// and reads them, in one round trip.
    private func hold(
        _ taken: [TakenDuty],
        at now: Timestamp,
        _ session: PostgresSession,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> [Claim] {
        let numbers = Set(taken.map(\.number))
        defer { session.rollback() }
        try beginQuickly(session)
        let insert = try session.connection().statement(
            """
            INSERT INTO claim (number, replica)
            SELECT found.number, ?2 FROM unnest(string_to_array(?1, ',')) AS wanted (digits),
                LATERAL (SELECT number FROM login WHERE number = CAST(wanted.digits AS bigint)
                    FOR UPDATE SKIP LOCKED) AS found
            ON CONFLICT (number) DO UPDATE SET replica = excluded.replica
                WHERE claim.replica = excluded.replica
            RETURNING number
            """
        )
        insert.bind(Self.list(numbers), at: 1)
        insert.bind(replica.id, at: 2)
        let select = try session.question(numbers)
        try insert.ask()
        try select.ask()
        try session.commit()
        let held = Set(try insert.loginNumbers())
        var logins: [LoginNumber: StoredLogin] = [:]
        for stored in try LoginRow.readAll(select, whenDamaged: whenDamaged) {
            logins[stored.number] = stored
        }
        var given: [Claim] = []
        for (number, duty) in taken {
            if held.contains(number), let stored = logins[number],
                stored.login.duty(at: now) == duty
            {
                given.append(Claim(stored: stored, duty: duty))
            } else {
                claims.release(number, duty)
            }
        }
        return given
    }

    static func list(_ numbers: some Sequence<LoginNumber>) -> String {
        numbers.map { "\($0.rawValue)" }.joined(separator: ",")
    }

    func nextDue(
        at now: Timestamp,
        within slots: Slots,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> Timestamp? {
        guard let session = connection as? PostgresSession else { return nil }
        return try look(session).nextDue(at: now, within: slots, claims)
    }

    let isShared = true

    /// The oldest of those that are alive.
    func leads(_ connection: any DatabaseConnection) throws(StoreError) -> Bool {
        let select = try connection.statement(
            "SELECT min(id) FROM replica WHERE serves AND until > clock_timestamp()"
        )
        defer { select.reset() }
        return try select.step() && select.integer(0) == replica.id
    }

    func forgetInterrupted() {}
    let watch: ChangeWatch? = nil
    func endClaims() {}
    func endWatching() async { await pulse.close() }
    func stop() { pulse.stop() }
}

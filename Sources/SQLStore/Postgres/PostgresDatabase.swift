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
        try PostgresMigrations.run(at: place, for: options.role)
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

    func claim(
        at now: Timestamp,
        within slots: Slots,
        _ connection: any DatabaseConnection,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> [Claim] {
        guard let session = connection as? PostgresSession else { return [] }
        defer { session.rollback() }
        try session.begin()
        // What is lost of it in a crash of the server is found to be lost.
        try session.connection().queue("SET LOCAL synchronous_commit = off")
        let released = try forgetReleased(session)
        var isCommitted = false
        defer { if !isCommitted { claims.putBackReleased(released) } }
        let own = replica.id
        let queues = PostgresQueues(session: session, replica: own, claims: claims, locks: true)
        var taken = try queues.take(at: now, within: slots, claims)
        do throws(StoreError) {
            let held = try hold(Set(taken.map(\.number)), own, session)
            for (number, duty) in taken where !held.contains(number) {
                claims.release(number, duty)
            }
            taken.removeAll { !held.contains($0.number) }
            let given = try session.claims(
                of: taken,
                at: now,
                claims,
                whenDamaged: whenDamaged
            )
            taken = given.map { ($0.stored.number, $0.duty) }
            try session.commit()
            isCommitted = true
            return given
        } catch {
            for (number, duty) in taken { claims.release(number, duty) }
            throw error
        }
    }

    /// Writes down which logins this process works on, and returns those that nobody else works on.
    private func hold(
        _ numbers: Set<LoginNumber>,
        _ own: Int64,
        _ session: PostgresSession
    ) throws(StoreError) -> Set<LoginNumber> {
        guard !numbers.isEmpty else { return [] }
        let insert = try session.statement(
            """
            INSERT INTO claim (number, replica)
            SELECT CAST(number AS bigint), ?2 FROM unnest(string_to_array(?1, ',')) AS number
            ON CONFLICT (number) DO UPDATE SET replica = excluded.replica
                WHERE claim.replica = excluded.replica
            RETURNING number
            """
        )
        insert.bind(Self.list(numbers), at: 1)
        insert.bind(own, at: 2)
        return Set(try insert.loginNumbers())
    }

    /// Lets others work on what this process does not work on any more, once that is committed. Returns
    /// what has to be put back if it is not.
    private func forgetReleased(
        _ session: PostgresSession
    ) throws(StoreError) -> Set<LoginNumber> {
        let released = claims.takeReleased()
        guard !released.isEmpty else { return released }
        let delete = try session.statement(
            """
            DELETE FROM claim WHERE replica = ?2 AND number IN (
                SELECT CAST(number AS bigint) FROM unnest(string_to_array(?1, ',')) AS number)
            """
        )
        delete.bind(Self.list(released), at: 1)
        delete.bind(replica.id, at: 2)
        do throws(StoreError) {
            try delete.run()
            try session.connection().sync()
            return released
        } catch {
            claims.putBackReleased(released)
            throw error
        }
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
        if claims.hasReleased {
            defer { session.rollback() }
            try session.begin()
            try session.connection().queue("SET LOCAL synchronous_commit = off")
            let released = try forgetReleased(session)
            do throws(StoreError) {
                try session.commit()
            } catch {
                claims.putBackReleased(released)
                throw error
            }
        }
        let queues = PostgresQueues(
            session: session,
            replica: replica.id,
            claims: claims,
            locks: false
        )
        return try queues.nextDue(at: now, within: slots, claims)
    }

    func isHeld(
        _ number: LoginNumber,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> Bool {
        let select = try connection.statement(
            "SELECT 1 FROM claim WHERE number = ? AND replica = ?"
        )
        select.bind(number.rawValue, at: 1)
        select.bind(replica.id, at: 2)
        return try select.hasRow()
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
    func mark() -> StoreMark? { nil }
    func endClaims() {}
    func endWatching() async { await pulse.close() }
    func stop() { pulse.stop() }
}

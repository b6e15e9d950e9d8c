import Access
import Logins
import Threads

/// The writer's side of a database in PostgreSQL.
///
/// Each transaction first locks the one row of the table `writer`, so that all processes write one
/// after another, as with a file: whatever is read in it stays as it is until it is committed.
final class PostgresBackend: WriterBackend {
    private let session: PostgresSession
    private let replica: ReplicaIdentity
    private let counts: PostgresStartCounts
    private let found = ExpectedLogins()
    let connection: any DatabaseConnection
    var index: any LoginIndex { found }
    var starts: any StartCounts { counts }
    var uses: any UsedOnce { UsesInTable(connection: connection) }
    private(set) var mayHaveBlocks = true
    private(set) var highest: Int64 = 0
    private(set) var auditEnd: AuditMark?
    /// How many transactions there were before the current one.
    private var commits: Int64 = 0
    /// This process in the current transaction. If the others take it for dead, it gets another number,
    /// which says nothing about what it did before.
    private var own: Int64 = 0
    /// What is known of a COMMIT whose answer was lost.
    private enum Fate {
        case none, unknown, undone
    }
    private var fate = Fate.none

    /// How long to look for what became of a transaction.
    private static let patience = Duration.seconds(10)
    /// How many transactions the table `change_log` remembers.
    private static let remembered: Int64 = 20_000

    init(_ session: PostgresSession, _ replica: ReplicaIdentity) {
        self.session = session
        self.replica = replica
        connection = session
        counts = PostgresStartCounts(session)
    }

    func begin(_ expected: ExpectedWork) throws(StoreError) {
        fate = .none
        forgetTransaction()
        try session.begin()
        let writer = try locked()
        own = replica.id
        // All asked at the same time, but answered once the row is locked.
        let look = try session.connection().statement(
            """
            SELECT EXISTS (SELECT 1 FROM client_block), head.number, head.hash,
                (SELECT number FROM audit ORDER BY number DESC LIMIT 1)
            FROM replica LEFT JOIN audit_head AS head ON TRUE WHERE replica.id = ?
            """
        )
        look.bind(own, at: 1)
        try writer.ask()
        try look.ask()
        let logins = try found.ask(expected, session, own)
        let starters = try counts.ask(expected.starts)
        guard try writer.step(), let highest = writer.integer(0), let commits = writer.integer(1)
        else { throw StoreError.damaged("the table writer is empty") }
        guard commits < .max else {
            throw StoreError.damaged("the table writer has no number left")
        }
        writer.reset()
        self.highest = highest
        self.commits = commits
        guard try look.step() else {
            throw StoreError.unavailable("other processes took this one for dead")
        }
        mayHaveBlocks = look.integer(0) == 1
        auditEnd = nil
        if let number = look.integer(1), let hash = look.bytes(2),
            look.integer(3) ?? 0 <= number
        {
            auditEnd = AuditMark(number: number, hash: hash)
        }
        look.reset()
        try found.take(logins)
        try counts.take(starters)
    }

    func isHeld(_ number: LoginNumber) throws(StoreError) -> Bool {
        if let known = found.isHeld(number) { return known }
        let select = try connection.statement(
            "SELECT replica FROM claim WHERE number = ?"
        )
        select.bind(number.rawValue, at: 1)
        defer { select.reset() }
        return try select.step() && select.integer(0) == own
    }

    func noteBlock() { mayHaveBlocks = true }

    private func forgetTransaction() {
        found.forget()
        counts.forget()
    }

    private func locked() throws(StoreError) -> PostgresStatement {
        try session.connection().statement("SELECT highest, commits FROM writer FOR UPDATE")
    }

    func commit(_ written: Written) throws(StoreError) -> Set<LoginNumber> {
        try counts.write()
        let claims = try claim(written.claimed)
        let number = commits + 1
        // One statement: to begin one costs more than a row.
        let mark = try session.connection().statement(
            """
            WITH counted AS (UPDATE writer SET highest = highest + ?3, commits = ?2),
                logged AS (INSERT INTO change_log
                    (number, replica, logins, ended_sessions, audited, ended_devices)
                    SELECT ?2, ?1, ?5, ?6 = 1, ?7 = 1, ?8 WHERE ?4 = 1),
                own AS (UPDATE replica SET committed = ?2 WHERE id = ?1 RETURNING id)
            SELECT CASE WHEN ?4 = 1 THEN pg_notify('beckon', CAST(id AS text)) END FROM own
            """
        )
        mark.bind(own, at: 1)
        mark.bind(number, at: 2)
        mark.bind(Int64(written.inserted), at: 3)
        mark.bind(written.concernsOthers ? 1 : 0, at: 4)
        mark.bind(PostgresDatabase.list(written.changed.map(\.after.number)), at: 5)
        mark.bind(written.endedSessions ? 1 : 0, at: 6)
        mark.bind(written.audited ? 1 : 0, at: 7)
        mark.bind(written.endedDevices.map(\.value).joined(separator: ","), at: 8)
        try mark.run(changing: 1, orElse: "other processes took this one for dead")
        if number.isMultiple(of: Self.remembered / 4) {
            let forget = try connection.statement("DELETE FROM change_log WHERE number < ?")
            forget.bind(number - Self.remembered, at: 1)
            try forget.run()
        }
        do throws(StoreError) {
            try session.commit()
        } catch {
            guard session.wasLost else { throw error }
            fate = .unknown
            session.rollback()
            guard try wasCommitted(number, after: error) else {
                fate = .undone
                throw error
            }
            fate = .none
            highest += Int64(written.inserted)
            // The answer about the claims may be lost too: they are not used.
            return []
        }
        highest += Int64(written.inserted)
        // It is durable, whatever is wrong with this answer.
        return Set((try? claims?.loginNumbers()) ?? [])
    }

    /// Asks for claims to logins that the transaction has changed, and on which no other process works.
    private func claim(
        _ numbers: Set<LoginNumber>
    ) throws(StoreError) -> PostgresStatement? {
        guard !numbers.isEmpty else { return nil }
        // What was there before is not seen to be inserted, and nothing else is locked: others may be
        // deleting theirs.
        let insert = try session.connection().statement(
            """
            WITH wanted AS (
                    SELECT CAST(digits AS bigint) AS number
                    FROM unnest(string_to_array(?1, ',')) AS digits),
                inserted AS (INSERT INTO claim (number, replica) SELECT number, ?2 FROM wanted
                    ON CONFLICT (number) DO NOTHING RETURNING number)
            SELECT number FROM inserted
            UNION ALL
            SELECT found.number FROM wanted, LATERAL (
                SELECT number, replica FROM claim
                WHERE claim.number = wanted.number OFFSET 0) AS found
            WHERE found.replica = ?2
            """
        )
        insert.bind(PostgresDatabase.list(numbers), at: 1)
        insert.bind(own, at: 2)
        try insert.ask()
        return insert
    }

    /// Looks for what became of a transaction whose answer was lost.
    private func wasCommitted(
        _ number: Int64,
        after failure: StoreError
    ) throws(StoreError) -> Bool {
        let end = ContinuousClock.now + Self.patience
        while true {
            let committed: Int64?
            do throws(StoreError) {
                defer { session.rollback() }
                try session.begin()
                // Waits until the transaction has ended, if it is still under way.
                let writer = try locked()
                let mark = try session.connection().statement(
                    "SELECT committed FROM replica WHERE id = ?"
                )
                mark.bind(own, at: 1)
                try writer.ask()
                try mark.ask()
                _ = try writer.step()
                writer.reset()
                committed = try mark.step() ? mark.integer(0) : nil
                mark.reset()
            } catch {
                guard ContinuousClock.now < end else {
                    throw .unavailable("it is not known whether it was stored: \(error)")
                }
                Pause.now(.milliseconds(20))
                continue
            }
            // Who takes this process for dead removes its row; then nobody can tell.
            guard let committed else {
                throw .unavailable("it is not known whether it was stored")
            }
            return committed == number
        }
    }

    var mayRunAgain: Bool {
        switch fate {
        case .unknown: false
        case .undone: true
        case .none:
            session.wasLost || session.failure?.kind == .again
                // Somebody has written behind the end of the audit meanwhile.
                || auditEnd != nil && session.failure?.kind == .notUnique
        }
    }

    func rollback() {
        forgetTransaction()
        session.rollback()
    }

    func finish() { replica.leave(connection) }
}

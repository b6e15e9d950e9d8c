import Logins
import TestSupport
import Testing

@testable import SQLStore

/// Statements are planned once, when a table may still be empty, and the plan is kept.
@Suite("Plans of PostgreSQL", .needsPostgres, .timeLimit(.minutes(5)))
struct PlanTests {
    private static let copies: Int64 = 5_000
    private static let limits = LoginLimits(
        liveLoginsOfUser: 5,
        liveLoginsOfClient: 10_000,
        startsOfUserAMinute: 20,
        startsOfClientAMinute: 10_000
    )

    @Test(
        "read nothing as a whole, made while it was empty or when it was full",
        arguments: [false, true]
    )
    func growing(isFull: Bool) async throws {
        let server = try #require(PostgresServer.shared)
        let database = try server.makeDatabase(isEmpty: true)
        var place = server.options(database)
        place.readers = 1
        let options = StoreOptions(postgres: place, role: .service, clock: ManualClock())
        var store = try SQLLoginStore(options)
        // No plan is made anew because somebody has counted the rows.
        try server.run(
            """
            DO $$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' LOOP
            EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = off)', name); END LOOP; END $$
            """,
            in: database
        )
        for round in 1...7 { try await use(store, "early-\(round)") }
        try server.run(Self.fill, in: database)
        if isFull {
            await store.close()
            try server.run("ANALYZE", in: database)
            store = try SQLLoginStore(options)
        }
        for round in 1...5 { try await use(store, "late-\(round)") }
        await store.close()
        let connection = try PostgresConnection(place)
        try awaitStatistics(connection)
        let read = connection.prepare(
            """
            SELECT relname::text, seq_tup_read, n_tup_ins FROM pg_stat_user_tables
            WHERE n_tup_ins >= ? ORDER BY 1
            """
        )
        read.bind(Self.copies, at: 1)
        var filled: [String] = []
        while try read.step() {
            let table = try read.text(0) ?? ""
            filled.append(table)
            #expect(try #require(read.integer(1)) < Self.copies, "\(table)")
        }
        #expect(filled == ["audit", "change_log", "login", "start_count", "user_conduct"])
    }

    /// What a session has read is counted when it ends.
    private func awaitStatistics(_ connection: PostgresConnection) throws {
        try connection.queue(
            """
            DO $$ BEGIN FOR round IN 1..1000 LOOP
                PERFORM pg_sleep(0.01);
                PERFORM pg_stat_clear_snapshot();
                EXIT WHEN NOT EXISTS (SELECT 1 FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND backend_type = 'client backend');
            END LOOP; END $$
            """
        )
    }

    @Test("claim with a change without a look at the other claims, whenever they were counted")
    func claims() async throws {
        let server = try #require(PostgresServer.shared)
        let database = try server.makeDatabase(isEmpty: true)
        let place = server.options(database)
        let taker = Taker()
        var options = StoreOptions(postgres: place, role: .service, clock: ManualClock())
        options.takesOn = { taker.takeOn($0) }
        let store = try SQLLoginStore(options)
        try await store.insertNew(fixture("first").make())
        // With one row to expect, each index is as good as the other.
        try server.run(
            """
            ALTER TABLE claim SET (autovacuum_enabled = off);
            ANALYZE claim;
            INSERT INTO claim (number, replica)
                SELECT -copy, replica.id FROM replica, generate_series(1, \(Self.copies)) AS copy
            """,
            in: database
        )
        for index in 1...20 { try await store.insertNew(fixture("\(index)").make()) }
        #expect(taker.handed.count == 21)
        // Else the end of the process would read them too.
        try server.run("TRUNCATE claim", in: database)
        await store.close()
        let connection = try PostgresConnection(place)
        try awaitStatistics(connection)
        let read = connection.prepare(
            "SELECT CAST(sum(idx_tup_read) AS bigint) FROM pg_stat_user_indexes WHERE relname = 'claim'"
        )
        #expect(try read.step())
        #expect(try #require(read.integer(0)) < Self.copies)
    }

    /// What a login goes through, and what is asked about logins.
    private func use(_ store: SQLLoginStore, _ name: String) async throws {
        let stored = try await store.insertNew(fixture(name).make())
        let other = fixture("\(name)-2") { $0.user = "\(name)-user" }.make()
        _ = try await store.insert(other, limits: Self.limits)
        #expect(try await store.login(stored.login.key) == stored)
        _ = try await store.tickets(of: stored.number)
        for claim in try await store.claim(at: noon, within: Slots(1)) { store.release(claim) }
        _ = try await store.nextDue()
        _ = try await store.queues(at: noon)
        try await store.apply(.unusable(.noChannel), to: stored.number, at: noon)
        try await store.apply(.deadlinePassed, to: stored.number, at: stored.login.terms.reportEnds)
        let user = stored.login.details.user
        _ = try await store.liveLogins(of: user, limit: 10)
        _ = try await store.pastLogins(of: user, before: nil, limit: 10)
        _ = try await store.logins(in: .reporting, after: nil, limit: 10)
        _ = try await store.census()
        _ = try await store.redact(settledBefore: noon - .seconds(60), limit: 10)
        _ = try await store.delete(settledBefore: noon - .seconds(60), limit: 10)
    }

    /// Copies the last live login, and fills what grows with logins.
    private static let fill = """
        INSERT INTO login SELECT (jsonb_populate_record(login, jsonb_build_object(
            'number', number + copy, 'login_id', 'copy-' || copy, 'user_id', 'copy-' || copy))).*
        FROM login, generate_series(1, \(copies)) AS copy
        WHERE number = (SELECT max(number) FROM login WHERE phase = 'preparing');
        UPDATE writer SET highest = highest + \(copies);
        UPDATE audit SET number = number + \(copies);
        UPDATE audit_head SET number = number + \(copies);
        INSERT INTO audit (number, entry, hash)
            SELECT copy, audit.entry, audit.hash
            FROM (SELECT * FROM audit LIMIT 1) AS audit, generate_series(1, \(copies)) AS copy;
        INSERT INTO change_log (number, replica, logins, ended_sessions, audited)
            SELECT -copy, 0, '', FALSE, FALSE FROM generate_series(1, \(copies)) AS copy;
        INSERT INTO start_count (starter, step, count)
            SELECT convert_to('copy-' || copy, 'UTF8'), 0, 1 FROM generate_series(1, \(copies)) AS copy;
        INSERT INTO user_conduct (user_id)
            SELECT 'copy-' || copy FROM generate_series(1, \(copies)) AS copy;
        """
}

import Foundation
import Logins
import TestSupport
import Testing

@testable import SQLStore

@Suite("The SQLite file", .timeLimit(.minutes(10)))
struct SQLiteSchemaTests {
    /// A closed store with one login in each phase, numbered in the order of the phases.
    private func filled() async throws -> StorePlace {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        for phase in PendingLogin.PhaseName.allCases {
            try await store.logins.insertNew(.inPhase(phase, fixture("\(phase)")))
        }
        await store.close()
        return place
    }

    @Test(
        "rejects rows that the state machine cannot reach",
        arguments: [
            "UPDATE login SET phase = 'done' WHERE phase = 'settled'",
            "UPDATE login SET phase = 'waiting' WHERE phase = 'preparing'",
            "UPDATE login SET phase = 'settled' WHERE phase = 'reporting'",
            "UPDATE login SET phase = 'stranded' WHERE phase = 'reporting'",
            "UPDATE login SET phase = 'preparing' WHERE phase = 'reporting'",
            "UPDATE login SET due_at = NULL WHERE phase = 'preparing'",
            "UPDATE login SET due_at = 1 WHERE phase = 'settled'",
            "UPDATE login SET due_at = 1 WHERE phase = 'stranded'",
            "UPDATE login SET due_at = 'soon' WHERE phase = 'waiting'",
            "UPDATE login SET next_at = 1 WHERE phase = 'waiting'",
            "UPDATE login SET attempts = '{}' WHERE phase = 'waiting'",
            "UPDATE login SET in_doubt = NULL WHERE phase = 'reporting'",
            "UPDATE login SET in_doubt = 4 WHERE phase = 'reporting'",
            "UPDATE login SET in_doubt = 0 WHERE phase = 'settled'",
            "UPDATE login SET consent = NULL WHERE phase = 'waiting'",
            "UPDATE login SET consent = '{}', accounts = '[]' WHERE phase = 'preparing'",
            "UPDATE login SET accounts = NULL WHERE phase = 'reporting'",
            "UPDATE login SET digest = x'00' WHERE phase = 'waiting'",
            "UPDATE login SET nonce = NULL WHERE phase = 'waiting'",
            "UPDATE login SET digest = NULL, nonce = NULL WHERE phase = 'reporting'",
            "UPDATE login SET selected = NULL WHERE phase = 'settled'",
            "UPDATE login SET challenge = x'00' WHERE phase = 'settled'",
            "UPDATE login SET outcome = 'voided' WHERE phase = 'settled'",
            "UPDATE login SET reports_expiry = 'sometimes'",
            "UPDATE login SET deliveries = NULL WHERE phase = 'waiting'",
            "UPDATE login SET outcome = NULL WHERE phase = 'settled'",
            "UPDATE login SET outcome = 'expired' WHERE phase = 'waiting'",
            "UPDATE login SET outcome = 'denied' WHERE phase = 'settled'",
            "UPDATE login SET outcome = 'failed' WHERE phase = 'settled'",
            "UPDATE login SET outcome = 'won' WHERE phase = 'settled'",
            "UPDATE login SET failure = 'no_channel' WHERE phase = 'settled'",
            "UPDATE login SET choice = NULL WHERE phase = 'settled'",
            "UPDATE login SET choice = 'deny' WHERE phase = 'settled'",
            "UPDATE login SET method = NULL WHERE phase = 'settled'",
            "UPDATE login SET via = NULL WHERE phase = 'settled'",
            "UPDATE login SET decided_at = NULL WHERE phase = 'settled'",
            "UPDATE login SET address = '192.0.2.1' WHERE phase = 'waiting'",
            "UPDATE login SET device = 'key-1' WHERE phase = 'settled'",
            "INSERT INTO block_notice VALUES ('anna', 0, 0, -1)",
            "UPDATE login SET settlement = NULL WHERE phase = 'settled'",
            "UPDATE login SET settled_at = NULL WHERE phase = 'settled'",
            "UPDATE login SET settlement = 'reported' WHERE phase = 'stranded'",
            "UPDATE login SET stranding = NULL WHERE phase = 'stranded'",
            "UPDATE login SET stranding = 'gone' WHERE phase = 'stranded'",
            "UPDATE login SET stranding_reason = NULL WHERE phase = 'stranded'",
            "UPDATE login SET user_id = NULL WHERE phase = 'settled'",
            "UPDATE login SET redacted = 1, user_id = NULL WHERE phase = 'reporting'",
            "UPDATE login SET tickets = x'00' WHERE phase = 'waiting'",
            "UPDATE login SET origin_trace = NULL WHERE phase = 'waiting'",
            "UPDATE login SET server = NULL WHERE phase = 'waiting'",
            "INSERT INTO meta VALUES (2, 0, 0, 0, 0, NULL, 0)",
            "INSERT INTO users VALUES ('x', 3, NULL, NULL, NULL, NULL, NULL, 0, 0)",
            "UPDATE census SET count = -1",
            "INSERT INTO api_client VALUES ('a', 'robot', 'active', 0, 1, NULL, '{}')",
            "INSERT INTO api_client VALUES ('a', 'user', 'gone', 0, 1, NULL, '{}')",
            "INSERT INTO api_client VALUES ('a', 'user', 'active', 0, 0, NULL, '{}')",
            "INSERT INTO api_client VALUES ('a', 'user', 'active', 0, 1, NULL, NULL)",
            "INSERT INTO api_client VALUES ('a', 'user', 'active', 0, 1, NULL, '')",
            "INSERT INTO used_once VALUES (1, x'00', 0)",
            "INSERT INTO used_once VALUES (0, zeroblob(32), 0)",
            "INSERT INTO revoked_token VALUES (x'00', 0)",
            "INSERT INTO authorization_code VALUES (x'00', 'app', 'anna', 'x', 'y', 'z', NULL, 0)",
            """
            INSERT INTO token_family VALUES
            ('a', 'app', 'anna', 'z', zeroblob(32), NULL, NULL, NULL, 0, 0, 0)
            """,
            """
            INSERT INTO token_family VALUES
            ('a', 'app', 'anna', 'z', zeroblob(32), zeroblob(32), 'x', NULL, 0, 0, 0)
            """,
            "INSERT INTO audit VALUES (0, x'00', zeroblob(32))",
            "INSERT INTO audit VALUES (1, x'00', x'00')",
            "INSERT INTO audit_head VALUES (2, 0, zeroblob(32), 0, zeroblob(32))",
            "UPDATE audit_head SET removed_number = 1",
            """
            PRAGMA foreign_keys = ON; INSERT INTO delegation_consent VALUES
            ('a', 'anna', 'nobody', '1', zeroblob(32), 'en', 0, '::1', 'inbox', NULL)
            """,
            """
            INSERT INTO delegation_consent VALUES
            ('a', 'anna', 'robot', '1', zeroblob(31), 'en', 0, '::1', 'inbox', NULL)
            """,
            """
            INSERT INTO delegation_consent VALUES
            ('a', 'anna', 'robot', '1', zeroblob(32), 'en', 0, '::1', 'letter', NULL)
            """,
            """
            INSERT INTO delegation_consent VALUES
            ('a', 'anna', 'robot', '1', zeroblob(32), 'en', 0, '::1', 'inbox', NULL),
            ('b', 'anna', 'robot', '1', zeroblob(32), 'en', 0, '::1', 'admin', NULL)
            """,
        ]
    )
    func checks(_ sql: String) async throws {
        let place = try await filled()
        let answer = try SQLiteShell.run(place.path, sql)
        #expect(!answer.isSuccess)
        #expect(
            answer.output.contains("constraint failed") || answer.output.contains("cannot store")
        )
    }

    @Test("can be read by another program")
    func foreignReader() async throws {
        let place = try await filled()
        #expect(try SQLiteShell.run(place.path, "PRAGMA integrity_check").output == "ok\n")
        #expect(try SQLiteShell.run(place.path, "PRAGMA foreign_key_check").output == "")
        let rows = try SQLiteShell.run(
            place.path,
            "SELECT phase, login_id FROM login ORDER BY number"
        )
        let expected = ["preparing", "waiting", "reporting", "settled", "stranded"]
        #expect(rows.output == expected.map { "\($0)|\($0)\n" }.joined())
        let version = try SQLiteShell.run(
            place.path,
            "PRAGMA application_id; PRAGMA user_version; PRAGMA journal_mode"
        )
        #expect(version.output == "1113940843\n1\nwal\n")
        let mode = try SQLiteShell.run("stat", ["-c", "%a", place.path])
        #expect(mode.output == "600\n", "nobody else may read it")
    }

    /// Rows of several sizes, so that pages are split and merged and some need overflow pages.
    @Test("keeps no trace of what was erased, in none of its files", arguments: [0, 900, 20_000])
    func erased(padding: Int) async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        let tool = try place.open(.tool)
        let fill = String(repeating: "secret-", count: padding / 7)
        let count = 60
        for number in 0..<count {
            let login = secretLogin(number, fill)
            try await store.logins.insertNew(login)
            let user = User(id: .named("secret-listed-\(number)"), isActive: true)
            try await store.users.put(user)
            #expect(try await tool.users.remove(user.id))
        }
        #expect(
            try SQLiteShell.run("grep", ["-c", "-a", "secret-", place.path + "-wal"]).output
                != "0\n"
        )
        #expect(try await store.logins.redact(settledBefore: .distantFuture, limit: 999) == count)
        for file in [place.path, place.path + "-wal"] {
            let found = try SQLiteShell.run("grep", ["-a", "-o", "secret-[a-z]*", file]).output
            #expect(found == "", "\(file)")
        }
        await tool.close()
        await store.close()
    }

    /// A settled login of which everything personal is marked.
    private func secretLogin(_ number: Int, _ fill: String) -> PendingLogin {
        let question = Question(
            consent: Consent(
                id: .named("secret-consent-\(number)"),
                clientName: "secret-name",
                scopes: [.init(requestedName: "secret-scope", explanation: "secret-words" + fill)]
            ),
            digest: Question.fixture.digest,
            nonce: Array(repeating: 9, count: 32)
        )
        var login = PendingLogin.Fixture(id: "login-\(number)").make(
            PendingLogin.Details(
                user: .named("secret-user-\(number)"),
                client: .named("secret-client"),
                clientName: "secret-name",
                requestedScopes: ["secret-scope"],
                acrValues: ["secret-acr"],
                bindingMessage: BindingMessage("secret-message"),
                state: "secret-state",
                unknownMembers: #"{"x":"secret-member"}"#,
                context: RequestContext(
                    address: "192.0.2.9",
                    agent: "secret-agent",
                    place: "secret-place"
                )
            )
        )
        let evidence = Evidence(method: .tap, via: .page, address: "secret-address")
        let events: [PendingLogin.Event] = [
            .prepared(question, [.fixture(at: noon)]),
            .notDelivered(.named("webhook"), "secret-answer", until: noon + .seconds(1)),
            .decided(Decision(.approve, evidence: evidence, at: noon), .fixture),
            .reportDelayed("secret-cause", until: noon, inDoubt: false),
            .reportTaken(confirmed: true),
        ]
        for event in events {
            do { try login.apply(event, at: noon) } catch { Issue.record("\(event): \(error)") }
        }
        return login
    }

    @Test(
        "warns of an SQLite that can damage it",
        arguments: [
            (3_040_001, true), (3_044_005, true), (3_044_006, false), (3_045_000, true),
            (3_046_001, true), (3_050_006, true), (3_050_007, false), (3_051_002, true),
            (3_051_003, false), (3_052_000, false), (4_000_000, false),
        ] as [(Int32, Bool)]
    )
    func library(number: Int32, isBad: Bool) {
        #expect(SQLiteLibrary(number: number).canDamageDatabases == isBad)
    }

    @Test("is checkpointed by the service alone", arguments: [false, true])
    func checkpoints(besideService: Bool) async throws {
        let place = try StorePlace(.sqlite)
        let service = try place.open()
        if !besideService { await service.close() }
        func log() throws -> Int {
            Int(try SQLiteShell.run("stat", ["-c", "%s", place.path + "-wal"]).output.dropLast())
                ?? 0
        }
        let database = try Data(contentsOf: URL(filePath: place.path))
        let tool = try place.open(.tool)
        let text = String(repeating: "x", count: 500)
        for number in 0..<600 {
            try await tool.users.put(User(id: .named("\(number)-\(text)"), isActive: true))
        }
        _ = try await tool.users.users(after: nil, limit: 9)
        let size = try log()
        #expect(size > 1_100 * 4_096, "more than the default between two checkpoints")
        await tool.close()
        #expect(try log() == size, "closing does not empty the log")
        #expect(try Data(contentsOf: URL(filePath: place.path)) == database)
        if besideService { await service.close() } else { await (try place.open()).close() }
        #expect(try log() == 0)
    }

    @Test("answers frequent queries from indexes")
    func plans() async throws {
        let place = try await filled()
        let questions = [
            """
            SELECT number, due_at FROM login WHERE server = 'a' AND phase = 'preparing' \
            AND due_at IS NOT NULL ORDER BY due_at, number
            """: "login_due (server=? AND phase=? AND due_at>?)",
            """
            SELECT server, phase FROM login WHERE due_at IS NOT NULL \
            AND (server, phase, due_at) > ('a', 'b', 9) ORDER BY server, phase, due_at LIMIT 1
            """: "login_due ((server,phase,due_at)>(?,?,?))",
            """
            SELECT number, due_at, report_ends FROM login WHERE phase = 'reporting' \
            AND server = 'a' ORDER BY report_ends, number
            """: "login_report_ends (server=?)",
            "SELECT number FROM login WHERE phase = 'stranded' AND number > 1 ORDER BY number":
                "login_phase",
            """
            SELECT number FROM login WHERE redacted = 0 AND settled_at IS NOT NULL \
            AND settled_at < 1 ORDER BY settled_at
            """: "login_settled",
            "SELECT number FROM login_hash WHERE hash = 1": "PRIMARY KEY",
            "SELECT number FROM used_hash WHERE hash = 1": "PRIMARY KEY",
            "SELECT user_id FROM block_notice WHERE next_at <= 1 ORDER BY next_at":
                "block_notice_next",
            "SELECT number FROM login WHERE consent_key = 'x' AND due_at IS NOT NULL":
                "login_consent",
            "SELECT id FROM delegation_consent WHERE user_id = 'a' AND id > 'b' ORDER BY id":
                "delegation_user (user_id=? AND id>?)",
            "SELECT id FROM delegation_consent WHERE client = 'a' AND id > 'b' ORDER BY id":
                "delegation_client (client=? AND id>?)",
            """
            SELECT id FROM delegation_consent \
            WHERE user_id = 'a' AND client = 'b' AND withdrawn_at IS NULL
            """: "delegation_in_force (user_id=? AND client=?)",
            "SELECT number, key FROM used_once WHERE until < 1 ORDER BY until": "used_once_until",
            "SELECT jti FROM revoked_token WHERE until < 1 ORDER BY until": "revoked_token_until",
            "SELECT digest FROM authorization_code WHERE ends_at < 1 ORDER BY ends_at":
                "authorization_code_ends",
            "SELECT id FROM token_family WHERE ends_at < 1 ORDER BY ends_at": "token_family_ends",
            "SELECT current FROM token_family WHERE id = 'a'": "PRIMARY KEY",
            "SELECT client FROM authorization_code WHERE digest = x'00'": "PRIMARY KEY",
            "SELECT number FROM audit WHERE number > 1 ORDER BY number": "INTEGER PRIMARY KEY",
        ]
        for (question, index) in questions {
            let plan = try SQLiteShell.run(place.path, "EXPLAIN QUERY PLAN \(question)").output
            #expect(plan.contains(index))
            #expect(!plan.contains("TEMP B-TREE"), "nothing is sorted")
        }
    }

    @Test("is refused when it belongs to another application or a newer version")
    func foreign() async throws {
        let foreign = try StorePlace(.sqlite)
        _ = try SQLiteShell.run(foreign.path, "CREATE TABLE t (x)")
        #expect(throws: StoreError.unavailable("the file is another application's database")) {
            try foreign.open()
        }
        let newer = try await filled()
        _ = try SQLiteShell.run(newer.path, "PRAGMA user_version = 99")
        for role in [StoreRole.service, .tool] {
            let error = #expect(throws: StoreError.self) { try newer.open(role) }
            guard case .unavailable(let message) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(message.contains("newer version"))
        }
    }

    @Test("is refused when a build before the first version has made it")
    func early() async throws {
        let place = try await filled()
        _ = try SQLiteShell.run(place.path, "ALTER TABLE meta DROP COLUMN uses_merged")
        for role in [StoreRole.service, .tool] {
            let error = #expect(throws: StoreError.self) { try place.open(role) }
            #expect("\(try #require(error))".contains("start with a new one"))
        }
    }

    @Test("has the declared columns and no others")
    func columns() async throws {
        let place = try await filled()
        let columns = try SQLiteShell.run(
            place.path,
            "SELECT name FROM pragma_table_info('login') ORDER BY cid"
        )
        #expect(columns.output == LoginColumn.allCases.map { $0.name + "\n" }.joined())
    }

    /// A step that a later version might add.
    private static let laterStep = """
        ALTER TABLE login ADD COLUMN mood TEXT;
        UPDATE login SET mood = 'good' WHERE phase = 'waiting';
        """

    @Test("of an earlier version is migrated when the service opens it, and keeps every login")
    func earlier() async throws {
        let place = try await filled()
        let notices = Recorded<MigrationNotice>()
        var options = place.options()
        options.schema.append(Self.laterStep)
        options.migration = { notices.append($0) }
        let store = try SQLLoginStore(options)
        #expect(notices.entries == [.begun(from: 1, to: 2)])
        for (index, phase) in PendingLogin.PhaseName.allCases.enumerated() {
            let stored = try await store.login(LoginNumber(Int64(index + 1)))
            #expect(stored?.login == .inPhase(phase, fixture("\(phase)")))
        }
        try await recount(store)
        #expect(try await store.insertNew(fixture("new").make()).number == LoginNumber(6))
        await store.close()
        let moods = try SQLiteShell.run(
            place.path,
            "SELECT login_id FROM login WHERE mood = 'good'; PRAGMA user_version"
        )
        #expect(moods.output == "waiting\n2\n")
        #expect(try SQLiteShell.run(place.path, "PRAGMA integrity_check").output == "ok\n")
        #expect(throws: StoreError.self, "this version is now too old") { try place.open() }
    }

    @Test("of an earlier version is refused by a tool")
    func earlierForTool() async throws {
        let place = try await filled()
        var options = place.options(.tool)
        options.schema.append(Self.laterStep)
        let error = #expect(throws: StoreError.self) { try SQLLoginStore(options) }
        guard case .unavailable(let message) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(message.contains("migrate it first"))
    }

    @Test("stays as it was when a migration fails")
    func failedMigration() async throws {
        let place = try await filled()
        var options = place.options()
        options.schema += [Self.laterStep, "DROP TABLE census; UPDATE nowhere SET x = 1"]
        #expect(throws: StoreError.self) { try SQLLoginStore(options) }
        let reached = try SQLiteShell.run(
            place.path,
            "PRAGMA user_version; SELECT count(*) FROM census"
        )
        #expect(reached.output == "2\n5\n", "the first step is kept, the second undone")
    }

    @Test("is created and migrated by a command")
    func migrate() async throws {
        let place = try StorePlace(.sqlite)
        let first = try SQLLoginStore.migrate(path: place.path, clock: place.clock)
        #expect(first.from == 0)
        let second = try SQLLoginStore.migrate(path: place.path, clock: place.clock)
        #expect(second.from == first.to)
        let store = try place.open()
        #expect(throws: StoreError.locked) {
            try SQLLoginStore.migrate(path: place.path, clock: place.clock)
        }
        await store.close()
    }
}

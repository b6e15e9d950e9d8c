import Logins
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("The SQLite file", .timeLimit(.minutes(1)))
struct SQLiteSchemaTests {
    /// A closed store with a login in each phase, numbered in the order of the phases.
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
        "refuses rows that the state machine cannot reach",
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
            "UPDATE login SET reports_expiry = 3",
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
            "INSERT INTO meta VALUES (2, 0, 0, 0, 0, 0)",
            "INSERT INTO users VALUES ('x', 3, NULL, NULL, 0, 0, NULL)",
            "UPDATE census SET count = -1",
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

    @Test("is sound to another program, which finds what was stored")
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
        #expect(version.output == "1113940843\n4\nwal\n")
        let mode = try SQLiteShell.run("stat", ["-c", "%a", place.path])
        #expect(mode.output == "600\n", "nobody else may read it")
    }

    @Test("keeps no trace of an erased user")
    func erased() async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        let login = fixture("one") {
            $0.user = "secret-person"
            $0.bindingMessage = "secret-message"
        }
        try await store.logins.insertNew(.inPhase(.settled, login))
        #expect(try await store.logins.redact(settledBefore: .distantFuture, limit: 9) == 1)
        await store.close()
        let found = try SQLiteShell.run("grep", ["-c", "-a", "secret-", place.path])
        #expect(found.output == "0\n")
    }

    @Test("answers its frequent questions from indexes")
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
            "SELECT number FROM login_key WHERE hash = 1": "PRIMARY KEY",
            "SELECT number FROM login WHERE consent_key = 'x' AND due_at IS NOT NULL":
                "login_consent",
        ]
        for (question, index) in questions {
            let plan = try SQLiteShell.run(place.path, "EXPLAIN QUERY PLAN \(question)").output
            #expect(plan.contains(index))
            #expect(!plan.contains("TEMP B-TREE"), "nothing is sorted")
        }
    }

    @Test("is refused when it is another application's, or a newer version's")
    func strangers() async throws {
        let stranger = try StorePlace(.sqlite)
        _ = try SQLiteShell.run(stranger.path, "CREATE TABLE t (x)")
        #expect(throws: StoreError.unavailable("the file is another application's database")) {
            try stranger.open()
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

    @Test("of the first version is brought forward, and its logins go on")
    func firstVersion() async throws {
        let place = try StorePlace(.sqlite)
        let made = try SQLiteShell.run(
            place.path,
            Schema.steps[0] + """
                INSERT INTO meta (id, hash_key_low, hash_key_high) VALUES (1, 1, 2);
                INSERT INTO login (number, server, login_id, received_at, expires_at, prompt_ends,
                    report_ends, earliest_report, reports_expiry, user_id, scopes, acr_values,
                    tickets, phase, due_at, attempts, next_at)
                VALUES (7, 'acp', 'old', 1, 9, 8, 9, 1, 0, 'alice', '[]', '[]', x'', 'preparing',
                    1, '{"count":0,"recent":[]}', 1);
                PRAGMA application_id = \(Schema.applicationID);
                PRAGMA user_version = 1;
                """
        )
        #expect(made.isSuccess, "\(made.output)")
        let store = try place.open()
        let login = try #require(try await store.logins.login(LoginNumber(7))).login
        #expect(login.details == PendingLogin.Details(user: .named("alice")))
        #expect(login.phase.name == .preparing)
        #expect(try await store.logins.insertNew(fixture("new").make()).number == LoginNumber(8))
        await store.close()
    }

    @Test("of an earlier version keeps every login and owes what it owed", arguments: [1, 2])
    func earlier(_ version: Int) async throws {
        let place = try StorePlace(.sqlite)
        let ticket = String(repeating: "ab", count: 32)
        let start = noon.milliseconds
        func row(_ number: Int, _ phase: String, _ columns: [String: String]) -> String {
            let common = [
                "number": "\(number)", "server": "'acp'", "login_id": "'\(phase)-\(number)'",
                "received_at": "\(start)", "expires_at": "\(start + 9_000)",
                "prompt_ends": "\(start + 8_000)", "report_ends": "\(start + 9_000)",
                "earliest_report": "\(start)", "reports_expiry": "\(number % 2)",
                "user_id": "'alice'", "client": "'shop'", "scopes": "'[\"openid\"]'",
                "acr_values": "'[]'", "consent_id": "'C\(number)'", "tickets": "x'\(ticket)'",
                "phase": "'\(phase)'",
            ]
            let all = common.merging(columns) { $1 }.sorted { $0.key < $1.key }
            return "INSERT INTO login (\(all.map(\.key).joined(separator: ","))) VALUES "
                + "(\(all.map(\.value).joined(separator: ",")));"
        }
        let attempts = #"'{"count":1,"recent":[]}'"#
        let decided = ["method": "'tap'", "via": "'page'", "decided_at": "\(start)"]
        let approved = decided.merging([
            "outcome": "'approved'", "choice": "'approve'", "granted": "'[\"openid\"]'",
        ]) { $1 }
        let owed = ["due_at": "\(start + 5)", "next_at": "\(start + 5)", "attempts": attempts]
        let asked = [
            "due_at": "\(start + 5)", "consent": "'{}'", "deliveries": "'[]'",
        ]
        let rest = ["settlement": "'reported'", "settled_at": "\(start + 7)"]
        let made = try SQLiteShell.run(
            place.path,
            Schema.steps[0..<version].joined() + """
                INSERT INTO meta (id, hash_key_low, hash_key_high) VALUES (1, 1, 2);
                \(row(1, "preparing", owed))
                \(row(2, "waiting", asked))
                \(row(3, "waiting", asked))
                \(row(4, "reporting", owed.merging(approved) { $1 }.merging(["in_doubt": "2"]) { $1 }))
                \(row(5, "settled", approved.merging(rest) { $1 }))
                \(row(6, "stranded", approved.merging([
                    "next_at": "\(start)", "in_doubt": "1", "stranding": "'refused'",
                    "stranding_reason": "'no'",
                ]) { $1 }))
                \(row(7, "settled", rest.merging([
                    "outcome": "'expired'", "user_id": "NULL", "redacted": "1",
                ]) { $1 }))
                INSERT INTO census VALUES ('preparing', '', 1), ('waiting', '', 2),
                    ('reporting', 'approved', 1), ('settled', 'approved', 1),
                    ('settled', 'expired', 1), ('stranded', 'approved', 1);
                INSERT INTO client_live VALUES ('acp', '', 'shop', 3);
                PRAGMA application_id = \(Schema.applicationID);
                PRAGMA user_version = \(version);
                """
        )
        #expect(made.isSuccess, "\(made.output)")
        let opened = try place.open()
        let store = opened.logins
        try await recount(store)
        var phases: [PendingLogin.PhaseName] = []
        for number in 1...7 {
            let login = try #require(try await store.login(LoginNumber(Int64(number)))).login
            phases.append(login.phase.name)
            #expect(login.terms.reportsExpiry == (number % 2 == 1 ? .always : .never))
            #expect(login.tickets == [Array(repeating: 0xAB, count: 32)])
            #expect(login.question == nil)
        }
        #expect(
            phases == [
                .preparing, .preparing, .preparing, .reporting, .settled, .stranded, .settled,
            ]
        )
        // The approval that was owed is owed still, with what it grants, and is in doubt.
        #expect(try await store.recover(at: noon) == 1)
        let owing = try #require(try await store.login(LoginNumber(4))).login
        guard case .reporting(.approved(let decision), let report) = owing.phase else { return }
        #expect(decision.grant == Grant(scopes: ["openid"]) && report.inDoubt)
        // One that waited is prepared once more, and its link still opens it.
        #expect(try await store.nextDue() == noon)
        let again = try await store.apply(
            .prepared(.fixture, [.fixture(at: noon)]),
            to: LoginNumber(2),
            at: noon
        )
        #expect(again.login.phase.name == .waiting)
        #expect(again.login.tickets == [Array(repeating: 0xAB, count: 32)])
        // Its consent is known to be taken, and live logins are counted on.
        let newcomer = fixture("new") {
            $0.server = "acp"
            $0.tenant = nil
            $0.consent = .named("C3")
        }
        let busy = try await store.insertNew(newcomer.make())
        #expect(busy.login.phase.outcome == .failed(.consentBusy))
        for limits in [LoginLimits(liveLoginsOfUser: 3), LoginLimits(liveLoginsOfClient: 3)] {
            var other = newcomer
            other.id = "over \(limits)"
            other.consent = .unknown
            let over = try await store.insert(other.make(), limits: limits)
            guard case .inserted(let stored) = over else { continue }
            #expect(stored.login.phase.name == .reporting)
        }
        try await recount(store)
        await opened.close()
        #expect(try SQLiteShell.run(place.path, "PRAGMA integrity_check").output == "ok\n")
    }

    @Test("is made and brought forward by a command")
    func migrate() async throws {
        let place = try StorePlace(.sqlite)
        let first = try SQLiteLoginStore.migrate(path: place.path, clock: place.clock)
        #expect(first.from == 0)
        let second = try SQLiteLoginStore.migrate(path: place.path, clock: place.clock)
        #expect(second.from == first.to)
        let store = try place.open()
        #expect(throws: StoreError.locked) {
            try SQLiteLoginStore.migrate(path: place.path, clock: place.clock)
        }
        await store.close()
    }
}

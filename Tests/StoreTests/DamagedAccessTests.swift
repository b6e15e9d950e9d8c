import Access
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("Damaged rows of clients, consents and the audit", .timeLimit(.minutes(10)))
struct DamagedAccessTests {
    @Test(
        "are reported and not given to anybody",
        arguments: [
            "UPDATE api_client SET status = 'active'",
            "UPDATE api_client SET type = 'user'",
            "UPDATE api_client SET created_at = 0",
            "UPDATE api_client SET document = '{}'",
            "UPDATE api_client SET document = '[]'",
            "UPDATE api_client SET document = json_remove(document, '$.keys')",
            "UPDATE api_client SET document = replace(document, 'suspended', 'active')",
            "UPDATE api_client SET document = replace(document, 'robot', 'other')",
            "UPDATE api_client SET document = replace(document, 'P-256', 'P-512')",
            """
            UPDATE api_client SET document = json_set(document, '$.type', 'user'), type = 'user'
            """,
        ]
    )
    func client(_ sql: String) async throws {
        try await afterChange(sql) { store in
            await expectDamaged { _ = try await store.client(.named("robot")) }
            await expectDamaged {
                _ = try await store.clients(ClientFilter(), after: nil, limit: 9)
            }
            await expectDamaged {
                _ = try await store.standing(
                    StandingQuestion(client: .named("robot"), token: nil, user: nil)
                )
            }
        }
    }

    @Test(
        "are reported when they are consents",
        arguments: [
            "UPDATE delegation_consent SET language = '-'",
            "UPDATE delegation_consent SET text_version = ''",
            "UPDATE delegation_consent SET user_id = ''",
            "UPDATE delegation_consent SET address = ''",
        ]
    )
    func consent(_ sql: String) async throws {
        try await afterChange(sql) { store in
            await expectDamaged { _ = try await store.consent("c-1") }
            await expectDamaged {
                _ = try await store.consents(ConsentFilter(), after: nil, limit: 9)
            }
        }
    }

    @Test(
        "are reported when they are entries of the audit",
        arguments: ["x'00'", "CAST('{}' AS BLOB)"]
    )
    func audit(_ bytes: String) async throws {
        try await afterChange("UPDATE audit SET entry = \(bytes)") { store in
            await expectDamaged { _ = try await store.wholeAudit() }
        }
    }

    @Test(
        "are found where the audit was changed behind the store's back",
        arguments: [
            (
                """
                UPDATE audit SET entry = CAST(replace(CAST(entry AS TEXT), 'a.b', 'a.c') AS BLOB)
                WHERE number = 7
                """, 7
            ),
            ("UPDATE audit SET hash = zeroblob(32) WHERE number = 7", 7),
            ("UPDATE audit SET number = 99 WHERE number = 7", 7),
            ("DELETE FROM audit WHERE number = 7", 7),
            ("DELETE FROM audit WHERE number >= 7", 7),
            ("DELETE FROM audit", 1),
            (
                """
                UPDATE audit SET entry = (SELECT entry FROM audit WHERE number = 8),
                hash = (SELECT hash FROM audit WHERE number = 8) WHERE number = 7
                """, 7
            ),
            ("INSERT INTO audit SELECT 13, entry, hash FROM audit WHERE number = 12", 13),
            ("UPDATE audit_head SET number = 11", 12),
            ("UPDATE audit_head SET hash = zeroblob(32)", 12),
            ("UPDATE audit_head SET removed_number = 3", 1),
            ("UPDATE audit_head SET removed_hash = hash", 1),
        ]
    )
    func verification(_ sql: String, _ number: Int64) async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        for index in 1...12 { try await store.access.put(.audit(event("a.b", index))) }
        #expect(try SQLiteShell.run(place.path, sql).isSuccess)
        var verifier = AuditVerifier()
        let page = try await store.access.auditPage(after: nil, limit: 99)
        #expect(verifier.check(page)?.number == number)
        await store.close()
    }

    @Test(
        "do not keep the audit from going on, which says where somebody else wrote",
        arguments: StoreKind.allCases,
        [(1, "00"), (1, "7b7d"), (3, "00")]
    )
    func foreign(_ kind: StoreKind, _ others: (count: Int, entry: String)) async throws {
        let (count, entry) = others
        let place = try StorePlace(kind)
        let noted = Locked<[ClosedRange<Int64>]>([])
        var options = place.options()
        options.audited = { foreign in noted.withLock { $0 += foreign } }
        let store = try SQLLoginStore(options)
        for number in 1...4 { try await store.access.put(.audit(event("a.b", number))) }
        for number in 5..<5 + count {
            let zeros = String(repeating: "00", count: 32)
            guard let database = place.database else {
                let row = "INSERT INTO audit VALUES (\(number), x'\(entry)', x'\(zeros)')"
                #expect(try SQLiteShell.run(place.path, row).isSuccess)
                continue
            }
            let row = "INSERT INTO audit VALUES (\(number), '\\x\(entry)', '\\x\(zeros)')"
            try PostgresServer.shared?.run(row, in: database)
        }
        try await store.access.put(.audit(event("a.c")), .audit(event("a.d")))
        try await store.access.put(.audit(event("a.e")))
        #expect(noted.withLock { $0 } == [5...Int64(4 + count)])
        let page = try await store.access.auditPage(after: Int64(4 + count), limit: 9)
        let kinds = page.records.map { AuditChain.event(of: $0.bytes)?.event.kind }
        #expect(kinds == ["audit.foreign_entries", "a.c", "a.d", "a.e"])
        let note = AuditChain.event(of: page.records[0].bytes)?.event.members
        #expect(note?["first"]?.integer == 5 && note?["last"]?.integer == 4 + count)
        var verifier = AuditVerifier()
        let fault = verifier.check(try await store.access.auditPage(after: nil, limit: 99))
        #expect(fault?.number == 5)
        await store.close()
    }

    /// Changes the rows of a suspended, delegated client, a consent to it and an entry of the audit,
    /// while the store is open and has read them.
    private func afterChange(
        _ sql: String,
        _ body: (any AccessStore) async throws -> Void
    ) async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        try await store.access.put(
            .addClient(try StoreTests.client("robot", .delegated, .suspended)),
            .recordConsent(try delegation("c-1")),
            .audit(event("a.b"))
        )
        #expect(try await store.access.client(.named("robot")) != nil)
        #expect(try SQLiteShell.run(place.path, sql).isSuccess)
        try await body(store.access)
        await store.close()
    }

    private func expectDamaged(_ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("nothing was reported")
        } catch StoreError.damaged {
        } catch {
            Issue.record("another error: \(error)")
        }
    }
}

import Access
import JSON
import Logins
import TestSupport
import Testing

@Suite("Damaged rows of clients, consents and the audit", .timeLimit(.minutes(3)))
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

import Access
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("Blocks of clients in the admin API")
struct BlockResourceTests {
    private static let shop = PendingLogin.Fixture()

    /// Lends the interface over a store in which a user has reported a client.
    private static func with(
        _ body: (APIStage, SQLLoginStore) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let clock = ManualClock()
        var options = StoreOptions(
            path: directory.file("beckon.db"),
            role: .service,
            clock: clock
        )
        options.limits.blockOfReported = .minutes(60)
        let store = try SQLLoginStore(options)
        do {
            try await report(in: store, at: clock.now())
            try await body(try await APIStage(logins: store, clock: clock), store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private static func report(in store: SQLLoginStore, at now: Timestamp) async throws {
        var fixture = shop
        fixture.receivedAt = now
        guard case .inserted(let stored) = try await store.insert(fixture.make(), limits: .none)
        else { return }
        let result = try await store.update(stored.number) {
            (login) throws(PendingLogin.Refusal) in
            try login.apply(.prepared(.fixture, [.fixture(at: now)]), at: now)
            try login.apply(.decided(.fixture(.reportAsFraud, at: now), Selection()), at: now)
        }
        _ = try #require(try result?.get())
    }

    @Test("are listed, and lifted once with a line in the audit")
    func lifted() async throws {
        try await Self.with { stage, store in
            let list = try await stage.send(.get, "/admin/v1/blocks", as: "reader")
            #expect(list.status == 200, "\(list.text)")
            let block = try #require(list.json["blocks"]?.array?.first)
            #expect(block["user"]?.string == Self.shop.user)
            #expect(block["client"]?.string == Self.shop.client)
            #expect(block["tenant"]?.string == Self.shop.tenant)
            let id = try #require(block["id"]?.string)
            let path = "/admin/v1/blocks/" + id
            #expect(try await stage.send(.delete, path, as: "reader").status == 403)
            #expect(try await stage.send(.delete, path).status == 204)
            #expect(try await stage.send(.delete, path).status == 404)
            #expect(try await stage.send(.delete, "/admin/v1/blocks/x").status == 404)
            let after = try await stage.send(.get, "/admin/v1/blocks", as: "reader")
            #expect(after.json["blocks"]?.array?.isEmpty == true)
            let kinds = try await store.access.auditPage(after: 0, limit: 100).records.compactMap {
                AuditChain.event(of: $0.bytes)?.event.kind
            }
            #expect(kinds.filter { $0 == "client.unblocked" }.count == 1)
        }
    }

    // rule: P4
    @Test("A user who is blocked after five failed proofs is unblocked with a line in the audit")
    func unblocked() async throws {
        try await Self.with { stage, store in
            let user = UserID.named("alice")
            for _ in 0..<5 { _ = try await store.noteFailure(of: user) }
            let path = "/admin/v1/users/alice/unblock"
            #expect(try await stage.send(.post, path, as: "reader").status == 403)
            #expect(try await stage.send(.post, path).status == 204)
            #expect(try await store.failures(of: user) == FailureStanding())
            let kinds = try await store.access.auditPage(after: 0, limit: 100).records.compactMap {
                AuditChain.event(of: $0.bytes)?.event.kind
            }
            #expect(kinds.contains("user.blocked"))
            #expect(kinds.contains("user.unblocked"))
        }
    }
}

import Access
import Logins
import SQLStore
import TestSupport
import Testing

/// What was read under a mark is used as long as the mark is the same, so a mark must not outlive any
/// change, whoever makes it.
@Suite("The mark of a store", .timeLimit(.minutes(10)))
struct StoreMarkTests {
    /// A change that calls depend on.
    enum Change: String, CaseIterable {
        case added, suspended, consented, withdrawn, revoked, swept

        var changes: [AccessChange] {
            get throws {
                switch self {
                case .added: [.addClient(try client("another"))]
                case .suspended:
                    [.replaceClient(try client("robot", .delegated, .suspended), version: 1)]
                case .consented: [.recordConsent(try delegation("c-2", "bert"))]
                case .withdrawn: [.withdrawConsent("c-1", at: noon)]
                case .revoked: [.revokeToken("t-2", until: noon)]
                case .swept: []
                }
            }
        }

        /// The same by somebody who knows the file only.
        var sql: String {
            switch self {
            case .added:
                """
                INSERT INTO api_client SELECT 'another', type, status, created_at, version, NULL,
                    document FROM api_client WHERE id = 'robot'
                """
            case .suspended: "UPDATE api_client SET status = 'suspended' WHERE id = 'robot'"
            case .consented:
                """
                INSERT INTO delegation_consent SELECT 'c-2', 'bert', client, text_version,
                    text_digest, language, accepted_at, address, channel, NULL
                    FROM delegation_consent WHERE id = 'c-1'
                """
            case .withdrawn: "UPDATE delegation_consent SET withdrawn_at = 1 WHERE id = 'c-1'"
            case .revoked: "INSERT INTO revoked_token VALUES ('t-2', 1)"
            case .swept: "DELETE FROM revoked_token"
            }
        }
    }

    enum Author: CaseIterable { case service, tool, otherProcess }

    /// A store with a client, a consent and a revoked token.
    private func place() async throws -> (StorePlace, StorePlace.Opened) {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        try await store.access.put(.addClient(try client("robot", .delegated)))
        try await store.access.put(.recordConsent(try delegation("c-1")))
        try await store.access.put(.revokeToken("t-1", until: noon))
        return (place, store)
    }

    @Test(
        "changes with every client, consent and revocation, whoever changes them",
        arguments: Change.allCases,
        Author.allCases
    )
    func changes(_ change: Change, by author: Author) async throws {
        let (place, store) = try await place()
        // The first commit after somebody asks counts as a change of everything.
        _ = store.access.mark()
        try await store.access.put(.audit(event("other")))
        let before = try #require(store.access.mark())
        #expect(store.access.mark() == before, "nobody has written")
        switch author {
        case .service: try await apply(change, to: store.access)
        case .tool:
            let tool = try place.open(.tool)
            try await apply(change, to: tool.access)
            await tool.close()
        case .otherProcess:
            #expect(try SQLiteShell.run(place.path, change.sql).status == 0)
        }
        let after = try #require(store.access.mark())
        #expect(after.standings != before.standings)
        #expect(after.commits != before.commits)
        #expect((after.others != before.others) == (author != .service))
        await store.close()
        #expect(store.access.mark() == nil, "nothing is known of a closed store")
    }

    private func apply(_ change: Change, to store: any AccessStore) async throws {
        if change == .swept {
            #expect(try await store.sweepAccess(before: noon + .seconds(1), limit: 9) == 1)
        } else {
            #expect(try await store.commit(try change.changes) == nil)
        }
    }

    @Test("counts no checkpoint of this process as a change by others")
    func checkpoints() async throws {
        let (_, store) = try await place()
        _ = store.access.mark()
        try await store.access.put(.audit(event("other")))
        let before = try #require(store.access.mark())
        // Empties the log each time, even if there was nothing to erase.
        for _ in 0..<3 {
            #expect(try await store.logins.redact(settledBefore: noon, limit: 9) == 0)
            #expect(try await store.logins.delete(settledBefore: noon, limit: 9) == 0)
            _ = store.access.mark()
        }
        try await store.logins.insertNew(fixture("a").make())
        #expect(try #require(store.access.mark()).others == before.others)
        await store.close()
    }

    @Test("tells what this process leaves alone from what it changes")
    func others() async throws {
        let (_, store) = try await place()
        _ = store.access.mark()
        try await store.access.put(.audit(event("other")))
        var last = try #require(store.access.mark())
        let commits: [() async throws -> Void] = [
            { try await store.access.put(.audit(event("more"))) },
            { try await store.access.put(.noteUse(.named("robot"), at: noon)) },
            { try await store.access.put(.use(key: onceKey(1), until: noon)) },
            { try await store.logins.insertNew(fixture("a").make()) },
            { try await store.users.put(User(id: .named("anna"), isActive: true)) },
        ]
        for commit in commits {
            try await commit()
            let mark = try #require(store.access.mark())
            #expect(mark.standings == last.standings)
            #expect(mark.commits != last.commits)
            last = mark
        }
        // Refused, so nothing was written.
        #expect(try await store.access.commit([.use(key: onceKey(1), until: noon)]) == .used)
        #expect(store.access.mark()?.standings == last.standings)
        await store.close()
    }

    @Test("misses no change of another process while this one commits without pause")
    func race() async throws {
        let (place, store) = try await place()
        var options = place.options(.tool)
        options.busyTimeout = .seconds(30)
        let tool = try SQLLoginStore(options)
        _ = store.access.mark()
        let busy = Task {
            var number = 0
            while !Task.isCancelled {
                number += 1
                // Some of these change nothing: then the commit that follows is somebody else's.
                _ = try? await store.access.commit([.use(key: onceKey(number / 2), until: noon)])
                await Task.yield()
            }
        }
        for number in 0..<60 {
            var before = store.access.mark()
            while before == nil {
                await Task.yield()
                before = store.access.mark()
            }
            try await tool.access.put(.revokeToken("t-\(number)", until: noon))
            let after = store.access.mark()
            #expect(after?.standings != before?.standings, "change \(number)")
        }
        busy.cancel()
        await busy.value
        await tool.close()
        await store.close()
    }

    @Test("is kept by a tool for nobody")
    func tool() async throws {
        let (place, store) = try await place()
        let tool = try place.open(.tool)
        #expect(tool.access.mark() == nil)
        await tool.close()
        await store.close()
    }
}

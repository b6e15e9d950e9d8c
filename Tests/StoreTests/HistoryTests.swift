import Logins
import TestSupport
import Testing

@Suite("The history of a user in a login store", .timeLimit(.minutes(10)))
struct HistoryTests {
    @Test(
        "has the user's logins that have an outcome, the newest first, page by page",
        arguments: StoreKind.allCases
    )
    func pages(_ kind: StoreKind) async throws {
        try await withStore(kind) { store, _ in
            var past: [LoginNumber] = []
            for index in 0..<60 {
                let mine = fixture("mine-\(index)") { $0.user = "alice" }
                let phase = PendingLogin.PhaseName.allCases[index % 5]
                let stored = try await store.insertNew(.inPhase(phase, mine))
                if stored.login.phase.outcome != nil { past.append(stored.number) }
                let other = fixture("other-\(index)") { $0.user = "bob" }
                try await store.insertNew(.inPhase(.settled, other))
            }
            var seen: [LoginNumber] = []
            var before: LoginNumber?
            while true {
                let page = try await store.pastLogins(
                    of: .named("alice"),
                    before: before,
                    limit: 7
                )
                #expect(page.allSatisfy { $0.login.details.user == .named("alice") })
                seen += page.map(\.number)
                guard page.count == 7 else { break }
                before = page.last?.number
            }
            #expect(seen == past.reversed())
            let nobody = try await store.pastLogins(of: .named("carol"), before: nil, limit: 7)
            #expect(nobody.isEmpty)
        }
    }

    @Test("has no login that retention has erased or deleted", arguments: StoreKind.allCases)
    func retention(_ kind: StoreKind) async throws {
        try await withStore(kind) { store, _ in
            for index in 0..<30 {
                let login = fixture("l\(index)") { $0.receivedAt = noon + .seconds(Int64(index)) }
                try await store.insertNew(.inPhase(.settled, login))
            }
            func count() async throws -> Int {
                try await store.pastLogins(of: .named("alice"), before: nil, limit: 99).count
            }
            #expect(try await count() == 30)
            #expect(try await store.redact(settledBefore: noon + .seconds(10), limit: 99) == 10)
            #expect(try await count() == 20)
            #expect(try await store.delete(settledBefore: noon + .seconds(15), limit: 99) == 15)
            #expect(try await count() == 15)
        }
    }

    @Test("survives a crash and a restart", arguments: StoreKind.allCases)
    func restart(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let first = try place.open()
        for index in 0..<30 {
            // Their outcome comes later than their entries.
            let login = try await first.logins.insertNew(.inPhase(.preparing, fixture("l\(index)")))
            try await first.logins.apply(.unusable(.noChannel), to: login.number, at: noon)
        }
        let crashed = try StorePlace(copyOf: place)
        await first.close()
        for place in [crashed, place] {
            let store = try place.open()
            let found = try await store.logins.pastLogins(
                of: .named("alice"),
                before: nil,
                limit: 99
            )
            await store.close()
            #expect(found.count == 30)
        }
    }
}

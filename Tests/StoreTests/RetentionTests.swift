import Logins
import TestSupport
import Testing

@Suite("Retention in a login store", .timeLimit(.minutes(10)))
struct RetentionTests {
    /// Settles `count` logins, one a second, and adds one in each other phase.
    private func fill(_ store: any LoginStore, count: Int) async throws -> [StoredLogin] {
        for phase in PendingLogin.PhaseName.allCases where phase != .settled {
            try await store.insertNew(.inPhase(phase, fixture("\(phase)")))
        }
        var settled: [StoredLogin] = []
        for index in 0..<count {
            let login = fixture("settled-\(index)") {
                $0.receivedAt = noon + .seconds(Int64(index))
            }
            settled.append(try await store.insertNew(.inPhase(.settled, login)))
        }
        return settled
    }

    // rule: C13
    @Test("erases personal data and keeps the rest", arguments: StoreKind.allCases)
    func redact(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let settled = try await fill(store, count: 10)
            let moment = noon + .seconds(7)
            #expect(try await store.redact(settledBefore: moment, limit: 5) == 5)
            #expect(try await store.redact(settledBefore: moment, limit: 5) == 2)
            #expect(try await store.redact(settledBefore: moment, limit: 5) == 0)
            for (index, before) in settled.enumerated() {
                let now = try #require(try await store.login(before.number))
                guard index < 7 else {
                    #expect(now == before)
                    continue
                }
                #expect(now.login.key == before.login.key)
                #expect(now.login.terms == before.login.terms)
                #expect(now.login.phase.outcome?.isApproval == true)
                let decision = try #require(now.login.phase.outcome?.decision)
                #expect(decision.challenge == before.login.phase.outcome?.decision?.challenge)
                #expect(decision.grant == .nothing)
                #expect(decision.evidence.address == nil)
                let details = now.login.details
                #expect(details.user != before.login.details.user)
                #expect(details.clientName == nil)
                #expect(details.bindingMessage == .none)
                #expect(details.requestedScopes.isEmpty)
                #expect(details.consentID == nil)
                #expect(now.login.question == nil)
                #expect(now.login.consentDigest == Question.fixture.digest)
                #expect(details.state == nil)
                #expect(details.authorizationDetails == nil)
                #expect(details.unknownMembers == nil)
                #expect(now.login.tickets.isEmpty)
                #expect(now.login.deliveries.isEmpty && !before.login.deliveries.isEmpty)
                #expect(
                    try await store.insert(before.login, limits: .none) == .known(now),
                    "it is still recognised"
                )
            }
        }
    }

    @Test("deletes in small steps, the oldest first", arguments: StoreKind.allCases)
    func delete(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let settled = try await fill(store, count: 30)
            let moment = noon + .seconds(20)
            #expect(try await store.redact(settledBefore: noon + .seconds(10), limit: 99) == 10)
            #expect(try await store.delete(settledBefore: moment, limit: 15) == 15)
            for (index, login) in settled.enumerated() {
                #expect((try await store.login(login.number) == nil) == (index < 15))
                #expect((try await store.login(login.login.key) == nil) == (index < 15))
            }
            #expect(try await store.delete(settledBefore: moment, limit: 15) == 5)
            #expect(try await store.delete(settledBefore: moment, limit: 15) == 0)
            let again = try await store.insertNew(settled[0].login)
            #expect(again.number > settled[29].number, "what is deleted is new when it comes again")
            for phase in PendingLogin.PhaseName.allCases where phase != .settled {
                #expect(try await store.logins(in: phase, after: nil, limit: 9).count == 1)
            }
        }
    }

    @Test("lists a phase in pages, oldest number first", arguments: StoreKind.allCases)
    func pages(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let settled = try await fill(store, count: 10)
            var listed: [StoredLogin] = []
            var after: LoginNumber?
            while true {
                let page = try await store.logins(in: .settled, after: after, limit: 4)
                #expect(page.count <= 4)
                guard let last = page.last else { break }
                listed += page
                after = last.number
            }
            #expect(listed == settled)
            #expect(try await store.logins(in: .settled, after: nil, limit: 0).isEmpty)
        }
    }

    @Test("counts logins by phase and outcome", arguments: StoreKind.allCases)
    func census(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            #expect(try await store.census().isEmpty)
            for (index, choice) in Decision.Choice.allCases.enumerated() {
                let login = fixture("\(index)")
                let number = try await store.insertNew(.inPhase(.waiting, login)).number
                try await store.apply(
                    .decided(.fixture(choice, at: noon), .fixture),
                    to: number,
                    at: noon
                )
                if index < 2 {
                    try await store.apply(.reportTaken(confirmed: true), to: number, at: noon)
                }
            }
            try await store.insertNew(fixture("new").make())
            func sorted(_ census: [Census]) -> [String] {
                census.map { "\($0.phase) \($0.outcome ?? "-") \($0.count)" }.sorted()
            }
            #expect(
                sorted(try await store.census()) == [
                    "preparing - 1", "reporting cancelled 1", "reporting denied 1",
                    "settled approved 1", "settled denied 1",
                ]
            )
            #expect(try await store.redact(settledBefore: .distantFuture, limit: 1) == 1)
            #expect(try await store.delete(settledBefore: .distantFuture, limit: 9) == 2)
            #expect(
                sorted(try await store.census()) == [
                    "preparing - 1", "reporting cancelled 1", "reporting denied 1",
                ]
            )
        }
    }
}

import Consents
import Logins
import TestSupport
import Testing

@Suite("A login store that is opened again", .timeLimit(.minutes(10)))
struct PersistenceTests {
    /// Logins in every phase, with every optional part present and absent.
    static let logins: [PendingLogin] = {
        let attempts = Attempts(
            count: 25,
            recent: [
                .init(at: noon, note: "HTTP 503"),
                .init(at: noon + .seconds(1), note: "“quoted”, \\ and \u{1F600}"),
            ]
        )
        let choices = Decision.Choice.allCases.flatMap { choice in
            Evidence.Via.allCases.flatMap { via in
                [nil, "2001:db8::1"].map { address in
                    Outcome(
                        Decision(
                            choice,
                            evidence: Evidence(method: .tap, via: via, address: address),
                            at: noon,
                            grant: choice == .approve
                                ? Grant(scopes: ["openid"], accounts: ["a-1", "ä"]) : .nothing,
                            challenge: address == nil ? nil : Array(repeating: 9, count: 32)
                        )
                    )
                }
            }
        }
        let voided = choices.flatMap { outcome -> [Outcome] in
            guard case .approved(let decision) = outcome else { return [] }
            let void = Decision(.approve, evidence: decision.evidence, at: noon, grant: .nothing)
            return [.voided(void, nil), .voided(void, .userDisabled)]
        }
        let outcomes = choices + voided + [.expired] + Failure.allCases.map { .failed($0) }
        let report = PendingLogin.Report(next: noon + .seconds(3))
        let doubtful = PendingLogin.Report(attempts: attempts, next: noon, inDoubt: true)
        var phases: [PendingLogin.Phase] = [
            .preparing(Attempts(), next: noon),
            .preparing(attempts, next: noon + .seconds(1)),
            .waiting([]),
            .waiting(
                [
                    .fixture("a", at: noon),
                    .init(
                        channel: PendingLogin.Delivery.fixture("b", at: noon).channel,
                        state: .delivered(at: noon),
                        attempts: attempts
                    ),
                    .init(
                        channel: PendingLogin.Delivery.fixture("c", at: noon).channel,
                        state: .refused
                    ),
                ]
            ),
        ]
        for outcome in outcomes {
            phases.append(.reporting(outcome, report))
            phases.append(.settled(outcome, .reported, at: noon))
            phases.append(.stranded(outcome, doubtful, .gone))
        }
        phases.append(.reporting(.expired, doubtful))
        phases.append(.stranded(.expired, report, .outOfTime))
        phases.append(.stranded(.expired, report, .refused("")))
        phases.append(.stranded(.expired, report, .refused("no such login")))
        for settlement in PendingLogin.Settlement.allCases {
            phases.append(.settled(.expired, settlement, at: noon + .seconds(9)))
        }
        return phases.enumerated().map { index, phase in
            let isFull = index.isMultiple(of: 2)
            let base = fixture("login-\(index)") {
                $0.tenant = isFull ? "acme" : nil
                $0.reportsExpiry = isFull ? .always : .never
            }.make()
            let bare = PendingLogin.Details(user: base.details.user)
            return PendingLogin(
                key: base.key,
                terms: base.terms,
                details: isFull ? base.details : bare,
                question: phase.name == .preparing
                    ? nil : phase.name == .waiting || isFull ? Self.questions[index % 2] : nil,
                tickets: (0..<index % 5).map { Array(repeating: UInt8($0 + 1), count: 32) },
                phase: phase
            )
        }
    }()

    /// One question with scopes only, one with all parts.
    static let questions = [
        Question.fixture,
        Question(
            consent: Consent(
                kind: .brasilPayment,
                id: .named("urn:bank:C1"),
                clientName: nil,
                scopes: [],
                facts: [Fact(.known(.reference), .text("“x” \u{202E}"))],
                accounts: .payer(named: Consent.NamedAccount(identification: "1", ispb: "2")),
                endsAt: noon,
                source: "ab"
            ),
            accounts: [BankAccount(id: "a-1", name: "Home", display: "•••• 1", kind: .savings)],
            digest: ConsentForm.digest(of: .fixture),
            nonce: Array(0..<32)
        ),
    ]

    @Test("has every login unchanged", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let first = try place.open()
        var stored: [StoredLogin] = []
        for login in Self.logins { stored.append(try await first.logins.insertNew(login)) }
        let census = try await first.logins.census()
        await first.close()

        let second = try place.open()
        for (index, login) in stored.enumerated() {
            #expect(login.login == Self.logins[index])
            #expect(try await second.logins.login(login.number) == login)
            #expect(try await second.logins.login(login.login.key) == login)
            #expect(try await second.logins.insert(login.login, limits: .none) == .known(login))
        }
        #expect(try await second.logins.census() == census)
        await second.close()
    }

    @Test("has every update unchanged", arguments: StoreKind.allCases)
    func updates(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let first = try place.open()
        var stored: [StoredLogin] = []
        for login in Self.logins {
            let base = PendingLogin(key: login.key, terms: login.terms, details: login.details)
            let number = try await first.logins.insertNew(base).number
            let changed = try await first.logins.update(number) { $0 = login }
            stored.append(try #require(try changed?.get()))
        }
        await first.close()
        let second = try place.open()
        for (index, login) in stored.enumerated() {
            #expect(login.login == Self.logins[index])
            #expect(try await second.logins.login(login.number) == login)
        }
        await second.close()
    }

    @Test("never assigns a number twice, not even a deleted one", arguments: StoreKind.allCases)
    func numbers(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        var last = LoginNumber(0)
        for round in 0..<3 {
            let store = try place.open()
            let stored = try await store.logins.insertNew(.inPhase(.settled, fixture("\(round)")))
            #expect(stored.number > last)
            last = stored.number
            #expect(try await store.logins.delete(settledBefore: .distantFuture, limit: 9) == 1)
            await store.close()
        }
    }

    @Test("refuses all calls once it is closed", arguments: StoreKind.allCases)
    func closed(_ kind: StoreKind) async throws {
        let store = try StorePlace(kind).open()
        await store.close()
        await store.close()
        let login = fixture("one").make()
        await #expect(throws: StoreError.closed) {
            try await store.logins.insert(login, limits: .none)
        }
        await #expect(throws: StoreError.closed) { try await store.logins.login(login.key) }
        await #expect(throws: StoreError.closed) { try await store.logins.nextDue() }
        await #expect(throws: DirectoryError.self) {
            try await store.users.user(login.details.user)
        }
    }

    @Test("finishes waiting calls when it is closed", arguments: StoreKind.allCases)
    func closing(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let store = try place.open()
        let acknowledged = await withTaskGroup(of: LoginKey?.self) { group in
            for index in 0..<300 {
                group.addTask {
                    let login = fixture("login-\(index)").make()
                    let answer = try? await store.logins.insert(login, limits: .none)
                    return answer.map { _ in login.key }
                }
            }
            group.addTask {
                await store.close()
                return nil
            }
            return await group.reduce(into: [LoginKey]()) { keys, key in
                if let key { keys.append(key) }
            }
        }
        let second = try place.open()
        for key in acknowledged {
            #expect(try await second.logins.login(key) != nil)
        }
        let all = try await second.logins.logins(in: .preparing, after: nil, limit: 1_000)
        #expect(all.count == acknowledged.count)
        await second.close()
    }
}

import Consents
import Logins
import TestSupport
import Testing
import Threads

@Suite("Logins with the same consent in a login store", .timeLimit(.minutes(10)))
struct SameConsentTests {
    private static let keepFirst = LoginLimits(sameConsent: .keepFirst)
    private static let supersede = LoginLimits(sameConsent: .supersede)

    private func login(
        _ id: String,
        _ phase: PendingLogin.PhaseName = .preparing,
        _ change: (inout PendingLogin.Fixture) -> Void = { _ in }
    ) -> PendingLogin {
        .inPhase(
            phase,
            fixture(id) {
                $0.consent = .named("urn:bank:C1")
                change(&$0)
            }
        )
    }

    /// Inserts a login that must be new.
    private func insert(
        _ login: PendingLogin,
        _ limits: LoginLimits,
        into store: any LoginStore
    ) async throws -> StoredLogin {
        guard case .inserted(let stored) = try await store.insert(login, limits: limits) else {
            throw StoreError.closed
        }
        return stored
    }

    private func phase(
        _ number: LoginNumber,
        in store: any LoginStore
    ) async throws -> PendingLogin.Phase? {
        try await store.login(number)?.login.phase
    }

    private static func closed(_ failure: Failure) -> PendingLogin.Phase {
        .settled(.failed(failure), .leftToExpire, at: noon)
    }

    /// The results for both logins, by the phase of the first.
    static let endings:
        [(first: PendingLogin.PhaseName, newerLives: [Bool], firstIsClosed: [Bool])] = [
            (.preparing, [false, true], [false, true]),
            (.waiting, [false, true], [false, true]),
            // It has an outcome that is not reported yet: the newer login is closed under both rules.
            (.reporting, [false, false], [false, false]),
            (.settled, [true, true], [false, false]),
            (.stranded, [true, true], [false, false]),
        ]

    @Test(
        "leave one pending, by the configured rule, and report none",
        arguments: endings.indices,
        StoreKind.allCases
    )
    func rules(_ index: Int, _ kind: StoreKind) async throws {
        let row = Self.endings[index]
        for (rule, limits) in [Self.keepFirst, Self.supersede].enumerated() {
            try await withStore(kind) { (store, place) async throws in
                let first = try await store.insertNew(login("first", row.first))
                let newer = try await insert(login("newer"), limits, into: store)
                #expect((newer.login.phase.name == .preparing) == row.newerLives[rule])
                if !row.newerLives[rule] {
                    #expect(newer.login.phase == Self.closed(.consentBusy))
                }
                let now = try await phase(first.number, in: store)
                #expect(
                    now
                        == (row.firstIsClosed[rule]
                            ? Self.closed(.superseded) : first.login.phase)
                )
                // A closed login owes no report, and observers of the older one are notified.
                #expect(newer.login.dueAt == nil || row.newerLives[rule])
                let heard = place.heard.withLock { $0.last { $0.number == first.number } }
                #expect(heard?.login.phase == now)
                #expect(try await store.insert(login("newer"), limits: limits) == .known(newer))
                try await recount(store)
            }
        }
    }

    @Test(
        "are independent at different servers and tenants",
        arguments: StoreKind.allCases
    )
    func others(_ kind: StoreKind) async throws {
        for limits in [Self.keepFirst, Self.supersede] {
            try await withStore(kind) { (store, _) async throws in
                let first = try await insert(login("first"), limits, into: store)
                let others = [
                    login("tenant") { $0.tenant = "other" },
                    login("server") { $0.server = "other" },
                    login("consent") { $0.consent = .named("urn:bank:C2") },
                    login("unnamed") { $0.consent = .unknown },
                    login("unnamed too") { $0.consent = .unknown },
                ]
                for other in others {
                    let stored = try await insert(other, limits, into: store)
                    #expect(stored.login.phase.name == .preparing)
                }
                #expect(try await phase(first.number, in: store)?.name == .preparing)
            }
        }
    }

    // rule: U3
    @Test("leave exactly one pending of 1,000 parallel starts", arguments: StoreKind.allCases)
    func race(_ kind: StoreKind) async throws {
        for limits in [Self.keepFirst, Self.supersede] {
            try await withStore(kind) { (store, _) async throws in
                try await withThrowingTaskGroup { group in
                    for index in 0..<1_000 {
                        group.addTask {
                            _ = try await store.insert(login("racer-\(index)"), limits: limits)
                        }
                    }
                    try await group.waitForAll()
                }
                let live = try await store.logins(in: .preparing, after: nil, limit: 9)
                let over = try await store.logins(in: .settled, after: nil, limit: 2_000)
                #expect(live.count == 1)
                #expect(over.count == 999)
                let isNewest = over.allSatisfy { $0.number < live[0].number }
                let isFirst = over.allSatisfy { $0.number > live[0].number }
                #expect(limits == Self.supersede ? isNewest : isFirst)
                let failure = limits == Self.supersede ? Failure.superseded : .consentBusy
                #expect(over.allSatisfy { $0.login.phase == Self.closed(failure) })
                try await recount(store)
            }
        }
    }

    @Test("no longer count against limits once they are closed", arguments: StoreKind.allCases)
    func places(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            for index in 0..<50 {
                _ = try await insert(login("\(index)"), Self.supersede, into: store)
            }
            // One is live. A limit of three allows two more, and no fourth.
            let limits = LoginLimits(liveLoginsOfUser: 3, liveLoginsOfClient: 3)
            var outcomes: [Outcome?] = []
            for index in 0..<3 {
                let other = fixture("other-\(index)").make()
                outcomes.append(try await insert(other, limits, into: store).login.phase.outcome)
            }
            #expect(outcomes == [nil, nil, .failed(.tooManyLoginsOfUser)])
            let client = fixture("client") { $0.user = "bob" }.make()
            let excess = try await insert(client, limits, into: store)
            #expect(excess.login.phase.outcome == .failed(.tooManyLoginsOfClient))
        }
    }

    @Test("are closed without a report when over a limit", arguments: StoreKind.allCases)
    func overLimit(_ kind: StoreKind) async throws {
        for rule in LoginLimits.SameConsent.allCases {
            try await withStore(kind) { (store, _) async throws in
                let limits = LoginLimits(liveLoginsOfUser: 1, sameConsent: rule)
                let first = try await insert(login("first"), limits, into: store)
                let newer = try await insert(login("newer"), limits, into: store)
                #expect(newer.login.phase == Self.closed(.consentBusy))
                #expect(try await phase(first.number, in: store) == first.login.phase)
                // Without another login, the failure is reported.
                let other = login("other") { $0.consent = .named("urn:bank:C2") }
                let told = try await insert(other, limits, into: store)
                #expect(told.login.phase.name == .reporting)
            }
        }
    }

    private func prepared(_ consent: String) throws -> PendingLogin.Event {
        let consent = Consent(
            kind: .brasilPayment,
            id: .named(consent),
            clientName: nil,
            scopes: []
        )
        let question = Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
        return .prepared(question, [.fixture(at: noon)])
    }

    @Test(
        "are closed when the consent becomes known later, also after reopening",
        arguments: StoreKind.allCases
    )
    func learned(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        var store = try place.open()
        func unnamed(_ id: String) async throws -> LoginNumber {
            try await store.logins.insertNew(
                fixture(id) { $0.consent = .unknown }.make()
            ).number
        }
        let first = try await unnamed("first")
        let second = try await unnamed("second")
        let other = try await unnamed("other")
        let shown = try await store.logins.apply(try prepared("C1"), to: second, at: noon)
        await store.close()
        store = try place.open()
        let later = place.clock.now()
        let late = try await store.logins.apply(try prepared("C1"), to: first, at: noon)
        #expect(
            late.login.phase == .settled(.failed(.consentBusy), .leftToExpire, at: later)
        )
        let lives = try await store.logins.apply(try prepared("C2"), to: other, at: noon)
        #expect(lives.login.phase.name == .waiting)
        // The first login continues to its end, and blocks a new one with the same consent, however the
        // consent became known.
        let named = login("named") { $0.consent = .named("C1") }
        let busy = try await insert(named, Self.keepFirst, into: store.logins)
        #expect(busy.login.phase == Self.closed(.consentBusy))
        let approved = PendingLogin.Event.decided(
            .fixture(.approve, at: noon),
            Selection(shown: shown.login.question?.digest)
        )
        _ = try await store.logins.apply(approved, to: second, at: noon)
        _ = try await store.logins.apply(.reportTaken(confirmed: true), to: second, at: noon)
        // A long-lived consent may be used again.
        let again = login("again") { $0.consent = .named("C1") }
        #expect(try await insert(again, Self.keepFirst, into: store.logins).login.dueAt != nil)
        try await recount(store.logins)
        await store.close()
    }

    @Test(
        "block the retry of a stranded report while another is pending",
        arguments: StoreKind.allCases
    )
    func retried(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let first = try await store.insertNew(login("first", .stranded))
            let newer = try await insert(login("newer"), Self.keepFirst, into: store)
            func retry() async throws -> Result<StoredLogin, PendingLogin.Refusal>? {
                try await store.update(first.number) { (login) throws(PendingLogin.Refusal) in
                    try login.apply(.retried, at: noon)
                }
            }
            #expect(try await retry() == .failure(.consentBusy))
            #expect(try await phase(first.number, in: store) == first.login.phase)
            _ = try await store.apply(.deadlinePassed, to: newer.number, at: .distantFuture)
            #expect(try await retry()?.get().login.phase.name == .reporting)
        }
    }

    /// Two logins for one consent, as a version without the check would leave them.
    @Test("stay open when one of several has an outcome already")
    func several() async throws {
        let place = try StorePlace(.sqlite)
        var store = try place.open()
        let waiting = try await store.logins.insertNew(login("waiting", .waiting))
        let reporting = try await store.logins.insertNew(
            login("reporting", .reporting) { $0.consent = .named("urn:bank:C2") }
        )
        await store.close()
        let set = "UPDATE login SET consent_id = 'urn:bank:C1', consent_key = consent_id"
        let number = reporting.number.rawValue
        for sql in [set, "UPDATE login SET consent_key = consent_id"] {
            #expect(try SQLiteShell.run(place.path, sql + " WHERE number = \(number)").isSuccess)
        }
        store = try place.open()
        let newer = try await insert(login("newer"), Self.supersede, into: store.logins)
        #expect(newer.login.phase == Self.closed(.consentBusy))
        #expect(try await phase(waiting.number, in: store.logins) == waiting.login.phase)
        await store.close()
    }

    @Test("are not blocked by a damaged row")
    func damaged() async throws {
        let place = try StorePlace(.sqlite)
        var store = try place.open()
        _ = try await store.logins.insertNew(login("first", .waiting))
        await store.close()
        #expect(try SQLiteShell.run(place.path, "UPDATE login SET consent = '{'").isSuccess)
        store = try place.open()
        for limits in [Self.keepFirst, Self.supersede] {
            let id = "\(limits.sameConsent)"
            let newer = try await insert(login(id), limits, into: store.logins)
            #expect(newer.login.phase.name == .preparing)
            _ = try await store.logins.apply(.unusable(.noChannel), to: newer.number, at: noon)
            _ = try await store.logins.apply(.reportGone, to: newer.number, at: noon)
        }
        await store.close()
    }

    @Test("lose consent and accounts when redacted, and keep digest and decision")
    func erased() async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        let consent = Consent(
            kind: .ukDomesticPayment,
            id: .named("secret-consent"),
            clientName: "secret-client",
            scopes: [.init(requestedName: "payments")],
            facts: [Fact(.known(.reference), .text("secret-reference"))],
            accounts: .payer(named: nil)
        )
        let question = Question(
            consent: consent,
            accounts: [
                BankAccount(id: "secret-a", name: "secret-b", display: "secret-c", kind: .current)
            ],
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 9, count: 32)
        )
        let login = fixture("one") {
            $0.consent = .unknown
            $0.user = "secret-user"
        }
        let number = try await store.logins.insertNew(login.make()).number
        let answer = Decision.answer(.approve, to: question, at: noon)
        let events: [PendingLogin.Event] = [
            .prepared(question, [.fixture(at: noon)]),
            .decided(answer, Selection(accounts: ["secret-a"], shown: question.digest)),
            .reportTaken(confirmed: true),
        ]
        for event in events { _ = try await store.logins.apply(event, to: number, at: noon) }
        let before = try #require(try await store.logins.login(number)).login
        #expect(before.phase.outcome?.decision?.grant.accounts == ["secret-a"])
        #expect(try await store.logins.redact(settledBefore: .distantFuture, limit: 9) == 1)
        await store.close()
        #expect(try SQLiteShell.run("grep", ["-c", "-a", "secret-", place.path]).output == "0\n")
        let again = try place.open()
        let after = try #require(try await again.logins.login(number)).login
        #expect(after.question == nil)
        #expect(after.consentDigest == question.digest)
        #expect(after.consentID == nil)
        let decision = try #require(after.phase.outcome?.decision)
        #expect(decision.challenge == answer.challenge)
        #expect(decision.grant == .nothing && decision.decidedAt == noon)
        #expect(decision.evidence == Evidence(method: .tap, via: answer.evidence.via, address: nil))
        await again.close()
    }
}

/// Checks that the census equals what can be listed.
func recount(_ store: any LoginStore) async throws {
    var counted: [String: Int] = [:]
    for phase in PendingLogin.PhaseName.allCases {
        for stored in try await store.logins(in: phase, after: nil, limit: 5_000) {
            counted["\(phase) \(String(describing: name(stored.login)))", default: 0] += 1
        }
    }
    var census: [String: Int] = [:]
    for row in try await store.census() {
        census["\(row.phase) \(String(describing: row.outcome))"] = row.count
    }
    #expect(counted == census)
}

private func name(_ login: PendingLogin) -> String? {
    switch login.phase.outcome {
    case nil: nil
    case .approved: "approved"
    case .denied: "denied"
    case .cancelled: "cancelled"
    case .expired: "expired"
    case .failed: "failed"
    case .voided: "voided"
    }
}

import Consents
import Engine
import Logins
import TestSupport
import Testing

@Suite("Consents fetched again before the report", .timeLimit(.minutes(3)))
struct ConsentChangeTests {
    static func lodged(
        reference: String = "INV-1",
        id: ConsentID? = nil,
        endsAt: Timestamp? = nil,
        source: String? = "aa"
    ) -> Consent {
        Consent(
            kind: .ukDomesticPayment,
            id: id,
            clientName: "The Shop",
            scopes: [.init(requestedName: "payments")],
            facts: [Fact(.known(.reference), .text(reference))],
            endsAt: endsAt,
            source: source
        )
    }

    static func question(_ consent: Consent) -> Question {
        Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
    }

    private func name(_ outcome: Outcome) -> String {
        switch outcome {
        case .approved: "approved"
        case .denied: "denied"
        case .cancelled: "cancelled"
        case .expired: "expired"
        case .failed: "failed"
        case .voided: "voided"
        }
    }

    static let looks: [(second: ConsentAnswer, reported: [String], phase: PendingLogin.PhaseName)] =
        [
            (.consent(lodged()), ["approved"], .settled),
            (.consent(lodged(reference: "INV-2")), ["voided"], .settled),
            // Something that nobody was shown, but that the server said.
            (.consent(lodged(source: "ab")), ["voided"], .settled),
            (.consent(lodged(source: nil)), ["voided"], .settled),
            (.consent(lodged(endsAt: .distantFuture)), ["voided"], .settled),
            (.unusable(.consentUnusable), ["voided"], .settled),
            // There is nobody left to tell, and an operator learns of the approval.
            (.gone, [], .stranded),
        ]

    // rule: P7
    @Test("An approval is reported only if the consent is unchanged", arguments: looks.indices)
    func secondLook(_ index: Int) async throws {
        let row = Self.looks[index]
        let stage = try Stage()
        stage.server.answerConsents(.consent(Self.lodged()), row.second)
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            let login = try await stage.login(number, reaching: row.phase)
            #expect(try await run.store.nextDue() == nil)
            // The person can still see what became of it, and cannot change it.
            let outcome = try #require(login.phase.outcome)
            await #expect(throws: DecisionDesk.Refusal.self) { try await run.decide(.deny, ticket) }
            if row.reported == ["voided"] {
                #expect(outcome.decision?.grant == .nothing)
                #expect(outcome.decision?.challenge != nil)
            }
        }
        #expect(stage.server.reports.entries.map { name($0.outcome) } == row.reported)
        #expect(stage.server.asked.entries.count == 2)
    }

    @Test("An approval waits while the server cannot return the consent", arguments: [true, false])
    func later(_ changes: Bool) async throws {
        let stage = try Stage()
        stage.server.answerConsents(
            .consent(Self.lodged()),
            .later("busy", after: .seconds(3)),
            .consent(Self.lodged(reference: changes ? "INV-2" : "INV-1"))
        )
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            let report = try await stage.report(number, attempt: 1)
            #expect(!report.inDoubt && !report.isUnderWay)
            #expect(report.next == stage.start + .seconds(3))
            #expect(stage.server.reports.entries.isEmpty, "nothing is sent unseen")
            stage.clock.advance(by: .seconds(3))
            try await stage.login(number, reaching: .settled)
        }
        #expect(
            stage.server.reports.entries.map { name($0.outcome) }
                == [changes ? "voided" : "approved"]
        )
    }

    @Test("An approval is stranded unsent if its consent cannot be fetched in time")
    func neverSeen() async throws {
        let stage = try Stage()
        let busy = ConsentAnswer.later("busy", after: .seconds(500))
        stage.server.answerConsents([.consent(Self.lodged())] + Array(repeating: busy, count: 9))
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            let first = try await stage.report(number, attempt: 1)
            stage.clock.advance(by: first.next - stage.start)
            _ = try await stage.report(number, attempt: 2)
            stage.clock.advance(by: .seconds(1))
            let login = try await stage.login(number, reaching: .stranded)
            guard case .stranded(.approved, let report, .outOfTime) = login.phase else {
                Issue.record("\(login.phase)")
                return
            }
            #expect(!report.inDoubt)
        }
        #expect(stage.server.reports.entries.isEmpty)
    }

    @Test(
        "A consent without a source is fetched again like any other, and what was shown is compared"
    )
    func withoutSource() async throws {
        let cases: [(now: Consent, reported: String)] = [
            (Self.lodged(source: nil), "approved"), (Self.lodged(source: "b"), "approved"),
            (Self.lodged(reference: "INV-2", source: "b"), "voided"),
        ]
        for (now, reported) in cases {
            let stage = try Stage()
            stage.server.answerConsents(.consent(Self.lodged(source: nil)), .consent(now))
            try await stage.run { run in
                let (number, ticket) = try await run.prompt()
                try await run.decide(.approve, ticket)
                try await stage.login(number, reaching: .settled)
            }
            #expect(stage.server.asked.entries.count == 2)
            #expect(stage.server.reports.entries.map { name($0.outcome) } == [reported])
        }
    }

    @Test("A consent is not fetched again if nothing is granted")
    func notAgain() async throws {
        for choice in [Decision.Choice.deny, .cancel, .reportAsFraud] {
            let stage = try Stage()
            stage.server.answerConsents(.consent(Self.lodged()), .gone)
            try await stage.run { run in
                let (number, ticket) = try await run.prompt()
                try await run.decide(choice, ticket)
                try await stage.login(number, reaching: .settled)
            }
            #expect(stage.server.asked.entries.count == 1)
            #expect(stage.server.reports.entries.count == 1)
        }
    }

    @Test("A voided approval stays void when its report fails")
    func voidedReport() async throws {
        let stage = try Stage()
        stage.server.answerConsents(.consent(Self.lodged()), .consent(Self.lodged(source: "b")))
        stage.server.answerNextReport(.later("503", after: .seconds(1), inDoubt: false))
        stage.server.answerNextReport(.later("reset", after: .seconds(1), inDoubt: true))
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            for attempt in 1...2 {
                _ = try await stage.report(number, attempt: attempt)
                stage.clock.advance(by: .seconds(1))
            }
            try await stage.login(number, reaching: .settled)
        }
        let reports = stage.server.reports.entries
        #expect(reports.map { name($0.outcome) } == ["voided", "voided", "voided"])
        #expect(reports.map(\.inDoubt) == [false, false, true])
        #expect(stage.server.asked.entries.count == 2, "a rejection needs no look")
    }

    @Test(
        "After a crash a consent is fetched again unless a report may have been sent",
        arguments: [true, false],
        [true, false]
    )
    func crash(_ hadBegun: Bool, _ changes: Bool) async throws {
        let stage = try Stage()
        var login = PendingLogin.Fixture().make()
        let events: [PendingLogin.Event] = [
            .prepared(Self.question(Self.lodged()), [.fixture(at: stage.start)]),
            .decided(
                .fixture(.approve, at: stage.start),
                Selection(shown: Self.question(Self.lodged()).digest)
            ),
        ]
        for event in events { try login.apply(event, at: stage.start) }
        if hadBegun { try login.apply(.reportBegun, at: stage.start) }
        let stored = login
        let number = try await stage.withStore { try await $0.insertNew(stored) }
        stage.server.answerConsents(.consent(Self.lodged(reference: changes ? "X" : "INV-1")))
        try await stage.run { _ in try await stage.login(number, reaching: .settled) }
        let reports = stage.server.reports.entries
        #expect(stage.server.asked.entries.count == (hadBegun ? 0 : 1))
        #expect(reports.map(\.inDoubt) == [hadBegun])
        #expect(
            reports.map { name($0.outcome) } == [!hadBegun && changes ? "voided" : "approved"]
        )
    }

    // MARK: Its end

    @Test(
        "A consent that has expired on arrival is not shown and is rejected",
        arguments: [10, 0, -60]
    )
    func over(_ seconds: Int64) async throws {
        let stage = try Stage()
        let end = stage.start + .seconds(seconds)
        stage.server.answerConsents(.consent(Self.lodged(endsAt: end)))
        try await stage.run { run in
            let number = try await run.start()
            let login = try await stage.login(number, reaching: .settled)
            #expect(login.phase == .settled(.expired, .reported, at: stage.start))
        }
        #expect(stage.webhook.asked.entries.isEmpty)
        #expect(stage.server.reports.entries.map(\.outcome) == [.expired])
        #expect(stage.server.asked.entries.count == 1)
    }

    @Test("A consent that ends before its login ends the prompt early, also after a restart")
    func endsEarly() async throws {
        let stage = try Stage()
        let consent = Self.lodged(endsAt: stage.start + .seconds(60))
        stage.server.answerConsents(.consent(consent))
        var prompt = (number: LoginNumber(0), ticket: "")
        try await stage.run { run in
            prompt = try await run.prompt()
            try await stage.login(prompt.number, "delivered") { login in
                guard case .waiting(let deliveries) = login.phase else { return false }
                return deliveries.map(\.state) == [.delivered(at: stage.start)]
            }
        }
        #expect(stage.webhook.asked.entries.map(\.prompt.ends) == [stage.start + .seconds(50)])
        try await stage.run { run in
            #expect(try await run.store.nextDue() == stage.start + .seconds(50))
            stage.clock.advance(by: .seconds(50))
            await #expect(throws: DecisionDesk.Refusal.self) {
                try await run.decide(.approve, prompt.ticket)
            }
            try await stage.login(prompt.number, reaching: .settled)
        }
        #expect(stage.server.reports.entries.map(\.outcome) == [.expired])
    }

    // MARK: Two logins

    @Test("Only one of twenty logins for one consent notifies the user")
    func oneConsent() async throws {
        let stage = try Stage()
        let consent = Self.lodged(id: .named("urn:bank:C1"))
        stage.server.answerConsents(Array(repeating: .consent(consent), count: 20))
        stage.server.consentGate.close()
        try await stage.run { run in
            var numbers: [LoginNumber] = []
            for index in 0..<20 {
                numbers.append(try await run.start("login-\(index)") { $0.consent = .unknown })
            }
            try await stage.server.consentGate.arrivals.wait(for: 20, "looks")
            stage.server.consentGate.open()
            let all = numbers
            try await stage.heard.wait("all but one closed") { heard in
                let closed = heard.filter {
                    $0.login.phase.outcome == .failed(.consentBusy)
                        && $0.login.phase.name == .settled
                }
                return Set(closed.map(\.number)).count == all.count - 1
            }
            try await stage.webhook.asked.wait(for: 1, "prompts")
        }
        #expect(stage.webhook.asked.entries.count == 1)
        #expect(stage.server.reports.entries.isEmpty, "the consent is the other's too")
    }
}

import Consents
import Logins
import TestSupport
import Testing

@Suite("Consents that end or change")
struct ConsentTermsTests {
    private func question(_ kind: Consent.Kind, endsAt: Timestamp?) -> Question {
        let consent = Consent(kind: kind, clientName: nil, scopes: [], endsAt: endsAt)
        return Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
    }

    /// In seconds after arrival; the login's own prompt ends at 110, ten before the login.
    static let ends: [(consent: Int64?, prompt: Int64)] = [
        (nil, 110), (1_000_000, 110), (121, 110), (120, 110), (119, 109), (60, 50), (11, 1),
    ]

    @Test(
        "A prompt ends with the same margin before its consent as before its login",
        arguments: ends.indices
    )
    func promptEnds(_ index: Int) throws {
        let row = Self.ends[index]
        var login = PendingLogin.Fixture().make()
        let asked = question(.ukDomesticPayment, endsAt: row.consent.map { noon + .seconds($0) })
        try login.apply(.prepared(asked, [.fixture(at: noon)]), at: noon)
        try login.apply(.delivered(.named("webhook")), at: noon)
        let end = noon + .seconds(row.prompt)
        #expect(login.terms.promptEnds == end)
        #expect(login.dueAt == end)
        let last = end - .milliseconds(1)
        for moment in [last, end] {
            var decided = login
            let approval = PendingLogin.Event.decided(.fixture(.deny, at: moment), .fixture)
            if moment == last {
                try decided.apply(approval, at: moment)
                #expect(decided.duty(at: moment) == .report)
            } else {
                #expect(throws: PendingLogin.Refusal.pastDeadline) {
                    try decided.apply(approval, at: moment)
                }
            }
        }
        #expect(throws: PendingLogin.Refusal.outOfPhase) {
            try login.apply(.deadlinePassed, at: last)
        }
        #expect(login.duty(at: end) == .end)
        try login.apply(.deadlinePassed, at: end)
        #expect(login.phase.outcome == .expired)
    }

    @Test(
        "A consent that has expired ends its login, reported by the expiry rule",
        arguments: [
            (.never, .ukDomesticPayment, false), (.never, .scopes, false),
            (.lodgedConsents, .ukDomesticPayment, true), (.lodgedConsents, .scopes, false),
            (.always, .ukDomesticPayment, true), (.always, .scopes, true),
        ] as [(PendingLogin.ExpiryRule, Consent.Kind, Bool)],
        [10, 9, 0, -1, -1_000_000].map { noon + .seconds($0) } + [Timestamp(milliseconds: .min)]
    )
    func over(
        _ row: (rule: PendingLogin.ExpiryRule, kind: Consent.Kind, isTold: Bool),
        _ ends: Timestamp
    ) throws {
        var fixture = PendingLogin.Fixture()
        fixture.reportsExpiry = row.rule
        var login = fixture.make()
        let asked = question(row.kind, endsAt: ends)
        try login.apply(.prepared(asked, [.fixture(at: noon)]), at: noon)
        #expect(
            login.phase
                == (row.isTold
                    ? .reporting(.expired, .init(next: noon))
                    : .settled(.expired, .leftToExpire, at: noon))
        )
    }

    // rule: U4
    @Test(
        "An expiry is reported by the rule and the kind of consent",
        arguments: PendingLogin.ExpiryRule.allCases,
        [true, false]
    )
    func expiryRule(_ rule: PendingLogin.ExpiryRule, _ namesConsent: Bool) throws {
        var fixture = PendingLogin.Fixture()
        fixture.reportsExpiry = rule
        fixture.consent = namesConsent ? .own : .unknown
        for kind in [nil] + Consent.Kind.all.map(Optional.some) {
            var login = fixture.make()
            if let kind {
                let asked = question(kind, endsAt: nil)
                try login.apply(.prepared(asked, [.fixture(at: noon)]), at: noon)
            }
            try login.apply(.deadlinePassed, at: fixture.promptEnds)
            let isTold =
                switch rule {
                case .never: false
                case .lodgedConsents: kind.map { $0 != .scopes } ?? namesConsent
                case .always: true
                }
            #expect((login.phase.name == .reporting) == isTold)
            #expect(login.phase.outcome == .expired)
        }
    }

    // MARK: Change after the approval

    private func reporting(
        _ outcome: Outcome,
        _ report: PendingLogin.Report = .init(next: noon)
    ) -> PendingLogin {
        let base = PendingLogin.Fixture().make()
        return PendingLogin(
            key: base.key,
            terms: base.terms,
            details: base.details,
            question: .fixture,
            tickets: [],
            phase: .reporting(outcome, report)
        )
    }

    @Test("A changed consent voids an approval that cannot have arrived")
    func voided() throws {
        let approval = Decision.fixture(.approve, at: noon)
        var attempts = Attempts()
        attempts.add("busy", at: noon)
        let later = noon + .seconds(5)
        for report in [.init(next: noon), PendingLogin.Report(attempts: attempts, next: later)] {
            var login = reporting(.approved(approval), report)
            try login.apply(.consentChanged, at: later)
            #expect(login.duty(at: later) == .report)
            guard case .reporting(.voided(let decision, nil), let report) = login.phase else {
                Issue.record("\(login.phase)")
                continue
            }
            #expect(decision.grant == .nothing)
            #expect(decision.evidence == approval.evidence && decision.choice == .approve)
            #expect(report == .init(next: later))
            #expect(login.phase.outcome?.isApproval == false)
            // Nothing brings the approval back.
            for choice in Decision.Choice.allCases {
                var again = login
                try? again.apply(.decided(.fixture(choice, at: later), .fixture), at: later)
                #expect(again == login)
            }
        }
    }

    @Test("A changed consent voids nothing but an approval")
    func notVoided() {
        let approval = Decision.fixture(.approve, at: noon)
        let outcomes: [Outcome] = [
            .denied(.fixture(.deny, at: noon)), .denied(.fixture(.reportAsFraud, at: noon)),
            .cancelled(.fixture(.cancel, at: noon)), .expired, .failed(.noChannel),
            .voided(approval, nil),
        ]
        var logins = outcomes.map { reporting($0) }
        logins += [
            reporting(.approved(approval), .init(next: noon, inDoubt: true)),
            reporting(.approved(approval), .init(next: noon, isUnderWay: true)),
            reporting(.approved(approval), .init(next: noon, inDoubt: true, isUnderWay: true)),
        ]
        logins += PendingLogin.PhaseName.allCases.filter { $0 != .reporting }.map { .inPhase($0) }
        for login in logins {
            var changed = login
            #expect(throws: PendingLogin.Refusal.outOfPhase) {
                try changed.apply(.consentChanged, at: noon)
            }
            #expect(changed == login)
        }
    }

    @Test("An approval without a question is refused")
    func unasked() {
        let base = PendingLogin.Fixture().make()
        var login = PendingLogin(
            key: base.key,
            terms: base.terms,
            details: base.details,
            question: nil,
            tickets: [],
            phase: .waiting([.fixture(at: noon)])
        )
        #expect(throws: PendingLogin.Refusal.notReady) {
            try login.apply(.decided(.fixture(.approve, at: noon), .fixture), at: noon)
        }
    }

    @Test(
        "A time zone's name is not a path",
        arguments: [
            ("America/Sao_Paulo", true), ("Etc/GMT+3", true), ("UTC", true),
            ("Asia/Ust-Nera", true),
            ("America/Argentina/Buenos_Aires", true), ("", false), ("/UTC", false), ("UTC/", false),
            ("a//b", false), ("../etc/passwd", false), ("America/São_Paulo", false),
            ("U TC", false),
            ("UTC\n", false), (String(repeating: "a", count: 65), false),
        ]
    )
    func timeZones(_ name: String, _ isTaken: Bool) {
        #expect(User.isTimeZone(name) == isTaken)
    }
}

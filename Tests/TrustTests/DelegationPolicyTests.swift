import Consents
import Logins
import TestSupport
import Testing
import Trust

@Suite("The policy of delegation")
struct DelegationPolicyTests {
    static let noon = Timestamp(milliseconds: 1_930_046_400_000)

    /// A login that waits for an answer to this consent.
    private func login(_ consent: Consent) throws -> PendingLogin {
        var login = PendingLogin.inPhase(.preparing, PendingLogin.Fixture(id: "1"))
        let question = Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 7, count: 32)
        )
        try login.apply(.prepared(question, []), at: login.terms.receivedAt)
        return login
    }

    private static let plain = Consent(
        kind: .scopes,
        clientName: nil,
        scopes: [
            Consent.Scope(requestedName: "openid"), Consent.Scope(requestedName: "profile"),
        ]
    )

    private static func payment(_ amounts: [Money]) -> Consent {
        Consent(
            kind: Consent.Kind("uk_domestic_payment", .payment),
            clientName: nil,
            scopes: [Consent.Scope(requestedName: "payments")],
            facts: amounts.map { Fact(.known(.amount), .money($0)) }
        )
    }

    private static func pounds(_ amount: String) -> Money {
        guard let money = Money(amount: amount, currency: "GBP") else {
            preconditionFailure("not an amount: \(amount)")
        }
        return money
    }

    struct Row: Sendable {
        let consent: Consent
        let objection: String?
        var choice = Decision.Choice.approve
        var policy = DelegationPolicy()
        var scopes: [String]?

        init(
            _ consent: Consent,
            _ objection: String?,
            _ choice: Decision.Choice = .approve,
            scopes: [String]? = nil,
            _ change: (inout DelegationPolicy) -> Void = { _ in }
        ) {
            self.consent = consent
            self.objection = objection
            self.choice = choice
            self.scopes = scopes
            policy.decisions = .all
            change(&policy)
        }
    }

    static let rows: [Row] = [
        Row(plain, nil),
        Row(plain, "switched off") { $0.decisions = .none },
        Row(plain, "switched off", .deny) { $0.decisions = .none },
        Row(plain, "only declining is allowed") { $0.decisions = .decline },
        Row(plain, nil, .deny) { $0.decisions = .decline },
        Row(plain, nil, .cancel) { $0.decisions = .decline },
        Row(plain, nil) { $0.kinds = ["scopes"] },
        Row(plain, "the kind of consent") { $0.kinds = ["cdr"] },
        Row(plain, "a scope") { $0.scopes = ["openid"] },
        Row(plain, nil, scopes: ["openid"]) { $0.scopes = ["openid"] },
        Row(plain, nil) { $0.scopes = ["openid", "profile"] },
        Row(plain, nil) { $0.clients = [.named("shop")] },
        Row(plain, "the client of the login") { $0.clients = [.named("other")] },
        Row(plain, nil) { $0.hours = .init("11:00-13:00") },
        Row(plain, "outside the hours") { $0.hours = .init("12:01-13:00") },
        Row(plain, nil) { $0.hours = .init("22:00-12:01") },
        Row(plain, "outside the hours", .deny) { $0.hours = .init("22:00-12:00") },
        // trust: B-16
        Row(payment([pounds("1.00")]), "payments and account data") {
            $0.ceilings = [pounds("100.00")]
        },
        Row(payment([pounds("100.00")]), nil) {
            $0.ceilings = [pounds("100")]
            $0.regulatedReason = "contract 4711"
        },
        Row(payment([pounds("100.01")]), "the amount") {
            $0.ceilings = [pounds("100.00")]
            $0.regulatedReason = "contract 4711"
        },
        Row(payment([pounds("1.00"), pounds("100.01")]), "the amount") {
            $0.ceilings = [pounds("100.00")]
            $0.regulatedReason = "contract 4711"
        },
        Row(payment([pounds("1.00")]), "no ceiling for the currency") {
            $0.regulatedReason = "contract 4711"
        },
        Row(payment([]), "a payment without an amount") {
            $0.ceilings = [pounds("100.00")]
            $0.regulatedReason = "contract 4711"
        },
        // Declining harms nobody.
        Row(payment([pounds("1.00")]), nil, .deny),
        Row(
            Consent(
                kind: .scopes,
                clientName: nil,
                scopes: [],
                authorizationDetails: #"[{"type":"payment"}]"#
            ),
            "payments and account data"
        ),
    ]

    @Test("allows what it names, and nothing by default", arguments: rows.indices)
    func judges(index: Int) throws {
        let row = Self.rows[index]
        let login = try login(row.consent)
        let objection = row.policy.objection(
            to: row.choice,
            of: login,
            granting: row.scopes,
            at: Self.noon
        )
        #expect(objection == row.objection)
    }

    @Test("is off unless somebody switches it on")
    func off() throws {
        let policy = DelegationPolicy()
        for choice in Decision.Choice.allCases {
            let objection = policy.objection(
                to: choice,
                of: try login(Self.plain),
                granting: nil,
                at: Self.noon
            )
            #expect(objection == "switched off")
        }
    }

    @Test(
        "reads hours as two times of a day",
        arguments: [
            ("08:00-18:00", true), ("22:00-06:00", true), ("8:00-18:00", false),
            ("08:00", false), ("08:00-24:00", false), ("08:60-09:00", false),
            ("08:00-08:00", false), ("08:00-18:00-19:00", false), ("", false),
            ("+8:00-18:00", false),
        ]
    )
    func hours(text: String, isValid: Bool) {
        #expect((DelegationPolicy.Hours(text) != nil) == isValid)
    }
}

import Consents
import Engine
import Identity
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("What counts as approval")
struct ApprovalPolicyTests {
    typealias Policy = ApprovalPolicy

    private static let payment = Consent.Kind("uk_domestic_payment", .payment)

    /// A question about a payment, or about scopes only if there is no amount.
    private static func question(
        _ amounts: [(Fact.Known, String, String)] = [],
        scopes: [String] = ["openid"]
    ) -> Question {
        let facts = amounts.compactMap { label, amount, currency in
            Money(amount: amount, currency: currency).map { Fact(.known(label), .money($0)) }
        }
        let consent = Consent(
            kind: amounts.isEmpty ? .scopes : payment,
            clientName: "Shop",
            scopes: scopes.map { Consent.Scope(requestedName: $0) },
            facts: facts
        )
        return Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
    }

    private static func login(_ acr: [String] = []) -> PendingLogin {
        PendingLogin.arrived(
            "l1",
            at: Timestamp(milliseconds: 0),
            PendingLogin.Details(
                user: .named("alice"),
                client: .named("shop"),
                requestedScopes: ["openid"],
                acrValues: acr
            )
        )
    }

    /// Changes a condition that matches everything.
    private static func condition(_ change: (inout Policy.Condition) -> Void) -> Policy.Condition {
        var condition = Policy.Condition()
        change(&condition)
        return condition
    }

    struct Match: Sendable {
        let name: String
        let condition: Policy.Condition
        var question = ApprovalPolicyTests.question()
        let isMatch: Bool
    }

    private static func amount(
        above: String? = nil,
        most: String? = nil,
        _ amounts: [(Fact.Known, String, String)],
        _ isMatch: Bool
    ) -> Match {
        Match(
            name: "above \(above ?? "-"), at most \(most ?? "-"): \(amounts)",
            condition: condition {
                $0.amountAbove = above
                $0.amountAtMost = most
                $0.currency = "GBP"
            },
            question: question(amounts),
            isMatch: isMatch
        )
    }

    static let matches: [Match] = [
        Match(name: "everything", condition: condition { _ in }, isMatch: true),
        Match(name: "server", condition: condition { $0.server = .named("acp") }, isMatch: true),
        Match(name: "server", condition: condition { $0.server = .named("b") }, isMatch: false),
        Match(name: "client", condition: condition { $0.client = .named("shop") }, isMatch: true),
        Match(name: "client", condition: condition { $0.client = .named("shoP") }, isMatch: false),
        Match(name: "scope", condition: condition { $0.scope = "openid" }, isMatch: true),
        Match(name: "scope", condition: condition { $0.scope = "open" }, isMatch: false),
        Match(
            name: "a scope by its bytes",
            condition: condition { $0.scope = "caf\u{e9}" },
            question: question(scopes: ["cafe\u{301}"]),
            isMatch: false
        ),
        Match(name: "family", condition: condition { $0.family = "scopes" }, isMatch: true),
        Match(name: "family", condition: condition { $0.family = "fdx" }, isMatch: false),
        Match(
            name: "family and server",
            condition: condition {
                $0.family = "scopes"
                $0.server = .named("other")
            },
            isMatch: false
        ),
        // Without the member.
        amount(above: "0", [], false),
        amount(most: "1000000", [], false),
        Match(name: "currency", condition: condition { $0.currency = "GBP" }, isMatch: false),
        // Exactly.
        amount(above: "500", [(.amount, "500.00", "GBP")], false),
        amount(above: "500", [(.amount, "500.01", "GBP")], true),
        amount(above: "9", [(.amount, "10", "GBP")], true),
        amount(above: "0.1", [(.amount, "0.30000", "GBP")], true),
        amount(above: "9007199254740993", [(.amount, "9007199254740993", "GBP")], false),
        amount(above: "9007199254740992", [(.amount, "9007199254740993", "GBP")], true),
        amount(most: "30.00", [(.amount, "30", "GBP")], true),
        amount(most: "30.00", [(.amount, "30.00001", "GBP")], false),
        amount(above: "10", most: "20", [(.amount, "15", "GBP")], true),
        // Another currency.
        amount(above: "1", [(.amount, "500", "EUR")], false),
        amount(most: "1", [(.amount, "0.5", "EUR")], false),
        // Several amounts: the largest counts.
        amount(above: "50", [(.firstAmount, "1", "GBP"), (.recurringAmount, "99", "GBP")], true),
        amount(most: "50", [(.firstAmount, "1", "GBP"), (.recurringAmount, "99", "GBP")], false),
        amount(most: "50", [(.firstAmount, "1", "GBP"), (.finalAmount, "1", "EUR")], false),
        // What is not paid.
        amount(above: "50", [(.amount, "1", "GBP"), (.documentAmount, "99", "GBP")], false),
    ]

    @Test(
        "depends on the login's server, client, scopes, family and exact amounts",
        arguments: matches
    )
    func matching(match: Match) {
        let policy = Policy(
            rules: [Policy.Rule("special", match.condition, ways: [.init(.passkey)])],
            fallback: [.init(.tap)]
        )
        let verdict = policy.verdict(on: Self.login(), asking: match.question)
        #expect(verdict.rule == (match.isMatch ? "special" : "default"), "\(match.name)")
        #expect(verdict.methods == (match.isMatch ? [.passkey] : [.tap]), "\(match.name)")
    }

    @Test("is decided by the first rule that matches")
    func first() {
        let policy = Policy(
            rules: [
                Policy.Rule("one", Self.condition { $0.scope = "openid" }, ways: [.init(.signIn)]),
                Policy.Rule("two", ways: [.init(.passkey)]),
            ],
            fallback: [.init(.tap)]
        )
        #expect(policy.verdict(on: Self.login(), asking: Self.question()).rule == "one")
        let other = Self.question(scopes: ["email"])
        #expect(policy.verdict(on: Self.login(), asking: other).rule == "two")
    }

    /// Requested classes, usable methods, and the methods that count.
    static let requests: [([String], Set<Policy.Method>, [Policy.Method])] = [
        ([], Set(Policy.Method.allCases), [.tap, .signIn, .deviceKeyAndPIN, .passkey]),
        (["gold"], Set(Policy.Method.allCases), [.deviceKeyAndPIN, .passkey]),
        (["gold", "silver"], Set(Policy.Method.allCases), [.deviceKeyAndPIN, .passkey]),
        (["silver", "gold"], Set(Policy.Method.allCases), [.signIn]),
        (["gold", "silver"], [.tap, .signIn], [.signIn]),
        (["platinum", "silver"], Set(Policy.Method.allCases), [.signIn]),
        // Unreachable: every method counts, and earns only what it earns.
        (["platinum"], Set(Policy.Method.allCases), [.tap, .signIn, .deviceKeyAndPIN, .passkey]),
        (["GOLD"], [.tap], [.tap]),
        (["gold"], [.tap], [.tap]),
    ]

    // rule: C3, F5
    @Test(
        "honours requested acr values in order, and never claims one that is not reached [C3, F5]",
        arguments: requests
    )
    func classes(requested: [String], usable: Set<Policy.Method>, counts: [Policy.Method]) {
        let policy = Policy(fallback: [
            .init(.tap), .init(.signIn, acr: "silver"), .init(.deviceKeyAndPIN, acr: "gold"),
            .init(.passkey, acr: "gold"),
        ])
        let verdict = policy.verdict(
            on: Self.login(requested),
            asking: Self.question(),
            usable: usable
        )
        #expect(verdict.methods == counts)
        for way in verdict.ways {
            let earned = [
                Policy.Method.signIn: "silver", .deviceKeyAndPIN: "gold", .passkey: "gold",
            ]
            #expect(way.acr == earned[way.method])
        }
    }

    /// Profile, whether it is a payment, and what is left of all methods.
    static let profiles: [(Policy.Profile, Bool, [Policy.Method])] = [
        (.basic, false, Policy.Method.allCases),
        (.basic, true, Policy.Method.allCases),
        (.bank, false, [.signIn, .deviceKey, .deviceKeyAndPIN, .passkey]),
        (.bank, true, [.deviceKeyAndPIN, .passkey]),
        (.nist, false, [.signIn, .deviceKey, .deviceKeyAndPIN, .passkey]),
        (.nist, true, [.signIn, .deviceKey, .deviceKeyAndPIN, .passkey]),
    ]

    // rule: F4, N2, P1
    @Test(
        "is what the profile leaves: no tap, payments with a verified user's key [F4, N2, P1]",
        arguments: profiles
    )
    func profile(profile: Policy.Profile, isPayment: Bool, left: [Policy.Method]) {
        let all = Policy.Method.allCases.map { Policy.Way($0) }
        let question = Self.question(isPayment ? [(.amount, "5", "GBP")] : [])
        for policy in [
            Policy(profile: profile, fallback: all),
            Policy(profile: profile, rules: [Policy.Rule("r", ways: all)], fallback: []),
        ] {
            #expect(policy.verdict(on: Self.login(), asking: question).methods == left)
        }
    }
}

@Suite("An approval by the policy", .timeLimit(.minutes(3)))
struct JudgedApprovalTests {
    private static func desk(
        _ stage: Stage,
        _ store: any LoginStore,
        _ ways: [ApprovalPolicy.Way]
    ) -> DecisionDesk {
        DecisionDesk(
            store: store,
            changes: LoginChanges(),
            clock: stage.clock,
            approvers: Approvers(directory: stage.people, plan: stage.escalation),
            policy: ApprovalPolicy(
                rules: [ApprovalPolicy.Rule("openid logins", ways: ways)],
                fallback: []
            )
        )
    }

    // The login requests "urn:acr:2fa".
    // rule: C3, F5
    @Test(
        "is stored with the rule and the acr that was reached, not with the requested one [C3]",
        arguments: ["urn:acr:2fa", "urn:acr:other", nil]
    )
    func stored(acr: String?) async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            let ticket = try await DecisionDeskTests.prompt(
                "login-1",
                .waiting,
                in: store,
                at: stage.start
            )
            let desk = Self.desk(stage, store, [.init(.tap, acr: acr)])
            _ = try await desk.decide(.approve, opening: ticket.text, via: .page, address: nil) {
                Selection(shown: $0.login.question?.digest)
            }
            let decided = try #require(try await store.login(ticket.number)).login.phase.outcome?
                .decision
            #expect(decided?.merit == Decision.Merit(rule: "openid logins", acr: acr))
        }
    }

    @Test("is refused if its method is not enough for the login; declining needs none")
    func refused() async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            let ticket = try await DecisionDeskTests.prompt(
                "login-1",
                .waiting,
                in: store,
                at: stage.start
            )
            let desk = Self.desk(stage, store, [.init(.passkey)])
            await #expect(throws: DecisionDesk.Refusal.methodNotAllowed) {
                _ = try await desk.decide(
                    .approve,
                    opening: ticket.text,
                    via: .page,
                    address: nil
                ) { Selection(shown: $0.login.question?.digest) }
            }
            let denied = try await desk.decide(
                .deny,
                opening: ticket.text,
                via: .page,
                address: nil
            )
            #expect(denied.login.phase.outcome?.decision?.merit == nil)
        }
    }
}

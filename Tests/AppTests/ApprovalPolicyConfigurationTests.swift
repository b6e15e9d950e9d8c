import Engine
import Foundation
import Logins
import Testing

@testable import App
@testable import AuthorizationServers

@Suite("The policy of approvals in a configuration")
struct ApprovalPolicyConfigurationTests {
    private typealias Fixtures = ConfigurationFixtures

    private static func text(_ approval: String) -> String {
        Fixtures.minimal([("development: true,", "development: true, approval: { \(approval) },")])
    }

    private static func allow(_ methods: String, _ rest: String = "") -> String {
        "rules: [{ name: \"r\", \(rest) allow: [{ any_of: [\(methods)] }] }]"
    }

    /// The group, the key of the problem, and a part of its words.
    static let problems: [(String, String, String)] = [
        // Unsafe in a profile.
        ("profile: \"nist\", tap: true", "tap", "profile nist: a tap on a prompt"),
        ("profile: \"bank\", tap: true", "tap", "two factors"),
        ("profile: \"nist\", " + allow("\"tap\""), "rules[0].allow[0].any_of", "tap, profile nist"),
        (
            "profile: \"bank\", " + allow("\"device_key\"", "family: \"uk_domestic_payment\","),
            "rules[0].allow[0].any_of", "payments need a key on the user's device and user verif"
        ),
        (
            "profile: \"bank\", "
                + allow("\"device_key\"", "amount_above: \"5\", currency: \"GBP\","),
            "rules[0].allow[0].any_of", "payments need"
        ),
        (
            "profile: \"bank\", device_key_pin: false, device_key: true",
            "profile", "nobody could approve a payment"
        ),
        ("profile: \"bank\", longest_prompt: \"11m\"", "longest_prompt", "at most 10m"),
        ("profile: \"nist\", longest_prompt: \"1h\"", "longest_prompt", "at most 10m"),
        // Impossible.
        (allow("\"sign_in\""), "rules[0].allow[0].any_of", "needs approval.sign_in"),
        (allow("\"nod\""), "rules[0].allow[0].any_of", "not \"nod\""),
        (allow("\"tap\", \"tap\""), "rules[0].allow[0].any_of", "named twice"),
        (allow(""), "rules[0].allow[0].any_of", "must name a method"),
        ("rules: [{ name: \"r\", allow: [] }]", "rules[0].allow", "nobody could approve"),
        ("rules: [{ name: \"r\" }]", "rules[0].allow", "is missing"),
        ("rules: [{ allow: [{ any_of: [\"tap\"] }] }]", "rules[0].name", "is missing"),
        (
            "rules: [{ name: \"default\", allow: [{ any_of: [\"tap\"] }] }]",
            "rules[0].name", "the last rule"
        ),
        (allow("\"tap\"", "amount_above: \"5\","), "rules[0].amount_above", "needs currency"),
        (
            allow("\"tap\"", "amount_above: 5, currency: \"GBP\","),
            "rules[0].amount_above", "must be a text"
        ),
        (
            allow("\"tap\"", "amount_above: \"5e3\", currency: \"GBP\","),
            "rules[0].amount_above", "an amount in quotes"
        ),
        (
            allow("\"tap\"", "amount_above: \"5\", amount_at_most: \"5.00\", currency: \"GBP\","),
            "rules[0].amount_at_most", "more than amount_above"
        ),
        (allow("\"tap\"", "currency: \"gbp\","), "rules[0].currency", "three capital letters"),
        (allow("\"tap\"", "family: \"uk_payment\","), "rules[0].family", "uk_domestic_payment"),
        (
            allow("\"tap\"", "authorization_server: \"x\","),
            "rules[0].authorization_server", "must be acp"
        ),
        (allow("\"tap\"", "clinet: \"x\","), "rules[0].clinet", "did you mean client?"),
        ("acr: { tap: \"a b\" }", "acr.tap", "printable ASCII"),
        ("profile: \"psd2\"", "profile", "basic, bank or nist"),
    ]

    @Test("is refused with key path and rule if it is unsafe or impossible", arguments: problems)
    func refused(approval: String, key: String, says: String) throws {
        let error = #expect(throws: (any Error).self) { try Fixtures.parse(Self.text(approval)) }
        let problems = "\(try #require(error))".split(separator: "\n")
        #expect(
            problems.contains { $0.contains("approval." + key) && $0.contains(says) },
            "\(problems)"
        )
    }

    @Test("has its rules in the order of the file, before the methods of every login")
    func rules() throws {
        let policy = try Fixtures.parse(
            Self.text(
                """
                profile: "basic", acr: { tap: "urn:bronze" },
                rules: [
                  { name: "large", family: "uk_domestic_payment", client: "shop",
                    authorization_server: "acp", amount_above: "500.00", currency: "GBP",
                    allow: [{ any_of: ["passkey", "device_key_pin"], acr: "urn:gold" }] },
                  { name: "scope", scope: "email", allow: [{ any_of: ["tap"] }] },
                ]
                """
            )
        ).approval.policy
        #expect(policy.rules.map(\.name) == ["large", "scope"])
        #expect(
            policy.rules[0].ways == [
                .init(.passkey, acr: "urn:gold"), .init(.deviceKeyAndPIN, acr: "urn:gold"),
            ]
        )
        #expect(policy.rules[0].condition.amountAbove == "500.00")
        #expect(policy.fallback == [.init(.tap, acr: "urn:bronze")])
        #expect(
            policy.explanation[1].hasPrefix(
                "  1. large: authorization server acp, client shop, consent uk_domestic_payment, "
                    + "an amount of more than 500.00 GBP: a passkey (passkey, acr urn:gold"
            )
        )
    }

    // rule: N5, A5
    @Test(
        "of a profile other than basic has strong methods and prompts of at most ten minutes [N5, A5]",
        arguments: ApprovalPolicy.Profile.allCases
    )
    func profiles(profile: ApprovalPolicy.Profile) throws {
        let read = try Fixtures.parse(Self.text("profile: \"\(profile.rawValue)\""))
        let isBasic = profile == .basic
        #expect(
            read.approval.policy.fallback.map(\.method)
                == (isBasic ? [.tap] : [.deviceKeyAndPIN])
        )
        #expect(read.approval.longestPrompt == .seconds(isBasic ? 86_400 : 600))
    }

    // rule: C6, N5, A5
    @Test("cuts the life of prompts to its longest, whatever the server says [N5]")
    func promptLife() {
        var timing = CloudentityInbound.Timing()
        timing.longestPrompt = .seconds(600)
        let now = Timestamp(milliseconds: 0)
        for (life, prompt): (Int, Int) in [(660, 600), (86_400, 600), (120, 110)] {
            let terms = timing.terms(
                from: now,
                to: now + .seconds(life),
                reportsExpiry: .never
            )
            #expect(terms.promptEnds - now == .seconds(prompt))
            #expect(terms.expiresAt - now == .seconds(life))
        }
    }
}

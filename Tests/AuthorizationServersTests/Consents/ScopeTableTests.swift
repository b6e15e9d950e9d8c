import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// Nothing is granted that stands for something which was not shown [FA-5].
@Suite("A scope that names or implies something lodged")
struct ScopeTableTests {
    /// Scopes that no family can show without a consent, in the words of several standards.
    private static let lodged = [
        "consent:urn:bancoex:C1", "recurring-consent:urn:bancoex:C1", "recurring-payments",
        "enrollment:urn:bancoex:E1", "nrp-consents", "fundsconfirmations", "payments", "accounts",
        "consents", "loans", "credit-cards-accounts", "open-consent:17", "Recurring-Consent:x",
        "payment_intent:pi_1", "PIS:4711", "ais:4711", "vrp:urn:bank:V1",
        "bank:accounts.basic:read", "energy:accounts.basic:read", "fdx:accountbasic:read",
        "READ_CONSENTS", "mandate:7", "enrollments",
        // Without a colon, in another case, with other separators, in one word or another language.
        "pisp", "aisp", "cbpii", "PISP", "ais-accounts", "payment:P1", "payments/P1", "payment",
        "paymentconsent:P1", "paymentConsent.P1", "domestic-vrp:1", "domesticVRP", "mandato:C1",
        "consent", "consent.C1", "consent/C1", "consent-C1", "consent_C1", "CONSENT:C1",
        "consentimento:C1", "intent-123", "intentId=7", "urn:openbanking:intent:1",
        "urn:bancoex:C1", "https://x/consents/123", "fundsconfirmation", "FUNDSCONFIRMATIONS",
        "funds-confirmation", "insurance-auto", "Insurance_Auto", "quote-auto", "ACCOUNTS",
        "credit_cards_accounts", "fdx/accountbasic", "Bank.accounts.basic:read",
        "standing-order:1", "payments.read:17", "payments.write", "grant_management_revoke",
        // The roles of PSD2, and Open Insurance Brasil.
        "PSP_AI", "PSP_PI", "PSP_IC", "PSP_AS", "psp-pi", "PSP_PI:4711", "dynamic-fields",
        "dynamic_fields", "capitalization-title-raffle",
        // With a parameter, however it is separated.
        "accounts:abc", "accounts:7", "accounts/7", "accounts=7", "accounts-7", "accounts7",
        "Accounts.abc", "account:7", "transaction:1", "transactions:1", "transaction_1",
        "loans:L1", "customers:4711", "credit-cards-accounts:17", "accounts.read:17",
        "accounts.read.all", "accounts:write", "https://api.example/accounts/7", "events:1",
    ]
    /// Scopes that mean nothing to any standard.
    private static let ordinary = [
        "transfer.9000EUR", "loyalty", "https://api.example/read", "a:b",
        "payments.read", "payment_history", "accounts.read", "accounts:read", "transactions:view",
        "account_settings", "pay.5", "urnfield", "https://api.example/accounts.read",
        "email", "profile", "offline_access", "phone", "address", "mandatory", "print-entry",
    ]

    /// Answers as a scope grant with these scopes, and has nothing else.
    private func stage(_ granted: [String], plain: Set<String> = []) -> ConsentStage {
        let scopes = JSONValue.array(
            granted.map { name in
                .object(JSONObject([.init(name: "requested_name", value: .string(name))]))
            }
        )
        let body = JSONValue.object(JSONObject([.init(name: "requested_scopes", value: scopes)]))
        return ConsentStage(plainScopes: plain) { _, path in
            path == "scope-grants/l1"
                ? ReportTests.status(200, String(decoding: body.bytes, as: UTF8.self))
                : ReportTests.status(404)
        }
    }

    private func answer(
        _ stage: ConsentStage,
        _ scopes: [String],
        in workspace: String?
    ) async -> ConsentAnswer {
        let details = PendingLogin.Details(
            user: .named("ann"),
            workspace: workspace.map { .named($0) },
            requestedScopes: scopes
        )
        return await stage.server.consent(of: stage.login(details))
    }

    private static let workspaces: [String?] = [
        nil, "unknown", "plain", "uk", "br", "fdx", "cdr", "ksa",
    ]

    @Test("is refused as plain login, in every workspace", arguments: lodged)
    func refusedInStart(_ scope: String) async {
        for workspace in Self.workspaces {
            let stage = stage(["openid", scope])
            let answer = await answer(stage, ["openid", scope], in: workspace)
            // A family that knows the scope asks for its consent, and the server has none.
            #expect(answer == .unusable(.consentUnusable) || answer == .gone)
            #expect(!stage.calls.contains("GET scope-grants/l1"))
        }
    }

    @Test("is refused when only the scope grant has it", arguments: lodged)
    func refusedInGrant(_ scope: String) async {
        for workspace in [nil, "plain", "unknown"] {
            let stage = stage(["openid", scope])
            let answer = await answer(stage, ["openid"], in: workspace)
            #expect(answer == .unusable(.consentUnusable))
            #expect(stage.log.events == ["consent.unsupported"])
        }
    }

    @Test(
        "is refused under the name that the scope grant has for it",
        arguments: [
            ("fundsconfirmations", "conf", true), ("consent:*", "conf", true),
            ("accounts", "a", true), ("pisp", "openid", true), ("transfer.*", "transfer.1", false),
            ("loyalty", "l", false), ("", "l", false), ("accounts:*", "accounts:7", true),
            ("profile", "p", false), ("listed-consents", "l", false),
        ]
    )
    func refusedByName(_ name: String, _ requested: String, _ isRefused: Bool) async {
        let stage = ConsentStage(plainScopes: ["listed-consents"]) { _, _ in
            ReportTests.status(
                200,
                #"{"requested_scopes":[{"name":"\#(name)","requested_name":"\#(requested)"}]}"#
            )
        }
        let answer = await answer(stage, ["openid"], in: nil)
        #expect((answer == .unusable(.consentUnusable)) == isRefused)
        #expect(stage.log.events == (isRefused ? ["consent.unsupported"] : []))
    }

    @Test("is refused beside a consent of another kind", arguments: ConsentExample.all)
    func refusedBesideConsent(_ example: ConsentExample) async throws {
        let foreign =
            [
                "recurring-payments", "fundsconfirmations", "consent:urn:bank:other",
                "enrollment:urn:bank:E1", "loyalty",
            ] + (example.kind.isPayment ? ["accounts"] : [])
        for scope in foreign {
            let added = try example.tree().adding(scope: scope)
            let stage = ConsentStage(example, answer: String(decoding: added.bytes, as: UTF8.self))
            #expect(await stage.consent(of: example) == .unusable(.consentUnusable))
            #expect(stage.log.events == ["consent.unsupported"])
        }
    }

    @Test("is granted as plain scope where the configuration says so", arguments: lodged)
    func listed(_ scope: String) async {
        guard !scope.hasPrefix("consent:") else { return }
        for workspace in [nil, "plain"] {
            let stage = stage(["openid", scope], plain: [scope])
            guard case .consent(let consent) = await answer(stage, [scope], in: workspace) else {
                Issue.record("\(stage.log.lines)")
                continue
            }
            #expect(consent.scopes.map(\.requestedName) == ["openid", scope])
        }
    }

    @Test("differs from scopes that mean nothing to a standard", arguments: ordinary)
    func unknown(_ scope: String) async {
        for workspace in [nil, "unknown", "plain"] {
            let stage = stage(["openid", scope])
            guard case .consent = await answer(stage, ["openid", scope], in: workspace) else {
                Issue.record("\(stage.log.lines)")
                continue
            }
        }
    }

    @Test("leaves no plain login in a workspace with a family, unless it is listed")
    func workspacesWithFamily() async {
        for scopes in [[], ["openid"], ["openid", "profile"], ["openid", "loyalty"]] {
            for workspace in ["uk", "br"] {
                let refusing = stage(scopes)
                let answer = await answer(refusing, scopes, in: workspace)
                #expect(answer == .unusable(.consentUnusable))
                #expect(refusing.calls.isEmpty)
                let allowing = stage(scopes, plain: ["loyalty"])
                let isListed = scopes.contains("loyalty")
                let allowed = await self.answer(allowing, scopes, in: workspace)
                #expect((allowed == .unusable(.consentUnusable)) != isListed)
            }
        }
    }
}

extension JSONValue {
    /// The tree with one more requested scope.
    fileprivate func adding(scope: String) -> JSONValue {
        let added = JSONValue.object(
            JSONObject([
                .init(name: "name", value: .string(scope)),
                .init(name: "requested_name", value: .string(scope)),
                .init(name: "display_name", value: .string("More")),
            ])
        )
        let members = (object?.members ?? []).map { member in
            member.name == "requested_scopes"
                ? JSONObject.Member(
                    name: member.name,
                    value: .array((member.value.array ?? []) + [added])
                ) : member
        }
        return .object(JSONObject(members))
    }
}

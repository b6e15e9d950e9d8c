import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// Which consent a login is for [FA-1 to FA-4].
@Suite("The family of a login")
struct FamilyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var workspace: String? = "unknown"
        var scopes = ["openid"]
        var consentID: String?
        /// Where the server has something, by path; nothing elsewhere.
        var there: ConsentExample?
        /// What is fetched, in order, and nothing else.
        let asks: [String]
        /// What becomes of it: a kind, or the event that says why not.
        let ends: End
    }

    enum End: Sendable {
        case shown(Consent.Kind)
        case unusable(String)
        case gone
    }

    private static let ukPaths = [
        "domestic-payment", "domestic-scheduled-payment", "domestic-standing-order",
        "file-payment", "international-payment", "international-scheduled-payment",
        "international-standing-order",
    ].map { "GET open-banking/\($0)-consent/l1" }
    private static let accountAccess = "GET open-banking/account-access-consent/l1"
    private static let brasil = "GET open-banking-brasil/"

    private static let cases: [Case] = [
        Case(
            testDescription: "auto: nothing named is a plain login",
            asks: ["GET scope-grants/l1"],
            ends: .shown(.scopes)
        ),
        Case(
            testDescription: "auto: a plain login even with the scope accounts",
            scopes: ["openid", "accounts"],
            asks: ["GET scope-grants/l1"],
            ends: .shown(.scopes)
        ),
        Case(
            testDescription: "auto: a consent: scope is Brasil's",
            scopes: ["openid", "consent:urn:bank:C1DD33123"],
            consentID: "urn:bank:C1DD33123",
            there: .of(.brasilData),
            asks: [brasil + "consent/l1"],
            ends: .shown(.brasilData)
        ),
        Case(
            testDescription: "auto: with payments, Brasil's newest version first",
            scopes: ["openid", "consent:urn:bank:C1DD33123", "payments"],
            consentID: "urn:bank:C1DD33123",
            there: ConsentExample.brasilExamples.last,
            asks: ["payment/v3/l1", "payment/v2/l1", "payment/l1"].map { brasil + $0 },
            ends: .shown(.brasilPayment)
        ),
        Case(
            testDescription: "auto: an intent id is the UK's",
            scopes: ["openid", "accounts"],
            consentID: "c-account_access",
            there: .of(.ukAccountAccess),
            asks: [accountAccess],
            ends: .shown(.ukAccountAccess)
        ),
        Case(
            testDescription: "auto: a UK payment is looked for in the order of the table",
            scopes: ["openid", "payments"],
            consentID: "c-international_payment",
            there: .of(.ukInternationalPayment),
            asks: Array(ukPaths[...4]),
            ends: .shown(.ukInternationalPayment)
        ),
        Case(
            testDescription: "a recurring payment of the UK has no page",
            scopes: ["openid", "payments"],
            consentID: "vrp-1",
            asks: ukPaths,
            ends: .unusable("consent.unsupported")
        ),
        Case(
            testDescription: "the confirmation of funds has no page",
            scopes: ["openid", "fundsconfirmations"],
            consentID: "fcc-1",
            asks: [],
            ends: .unusable("consent.unsupported")
        ),
        Case(
            testDescription: "Brasil's fourth version has no page",
            scopes: ["openid", "consent:urn:bank:1", "payments"],
            consentID: "urn:bank:1",
            asks: ["payment/v3/l1", "payment/v2/l1", "payment/l1"].map { brasil + $0 },
            ends: .unusable("consent.unsupported")
        ),
        Case(
            testDescription: "Brasil's automatic payments have no page",
            scopes: ["openid", "consent:urn:bank:1", "recurring-payments"],
            consentID: "urn:bank:1",
            asks: [],
            ends: .unusable("consent.unsupported")
        ),
        Case(
            testDescription: "an intent id beside another consent: scope is nobody's",
            scopes: ["openid", "consent:urn:bank:1"],
            consentID: "urn:bank:2",
            asks: [],
            ends: .unusable("consent.contradictory")
        ),
        Case(
            testDescription: "two consent: scopes are nobody's",
            scopes: ["consent:urn:bank:1", "consent:urn:bank:2"],
            consentID: "urn:bank:1",
            asks: [],
            ends: .unusable("consent.contradictory")
        ),
        Case(
            testDescription: "a workspace of plain logins takes no consents",
            workspace: "plain",
            consentID: "c-1",
            asks: [],
            ends: .unusable("consent.unsupported")
        ),
        Case(
            testDescription: "a UK workspace needs no intent id",
            workspace: "uk",
            scopes: ["openid", "accounts"],
            there: .of(.ukAccountAccess),
            asks: [accountAccess],
            ends: .shown(.ukAccountAccess)
        ),
        Case(
            testDescription: "a UK workspace also takes plain logins",
            workspace: "uk",
            asks: ["GET scope-grants/l1"],
            ends: .shown(.scopes)
        ),
        Case(
            testDescription: "FDX by its workspace",
            workspace: "fdx",
            there: .of(.fdx),
            asks: ["GET fdx/fdx/l1"],
            ends: .shown(.fdx)
        ),
        Case(
            testDescription: "CDR by its workspace",
            workspace: "cdr",
            there: .of(.cdr),
            asks: ["GET cdr/cdr-arrangement/l1"],
            ends: .shown(.cdr)
        ),
        Case(
            testDescription: "KSA by its workspace, and gone when it is not there",
            workspace: "ksa",
            asks: ["GET ksa/consent/l1"],
            ends: .gone
        ),
    ]

    @Test("follows from setting, scopes and names, and is never guessed", arguments: cases)
    func choice(_ row: Case) async throws {
        let stage = ConsentStage { _, path in
            if path == "scope-grants/l1" {
                return ReportTests.status(200, #"{"requested_scopes":[{"name":"openid"}]}"#)
            }
            return path == (row.there?.path ?? "") + "/l1"
                ? ReportTests.status(200, row.there?.answer ?? "") : ReportTests.status(404)
        }
        let details = PendingLogin.Details(
            user: .named("ann"),
            workspace: row.workspace.map { .named($0) },
            requestedScopes: row.scopes,
            consentID: row.consentID.map { .named($0) }
        )
        let answer = await stage.server.consent(of: stage.login(details))
        #expect(stage.calls == row.asks)
        switch row.ends {
        case .shown(let kind):
            guard case .consent(let consent) = answer else {
                Issue.record("\(answer) \(stage.log.lines)")
                return
            }
            #expect(consent.kind == kind)
        case .unusable(let event):
            #expect(answer == .unusable(.consentUnusable))
            #expect(stage.log.events == [event])
        case .gone:
            #expect(answer == .gone)
        }
    }

    @Test("is known with an example of each")
    func examples() {
        let kinds = ConsentStandard.all.flatMap { $0.families.map(\.kind) }
        let names = kinds.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Set(names) == Set(ConsentExample.all.map(\.kind.name)))
        #expect(Set(kinds) == Set(ConsentExample.all.map(\.kind)))
    }

    @Test("is looked for once")
    func cache() async throws {
        let example = ConsentExample.of(.ukInternationalPayment)
        let stage = ConsentStage(example)
        for _ in 1...3 { _ = await stage.consent(of: example) }
        #expect(stage.calls == Self.ukPaths[...4] + [Self.ukPaths[4], Self.ukPaths[4]])
    }

    @Test("is not settled by a consent that the server has not stored yet")
    func early() async throws {
        let example = ConsentExample.of(.ukDomesticPayment)
        let stage = ConsentStage { _, _ in ReportTests.status(404) }
        let answer = await stage.server.consent(of: stage.login(example.details, age: 1))
        #expect(answer == .later("not stored at the server yet", after: nil))
    }

    @Test("that was never fetched is rejected where it is")
    func rejectsUnseen() async throws {
        typealias Row = (PendingLogin.Details, [String])
        var plain = ConsentExample.of(.fdx).details
        plain.workspace = nil
        var vrp = ConsentExample.of(.ukDomesticPayment).details
        vrp.consentID = .named("vrp-1")
        let there = ConsentExample.of(.ukDomesticScheduledPayment)
        let rows: [Row] = [
            (plain, ["POST scope-grants/l1/reject"]),
            (ConsentExample.of(.fdx).details, ["POST fdx/fdx/l1/reject"]),
            (
                ConsentExample.of(.brasilData).details,
                ["POST open-banking-brasil/consent/l1/reject"]
            ),
            (
                ConsentExample.of(.ukAccountAccess).details,
                ["POST open-banking/account-access-consent/l1/reject"]
            ),
            (
                there.details,
                Self.ukPaths[...1] + [
                    "POST open-banking/domestic-scheduled-payment-consent/l1/reject"
                ]
            ),
        ]
        for (details, calls) in rows {
            let stage = ConsentStage { method, path in
                method == .post
                    ? ReportTests.status(200)
                    : path == there.path + "/l1"
                        ? ReportTests.status(200, there.answer) : ReportTests.status(404)
            }
            let login = stage.login(details)
            #expect(await stage.server.report(.expired, of: login, inDoubt: false) == .taken)
            #expect(stage.calls == calls)
        }
        // What has no page is rejected as a plain login.
        let stage = ConsentStage { method, _ in ReportTests.status(method == .post ? 200 : 404) }
        let login = stage.login(vrp)
        let failed = Outcome.failed(.consentUnusable)
        #expect(await stage.server.report(failed, of: login, inDoubt: false) == .taken)
        #expect(stage.calls == Self.ukPaths + ["POST scope-grants/l1/reject"])
    }
}

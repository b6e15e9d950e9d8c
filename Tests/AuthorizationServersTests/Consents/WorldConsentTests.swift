import HTTP
import JSON
import Localization
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// Consents as servers and standards write them, beyond the plain examples: what a user reads of
/// each, or why it is refused.
@Suite("A consent as the world writes it")
struct WorldConsentTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let example: ConsentExample
        /// Members of the consent, by path, that are set before it is fetched. A value of `null`
        /// takes a member away.
        var changes: [(path: String, value: String)] = []
        /// Details that a user reads, exactly.
        var shows: [String] = []
        /// What no detail contains.
        var hides: [String] = []
        /// The cause in the log when it is refused.
        var refused: String?
    }

    static let order = "Initiation."
    static let domestic = ConsentExample.of(.ukDomesticPayment)
    static let abroad = ConsentExample.of(.ukInternationalPayment)
    static let standing = ConsentExample.of(.ukDomesticStandingOrder)
    static let file = ConsentExample.of(.ukFilePayment)
    static let pix = ConsentExample.of(.brasilPayment)
    static let fdx = ConsentExample.of(.fdx)

    func answer(_ test: Case) async throws -> (ConsentAnswer, ConsentStage) {
        var tree = try test.example.tree()
        for change in test.changes {
            let path =
                [Leaf.Step.name(test.example.member)]
                + change.path.split(separator: ".").map { .name(String($0)) }
            let value = try JSONValue(Array(change.value.utf8))
            tree = value.isNull ? tree.removing(path) : tree.setting(path, to: value)
        }
        let text = String(decoding: tree.bytes, as: UTF8.self)
        let stage = ConsentStage(test.example, answer: text)
        return (await stage.consent(of: test.example), stage)
    }

    @Test("is shown with everything that a payer must know", arguments: ofUK + ofOthers + agreeing)
    func isShown(_ test: Case) async throws {
        let (answer, stage) = try await answer(test)
        guard case .consent(let consent) = answer else {
            Issue.record("\(answer): \(stage.log.lines)")
            return
        }
        let login = stage.login(test.example.details)
        let now = stage.clock.now()
        let details = try ConsentPage(consent, of: login, at: now).details
        for line in test.shows { #expect(details.contains(line), "\(line) in \(details)") }
        for part in test.hides {
            #expect(!details.contains { $0.contains(part) }, "\(part) in \(details)")
        }
        #expect(!details.contains { $0.contains("{\"") }, "JSON in \(details)")
        // Every label and code has words in every language.
        for language in Language.allCases {
            let other = try ConsentPage(consent, of: login, at: now, language: language).details
            #expect(other.count == details.count)
        }
    }

    @Test(
        "is refused where a value that changes what is approved is unknown",
        arguments: WorldConsentTests.unknown + contradictory
    )
    func isRefused(_ test: Case) async throws {
        let (answer, stage) = try await answer(test)
        #expect(answer == .unusable(.consentUnusable))
        let said = stage.log.lines.map(\.members).joined()
        #expect(said.contains("\(test.example.member).\(test.refused ?? "")"), "\(said)")
    }

    @Test("names every currency and country that may stand in it")
    func codesOfISO() {
        for code in StandardCodes.list(.currency) {
            #expect(ClosedList.currencies.contains(code), "\(code)")
        }
        for code in StandardCodes.list(.country) {
            #expect(ClosedList.countries.contains(code), "\(code)")
        }
    }

    @Test(
        "counts what is written as a number or a text, with an exponent, a fraction or zeros",
        arguments: ["200", #""200""#, #""00200""#, "2e2", "200.0", #""2.00E2""#, "20000e-2"]
    )
    func counts(_ written: String) async throws {
        for (example, member, line) in [
            (Self.file, Self.order + "NumberOfTransactions", "Number of payments: 200"),
            (Self.file, Self.order + "ControlSum", "Total of all payments: 200"),
            (Self.standing, Self.order + "NumberOfPayments", "Number of payments: 200"),
            (Self.fdx, "durationPeriod", "Access duration: 200 days"),
            (Self.fdx, "lookbackPeriod", "How far back: 200 days"),
        ] {
            let test = Case(
                testDescription: member,
                example: example,
                changes: [(member, written)]
            )
            let (answer, stage) = try await answer(test)
            guard case .consent(let consent) = answer else {
                Issue.record("\(member): \(stage.log.lines)")
                continue
            }
            let login = stage.login(example.details)
            let details = try ConsentPage(consent, of: login, at: stage.clock.now()).details
            #expect(details.contains { $0.hasPrefix(line) }, "\(line) in \(details)")
        }
    }

    @Test(
        "is refused where a count is none",
        arguments: ["1.5", #""two""#, "-1", "true", "1e-2", "1e99", #""1,000""#, "[1]", "0", "0.0"]
    )
    func noCounts(_ written: String) async throws {
        let mandate = #"{"Frequency":{"Type":"MNTH","CountPerPeriod":\#(written)}}"#
        let weekly = #"""
            {"weekly":{"dayOfWeek":"TERCA_FEIRA","startDate":"2026-12-01","quantity":\#(written)}}
            """#
        for (example, member, value) in [
            (Self.file, Self.order + "NumberOfTransactions", written),
            (Self.standing, Self.order + "NumberOfPayments", written),
            (Self.standing, Self.order + "MandateRelatedInformation", mandate),
            (Self.abroad, Self.order + "ExchangeRateInformation.ExchangeRate", written),
            (Self.pix, "payment.schedule", weekly),
        ] {
            let isRate = member.hasSuffix("Rate")
            if isRate, ["1.5", "1e-2", "1e99"].contains(written) { continue }
            var changes = [(member, value)]
            if member.hasSuffix("MandateRelatedInformation") {
                changes.insert((Self.order + "Frequency", "null"), at: 0)
            }
            let test = Case(testDescription: written, example: example, changes: changes)
            #expect(try await answer(test).0 == .unusable(.consentUnusable), "\(member)")
        }
    }

    @Test(
        "of Australia reads the names of earlier scopes in every form",
        arguments: ["scope_grants", "requested_scopes"],
        [
            #"[{"scope_name":"bank:*","granted_scope_name":"bank:transactions:read"}]"#,
            #"[{"requested_name":"bank:transactions:read","name":"x","given_at":"2026-01-01"}]"#,
            #"["bank:transactions:read","bank:transactions:read"]"#,
            #"[{"id":"g1","language":{"a":1}},{"name":"bank:transactions:read","n":7},"",{}]"#,
        ]
    )
    func earlierScopes(_ member: String, _ scopes: String) async throws {
        let example = ConsentExample.of(.cdr)
        let path = [Leaf.Step.name("previous_cdr_arrangement"), .name(member)]
        let tree = try example.tree().setting(path, to: JSONValue(Array(scopes.utf8)))
        let stage = ConsentStage(example, answer: String(decoding: tree.bytes, as: UTF8.self))
        guard case .consent(let consent) = await stage.consent(of: example) else {
            Issue.record("\(stage.log.lines)")
            return
        }
        let login = stage.login(example.details)
        let details = try ConsentPage(consent, of: login, at: stage.clock.now()).details
        for line in [
            "New: See account names, types and balances",
            "Stays shared: See transactions of your accounts",
        ] { #expect(details.contains(line), "\(line) in \(details)") }
    }

    @Test(
        "shows an amount that is a number digit for digit",
        arguments: [
            ("0.1", "0.1"), ("1.10", "1.10"), ("9007199254740993.01", "9007199254740993.01"),
            ("1.5e2", "150"), ("165.88000", "165.88000"), ("7E-2", "0.07"),
        ]
    )
    func amounts(_ written: String, _ amount: String) async throws {
        for (example, member) in [
            (Self.domestic, Self.order + "InstructedAmount.Amount"), (Self.pix, "payment.amount"),
        ] {
            let test = Case(
                testDescription: member,
                example: example,
                changes: [(member, written)]
            )
            let (answer, stage) = try await answer(test)
            guard case .consent(let consent) = answer,
                case .money(let money)? = consent.first(.amount)
            else {
                Issue.record("\(member): \(stage.log.lines)")
                continue
            }
            #expect(money.amount == amount)
        }
    }

    @Test("of Australia says the data of every sector, and what an amendment changes")
    func amendment() async throws {
        let scopes = ["openid", "energy:accounts.basic:read", "telco:usage:read"]
        let names = scopes.map { #"{"requested_name":"\#($0)"}"# }.joined(separator: ",")
        let grants = ["energy:accounts.basic:read", "energy:billing:read", "openid"]
            .map { #"{"id":"g","client_id":"c","scope_name":"\#($0)"}"# }.joined(separator: ",")
        let example = ConsentExample.of(.cdr)
        let answer = """
            {"requested_scopes":[\(names)],
             "previous_cdr_arrangement":{"cdr_arrangement_id":"arr-1","sharing_type":"one_time",
               "expiry":"2026-12-01T00:00:00Z","scope_grants":[\(grants)]},
             "cdr_arrangement":{"cdr_arrangement_id":"arr-2","amending_arrangement_id":"arr-1",
               "sharing_type":"reusable","customer_id":"c-9","scope_grants":[\(grants)]}}
            """
        let stage = ConsentStage(example, answer: answer)
        guard case .consent(let consent) = await stage.consent(of: example) else {
            Issue.record("\(stage.log.lines)")
            return
        }
        let login = stage.login(example.details)
        let details = try ConsentPage(consent, of: login, at: stage.clock.now()).details
        for line in [
            "New: See your phone and internet usage",
            "Stays shared: See your energy accounts and plans",
            "No longer shared: See your energy bills and payments", "Sharing: Ongoing",
            "Sharing until now: Once", "Earlier agreement ends: 1 December 2026, 00:00 UTC",
            "Replaces an earlier agreement: arr-1", "Customer number: c-9",
        ] { #expect(details.contains(line), "\(line) in \(details)") }
    }

    @Test(
        "of FDX names its types of resources in either spelling, and grants accounts without a type",
        arguments: ["resourceType", "resouceType"]
    )
    func fdxSpelling(_ spelling: String) async throws {
        let example = Self.fdx
        let resources = try JSONValue(
            Array(#"[{"\#(spelling)":"ACCOUNT","dataClusters":["TAX"]}]"#.utf8)
        )
        let tree = try example.tree()
            .setting([.name(example.member), .name("resources")], to: resources)
        let text = String(decoding: tree.bytes, as: UTF8.self)
        let stage = ConsentStage { method, path in
            method == .post ? ReportTests.status(200) : ReportTests.status(200, text)
        }
        let untyped = BankAccount(id: "a-9", name: "Main", display: "9", kind: .current)
        let login = try await ConsentReportTests.asked(stage, example, accounts: [untyped])
        let grant = Grant(scopes: example.scopes, accounts: ["a-9"])
        let outcome = Outcome.approved(ConsentReportTests.decision(.approve, grant))
        #expect(await stage.server.report(outcome, of: login, inDoubt: false) == .taken)
        let body = try JSONValue(try #require(stage.http.requests.last).body)
        let granted = try #require(body["resources"]?.array?.first)
        #expect(granted["id"]?.string == "a-9")
        #expect(granted["resouceType"]?.string == "ACCOUNT")
        #expect(granted["dataClusters"]?.strings == ["TAX"])
    }

    @Test(
        "of FDX grants what is shown: accounts that were chosen, and other resources as such",
        arguments: [["ACCOUNT", "CUSTOMER"], ["CUSTOMER"], ["ACCOUNT", "ACCOUNT", "DOCUMENT"]]
    )
    func fdxGrant(_ types: [String]) async throws {
        let requested = types.enumerated().map { index, type in
            let cluster = type == "CUSTOMER" ? "CUSTOMER_CONTACT" : index == 0 ? "TAX" : "BILLS"
            return #"{"resourceType":"\#(type)","dataClusters":["\#(cluster)"]}"#
        }
        let example = Self.fdx
        let resources = try JSONValue(Array("[\(requested.joined(separator: ","))]".utf8))
        let tree = try example.tree()
            .setting([.name(example.member), .name("resources")], to: resources)
        let text = String(decoding: tree.bytes, as: UTF8.self)
        let stage = ConsentStage { method, path in
            method == .post ? ReportTests.status(200) : ReportTests.status(200, text)
        }
        let hasAccounts = types.contains("ACCOUNT")
        let login = try await ConsentReportTests.asked(stage, example)
        #expect((login.question?.consent.accounts == .several(preselected: [])) == hasAccounts)
        let grant = Grant(scopes: example.scopes, accounts: hasAccounts ? ["acc-1"] : [])
        let outcome = Outcome.approved(ConsentReportTests.decision(.approve, grant))
        #expect(await stage.server.report(outcome, of: login, inDoubt: false) == .taken)
        let body = try JSONValue(try #require(stage.http.requests.last).body)
        let granted = (body["resources"]?.array ?? []).map {
            [$0["id"]?.string ?? "-", $0["resouceType"]?.string ?? ""]
                + ($0["dataClusters"]?.strings ?? [])
        }
        let expected: [[String]] =
            switch types.count {
            case 1: [["-", "CUSTOMER", "CUSTOMER_CONTACT"]]
            case 2: [["acc-1", "ACCOUNT", "TAX"], ["-", "CUSTOMER", "CUSTOMER_CONTACT"]]
            default: [["acc-1", "ACCOUNT", "TAX", "BILLS"], ["-", "DOCUMENT", "BILLS"]]
            }
        #expect(granted == expected)
    }
}

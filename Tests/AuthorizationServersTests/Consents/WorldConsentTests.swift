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

    private static let order = "Initiation."
    private static let domestic = ConsentExample.of(.ukDomesticPayment)
    private static let abroad = ConsentExample.of(.ukInternationalPayment)
    private static let standing = ConsentExample.of(.ukDomesticStandingOrder)
    private static let file = ConsentExample.of(.ukFilePayment)
    private static let pix = ConsentExample.of(.brasilPayment)
    private static let fdx = ConsentExample.of(.fdx)

    static let complete: [Case] = [
        Case(
            testDescription: "texts of version 4 in lists",
            example: domestic,
            changes: [
                (
                    order + "RemittanceInformation",
                    #"""
                    {"Unstructured":["part one","part two"],"Structured":[{
                      "CreditorReferenceInformation":{"Reference":"RF-77"},
                      "ReferredDocumentInformation":[{"Number":"INV-9","LineDetails":["two hats"]}],
                      "AdditionalRemittanceInformation":["by noon"]}]}
                    """#
                )
            ],
            shows: [
                "Message to payee: part one / part two", "Reference: RF-77",
                "Document number: INV-9", "Message to payee: by noon",
                "RemittanceInformation.Structured.ReferredDocumentInformation.LineDetails: two hats",
            ]
        ),
        Case(
            testDescription: "parties of version 4",
            example: domestic,
            changes: [
                (
                    order + "UltimateCreditor",
                    #"""
                    {"Name":"Hat Museum","SchemeName":"UK.OBIE.BICFI","Identification":"HATSGB2L",
                     "LEI":"529900T8BM49AURSDO55","PostalAddress":{"BuildingNumber":"3",
                     "StreetName":"Mill Lane","TownName":"Luton","Country":"GB","Floor":"2"}}
                    """#
                ),
                (order + "UltimateDebtor", #"{"Name":"Aunt Ann"}"#),
                (
                    "Debtor",
                    #"""
                    {"Name":"Ann Other","SchemeName":"UK.OBIE.BBAN",
                     "Identification":"NWBK60161331926819"}
                    """#
                ),
            ],
            shows: [
                "Final recipient: Hat Museum / BIC / HATSGB2L / LEI 529900T8BM49AURSDO55 "
                    + "/ 3 Mill Lane / Luton / United Kingdom",
                "UltimateCreditor.PostalAddress.Floor: 2", "Paid on behalf of: Aunt Ann",
                "Payer: Ann Other / National account number (BBAN) / NWBK60161331926819",
            ]
        ),
        Case(
            testDescription: "a mandate of version 4 in place of a frequency",
            example: standing,
            changes: [
                (order + "Frequency", "null"), (order + "FirstPaymentDateTime", "null"),
                (order + "FinalPaymentDateTime", "null"), (order + "NumberOfPayments", "null"),
                (
                    order + "MandateRelatedInformation",
                    #"""
                    {"MandateIdentification":"M-5","Classification":"VARI",
                     "CategoryPurposeCode":"SUPP","Reason":"club dues",
                     "FirstPaymentDateTime":"2027-06-30T23:30:00Z",
                     "Frequency":{"Type":"QURT","CountPerPeriod":2,"PointInTime":"05"}}
                    """#
                ),
            ],
            shows: [
                "How often: Every three months", "Payments in each period: 2",
                "Day within the period: 05", "Date of the first payment: 1 July 2027",
                "Amounts: Can vary", "Reason for the payments: club dues",
                "Purpose category: Supplier payment", "Mandate: M-5",
            ]
        ),
        Case(
            testDescription:
                "the client's and the bank's exchange rate, each charge with its bearer",
            example: abroad,
            changes: [
                (order + "ExchangeRateInformation.ExchangeRate", "1.10"),
                (
                    "ExchangeRateInformation",
                    #"""
                    {"UnitCurrency":"GBP","ExchangeRate":"1.0999","RateType":"Actual",
                     "ExpirationDateTime":"2026-11-20T13:00:00Z"}
                    """#
                ),
                (
                    "Charges",
                    #"""
                    [{"Type":"UK.OBIE.CHAPSOut","ChargeBearer":"BorneByDebtor",
                      "Amount":{"Amount":"4.5","Currency":"GBP"}},
                     {"Type":"BANK.Other","ChargeBearer":"BorneByCreditor",
                      "Amount":{"Amount":"0.00","Currency":"USD"}}]
                    """#
                ),
            ],
            shows: [
                "Exchange rate: 1 GBP = 1.10 USD", "Bank’s exchange rate: 1 GBP = 1.0999 USD",
                "Bank’s rate ends: 20 November 2026, 13:00 UTC",
                "Charge: Charge for a CHAPS payment / £4.50 / Paid by you",
                "Who pays the charges: Shared between you and the payee",
            ]
        ),
        Case(
            testDescription: "a rate with an exponent",
            example: abroad,
            changes: [(order + "ExchangeRateInformation.ExchangeRate", "1.2e-7")],
            shows: ["Exchange rate: 1 GBP = 0.00000012 USD"]
        ),
        Case(
            testDescription: "what a payer must know in words",
            example: domestic,
            changes: [
                (
                    "Authorisation",
                    #"{"AuthorisationType":"Any","CompletionDateTime":"2026-11-21T10:00:00Z"}"#
                ),
                (
                    "SCASupportData",
                    #"""
                    {"RequestedSCAExemptionType":"Parking","AppliedAuthenticationApproach":"SCA",
                     "ReferencePaymentOrderId":"O-4"}
                    """#
                ),
                ("PaymentPurposeCode", #""CDCS""#), ("CategoryPurposeCode", #""XYZQ""#),
                ("ContractPresentIndicator", "true"),
                ("BeneficiaryAccountType", #""JointPersonal""#),
                (order + "InstructionPriority", #""Urgent""#),
                (
                    order + "CreditorPostalAddress",
                    #"{"StreetName":"Elm Row","TownName":"Ely","CountrySubDivision":["Cambs"]}"#
                ),
            ],
            shows: [
                "Details for refunds: The app learns the number of your account",
                "Who must approve: One person or several",
                "All approvals needed by: 21 November 2026, 10:00 UTC",
                "Security exemption requested for: Parking",
                "Security check by the app: Customer signed in with two factors",
                "Related earlier payment: O-4", "Contract with the payee: Yes",
                "Purpose stated by the app: Cash withdrawal with a surcharge",
                "Holder of the payee’s account: Several people together", "Priority: Urgent",
                "Payee’s address: Elm Row / Ely / Cambs",
            ]
        ),
        Case(
            testDescription: "schemes by their names, an IBAN with spaces",
            example: domestic,
            changes: [
                (
                    order + "CreditorAccount",
                    #"""
                    {"SchemeName":"IBAN","Identification":"GB29 NWBK 6016 1331 9268 19",
                     "Name":"Hat Shop","SecondaryIdentification":"R-1",
                     "Proxy":{"Identification":"07700900123","Code":"MBNO"}}
                    """#
                ),
                (
                    order + "DebtorAccount",
                    #"{"SchemeName":"UK.OBIE.Paym","Identification":"07700900000"}"#
                ),
            ],
            shows: [
                "Payee’s account: Hat Shop / IBAN GB29 NWBK 6016 1331 9268 19 "
                    + "/ Further reference R-1",
                "Payee’s alias: 07700900123 / Mobile number",
            ]
        ),
        Case(
            testDescription: "a large unknown object, value by value",
            example: domestic,
            changes: [
                (
                    order + "SupplementaryData",
                    #"{"Note":"\#(String(repeating: "n", count: 700))","Deep":{"A":[{"B":7}]}}"#
                )
            ],
            shows: [
                "SupplementaryData.Note: " + String(repeating: "n", count: 700),
                "SupplementaryData.Deep.A.B: 7",
            ]
        ),
        Case(
            testDescription: "a file without number and sum",
            example: file,
            changes: [(order + "ControlSum", "null"), (order + "NumberOfTransactions", "null")],
            shows: ["File name: run 20"]
        ),
        Case(
            testDescription: "leading zeros and a first payment of nothing",
            example: standing,
            changes: [
                (order + "FirstPaymentAmount.Amount", #""0.00""#),
                (order + "RecurringPaymentAmount.Amount", #""0020.5""#),
            ],
            shows: [
                "Amount of the first payment: £0.00", "Amount of regular payments: £20.50",
            ]
        ),
        Case(
            testDescription: "days of the standard's own calendar",
            example: ConsentExample.of(.ukDomesticScheduledPayment),
            changes: [(order + "RequestedExecutionDateTime", #""2027-01-01T00:00:00Z""#)],
            shows: ["Payment date: 1 January 2027"]
        ),
        Case(
            testDescription: "midnight in British summer, written in UTC",
            example: ConsentExample.of(.ukDomesticScheduledPayment),
            changes: [(order + "RequestedExecutionDateTime", #""2027-05-31T23:00:00Z""#)],
            shows: ["Payment date: 1 June 2027"]
        ),
        Case(
            testDescription: "sixteen digits, QR code and municipality in Brasil",
            example: pix,
            changes: [
                ("payment.amount", #""1234567890123456.00""#),
                ("payment.details.qrCode", #""0002012636""#),
            ],
            shows: [
                "Amount: R$1,234,567,890,123,456.00", "QR code: 0002012636",
                "Municipality (IBGE code): 5300108",
            ]
        ),
        Case(
            testDescription: "a Pix that repeats",
            example: pix,
            changes: [
                (
                    "payment.schedule",
                    #"""
                    {"weekly":{"dayOfWeek":"TERCA_FEIRA","startDate":"2026-12-01","quantity":4}}
                    """#
                )
            ],
            shows: [
                "How often: Weekly, on Tuesday", "Date of the first payment: 1 December 2026",
                "Number of payments: 4",
            ]
        ),
        Case(
            testDescription: "several resources of FDX, and who gives the data",
            example: fdx,
            changes: [
                (
                    "parties",
                    #"""
                    [{"name":"First Bank","type":"DATA_PROVIDER"},
                     {"name":"Hub","type":"DATA_ACCESS_PLATFORM","registryName":"GLEIF"},
                     {"name":"Lender","type":"DATA_RECIPIENT"}]
                    """#
                ),
                (
                    "resources",
                    #"""
                    [{"resourceType":"ACCOUNT","dataClusters":["TRANSACTIONS"]},
                     {"resourceType":"CUSTOMER","dataClusters":["CUSTOMER_CONTACT"]},
                     {"resourceType":"ACCOUNT","dataClusters":["STATEMENTS"]}]
                    """#
                ),
            ],
            shows: [
                "Data provider: First Bank", "Shared through: Hub", "Registered with: GLEIF",
                "Data recipient: Lender", "Data: Your customer details", "Permissions: Statements",
            ]
        ),
    ]

    static let unknown: [Case] = [
        Case(
            testDescription: "an unknown frequency",
            example: standing,
            changes: [(order + "Frequency", #""EvryWeek""#)],
            refused: "Initiation.Frequency: unknown code"
        ),
        Case(
            testDescription: "an unknown bearer of charges",
            example: abroad,
            changes: [(order + "ChargeBearer", #""Somebody""#)],
            refused: "Initiation.ChargeBearer: unknown code"
        ),
        Case(
            testDescription: "an unknown priority",
            example: abroad,
            changes: [(order + "InstructionPriority", #""Yesterday""#)],
            refused: "Initiation.InstructionPriority: unknown code"
        ),
        Case(
            testDescription: "an unknown word for the refund account",
            example: domestic,
            changes: [("ReadRefundAccount", #""Perhaps""#)],
            refused: "ReadRefundAccount: unknown code"
        ),
        Case(
            testDescription: "an unknown kind of rate",
            example: abroad,
            changes: [(order + "ExchangeRateInformation.RateType", #""Guess""#)],
            refused: "Initiation.ExchangeRateInformation.RateType: unknown code"
        ),
        Case(
            testDescription: "an unknown payment type in Brasil",
            example: pix,
            changes: [("payment.type", #""BOLETO""#)],
            refused: "payment.type: unknown code"
        ),
        Case(
            testDescription: "an unknown kind of sharing in Australia",
            example: ConsentExample.of(.cdr),
            changes: [("sharing_type", #""forever""#)],
            refused: "sharing_type: unknown code"
        ),
        Case(
            testDescription: "an unknown duration of FDX",
            example: fdx,
            changes: [("durationType", #""ENDLESS""#)],
            refused: "durationType: unknown code"
        ),
        Case(
            testDescription: "an unknown resource of FDX",
            example: fdx,
            changes: [("resources", #"[{"resourceType":"SOUL","dataClusters":["TAX"]}]"#)],
            refused: "resources[0].resourceType: unknown code"
        ),
    ]

    private func answer(_ test: Case) async throws -> (ConsentAnswer, ConsentStage) {
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

    @Test("is shown with everything that a payer must know", arguments: WorldConsentTests.complete)
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
        #expect(!details.contains { $0.contains("{\"") }, "JSON in \(details)")
        // Every label and code has words in every language.
        for language in Language.allCases {
            let other = try ConsentPage(consent, of: login, at: now, language: language).details
            #expect(other.count == details.count)
        }
    }

    @Test(
        "is refused where a value that changes what is approved is unknown",
        arguments: WorldConsentTests.unknown
    )
    func isRefused(_ test: Case) async throws {
        let (answer, stage) = try await answer(test)
        #expect(answer == .unusable(.consentUnusable))
        let said = stage.log.lines.map(\.members).joined()
        #expect(said.contains("\(test.example.member).\(test.refused ?? "")"), "\(said)")
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

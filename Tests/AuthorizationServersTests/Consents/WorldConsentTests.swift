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
                "Document lines: two hats",
            ]
        ),
        Case(
            testDescription: "times of what the bank expects, as days where midnight was sent",
            example: domestic,
            changes: [
                ("ExpectedExecutionDateTime", #""2031-01-01T00:00:00Z""#),
                ("ExpectedSettlementDateTime", #""2031-01-02T00:00:00Z""#),
            ],
            shows: [
                "Expected payment date: 1 January 2031", "Expected settlement date: 2 January 2031",
            ],
            hides: ["DateTime"]
        ),
        Case(
            testDescription: "members of version 4 at other places",
            example: domestic,
            changes: [
                ("BeneficiaryPrepopulatedIndicator", "true"),
                ("MerchantCategoryCode", #""0742""#),
                (order + "ExtendedPurpose", #""Hat for a horse""#),
                (
                    order + "CreditorPostalAddress",
                    #"{"AddressType":"Business","TownName":"Luton"}"#
                ),
                (
                    "RegulatoryReporting",
                    #"""
                    [{"DebitCreditReportingIndicator":"CRED",
                      "Authority":{"Name":"FCA","CountryCode":"GB"},
                      "Details":[{"Type":"T","Code":"C1","Information":["hats"]}]}]
                    """#
                ),
            ],
            shows: [
                "Details of the purpose: Hat for a horse",
                "Reported to an authority: By the payee’s side / FCA / United Kingdom / T / C1 "
                    + "/ hats",
            ],
            hides: [
                "ExtendedPurpose", "RegulatoryReporting", "Prepopulated", "AddressType", "BIZZ",
                "unknown code",
            ]
        ),
        Case(
            testDescription: "dates of version 3 beside a mandate of version 4",
            example: standing,
            changes: [
                (order + "Frequency", "null"),
                (order + "FirstPaymentDateTime", #""2031-01-01T00:00:00Z""#),
                (order + "FinalPaymentDateTime", #""2031-06-01T00:00:00Z""#),
                (order + "MandateRelatedInformation", #"{"Frequency":{"Type":"MNTH"}}"#),
            ],
            shows: [
                "Date of the first payment: 1 January 2031",
                "Date of the last payment: 1 June 2031",
            ],
            hides: ["DateTime"]
        ),
        Case(
            testDescription: "amounts and rates with every digit that says something",
            example: abroad,
            changes: [
                (order + "InstructedAmount", #"{"Amount":"100.50","Currency":"JPY"}"#),
                (
                    order + "ExchangeRateInformation",
                    #"{"UnitCurrency":"GBP","ExchangeRate":1.1,"RateType":"Actual"}"#
                ),
            ],
            shows: ["Amount: ¥100.50", "Exchange rate: 1 GBP = 1.10 USD"]
        ),
        Case(
            testDescription: "parties by what they do",
            example: fdx,
            changes: [
                (
                    "parties",
                    #"""
                    [{"name":"A","type":"DATA_RECIPIENT"},{"name":"B","type":"VENDOR"},
                     {"name":"C","type":"MERCHANT"},{"name":"D","type":"INDIVIDUAL"},
                     {"name":"E","type":"ORACLE"},{"name":"F"},{"type":"ORACLE"}]
                    """#
                )
            ],
            shows: [
                "Data recipient: A", "Service provider: B", "Merchant: C", "Person: D",
                "Other party: E (ORACLE)", "Other party: F", "Other party: ORACLE",
            ],
            hides: ["parties.type"]
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
                    + "/ Floor 2 / 3 Mill Lane / Luton / United Kingdom",
                "Paid on behalf of: Aunt Ann",
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
            testDescription: "misspelt members of the standard's own examples",
            example: abroad,
            changes: [
                (order + "CurrencyOfTransfer", "null"), (order + "CurrencyOfTansfer", #""EUR""#),
                (
                    "DeliveryAddress",
                    #"{"AddressLine":["Flat 7"],"CountySubDivision":["Wessex"],"PostBox":"77"}"#
                ),
            ],
            shows: [
                "Transfer currency: Euro (EUR)", "Delivery address: Flat 7 / PO box 77 / Wessex",
            ]
        ),
        Case(
            testDescription: "documents, addresses and reports of version 4",
            example: abroad,
            changes: [
                (
                    order + "RemittanceInformation",
                    #"""
                    {"Structured":[{"ReferredDocumentAmount":{"Amount":"12.5","Currency":"GBP"},
                      "CreditorReferenceInformation":{"Code":"SCOR","Issuer":"ISO"},
                      "ReferredDocumentInformation":[{"Code":"CREN","Issuer":"Hatters",
                        "RelatedDate":"2026-11-01T00:00:00Z","LineDetails":["two hats","a box"]}],
                      "Invoicer":"Hatters","Invoicee":"Ann","TaxRemittance":"VAT 20 %"}]}
                    """#
                ),
                (
                    order + "RegulatoryReporting",
                    #"""
                    [{"DebitCreditReportingIndicator":"DEBT",
                      "Authority":{"Name":"Customs","CountryCode":"FR"},
                      "Details":[{"Type":"T1","Code":"C9","Date":"2026-11-02","Country":"DE",
                        "Amount":{"Amount":"7.00","Currency":"GBP"},"Information":["hats"]}]}]
                    """#
                ),
                (
                    order + "Creditor.PostalAddress",
                    #"""
                    {"AddressType":"HOME","UnitNumber":"U9","Room":"8","Floor":"2",
                     "PostBox":"PO Box 1"}
                    """#
                ),
                (order + "Creditor.LEI", #""529900T8BM49AURSDO55""#),
            ],
            shows: [
                "Document amount: £12.50", "Reference type: Structured payment reference",
                "Reference issued by: ISO", "Document type: Credit note",
                "Document issued by: Hatters", "Document date: 1 November 2026",
                "Document lines: two hats / a box", "Invoice from: Hatters", "Invoice to: Ann",
                "Tax details: VAT 20 %",
                "Reported to an authority: By the payer’s side / Customs / France / T1 / C9 "
                    + "/ 2 November 2026 / Germany / £7.00 / hats",
                "Payee’s address: Unit U9 / Room 8 / Floor 2 / PO Box 1 / Home address",
                "Payee’s company identifier (LEI): 529900T8BM49AURSDO55",
            ]
        ),
        Case(
            testDescription: "codes of ISO 20022, and of Open Banking without its prefix",
            example: domestic,
            changes: [
                (order + "LocalInstrument", #""FPS""#), ("PaymentPurposeCode", #""HLTI""#),
                ("CategoryPurposeCode", #""GP2P""#),
                (
                    "Charges",
                    #"""
                    [{"Type":"CHAPSOut","ChargeBearer":"Shared",
                      "Amount":{"Amount":"1","Currency":"GBP"}},
                     {"Type":"CLEF","ChargeBearer":"Shared",
                      "Amount":{"Amount":"2","Currency":"GBP"}}]
                    """#
                ),
                (
                    order + "CreditorAccount.Proxy",
                    #"{"Identification":"784-1","Code":"NIDN"}"#
                ),
            ],
            shows: [
                "Payment method: Faster Payments", "Purpose stated by the app: Health insurance",
                "Purpose category stated by the app: Payment between people",
                "Charge: Charge for a CHAPS payment / £1.00 / Shared by you and the payee",
                "Charge: Clearing fee / £2.00 / Shared by you and the payee",
                "Payee’s alias: 784-1 / National identity number",
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
        Case(
            testDescription: "one value in place of a list, and numbers in place of texts",
            example: domestic,
            changes: [
                (order + "InstructedAmount.Amount", "165.880"),
                (
                    order + "RemittanceInformation",
                    #"""
                    {"Reference":["INV-1"],"Unstructured":7001,"Structured":{
                      "CreditorReferenceInformation":{"Reference":["RF-7","RF-8"]},
                      "ReferredDocumentInformation":{"Number":9,"LineDetails":"a hat"}}}
                    """#
                ),
                (
                    "Charges",
                    #"""
                    {"Type":["CHAPSOut"],"ChargeBearer":"Shared",
                     "Amount":{"Amount":4.50,"Currency":"GBP"}}
                    """#
                ),
                ("MerchantCategoryCode", "5967"), ("ContractPresentIndicator", #""true""#),
                (
                    "DeliveryAddress",
                    #"""
                    {"AddressLine":"Flat 7","BuildingNumber":12,"StreetName":["High Street"],
                     "TownName":["London","Islington"],"PostCode":10115,"Floor":2}
                    """#
                ),
            ],
            shows: [
                "Amount: £165.88", "Reference: INV-1", "Message to payee: 7001",
                "Reference: RF-7 / RF-8", "Document number: 9", "Document lines: a hat",
                "Charge: Charge for a CHAPS payment / £4.50 / Shared by you and the payee",
                "Contract with the payee: Yes",
                "Delivery address: Flat 7 / Floor 2 / 12 High Street / London Islington / 10115",
            ]
        ),
        Case(
            testDescription: "a hundred short values of a member that the standard leaves open",
            example: domestic,
            changes: [
                (
                    order + "SupplementaryData",
                    "{" + (1...100).map { "\"N\($0)\":\($0)" }.joined(separator: ",") + "}"
                )
            ],
            shows: ["SupplementaryData.N1: 1", "SupplementaryData.N100: 100"]
        ),
        Case(
            testDescription: "an amount in Brasil as a number",
            example: pix,
            changes: [("payment.amount", "100000.12")],
            shows: ["Amount: R$100,000.12"]
        ),
        Case(
            testDescription: "one permission, resource and party in place of lists",
            example: fdx,
            changes: [
                ("parties", #"{"name":["Lender"]}"#),
                ("resources", #"{"resourceType":"ACCOUNT","dataClusters":"TRANSACTIONS"}"#),
            ],
            shows: ["Other party: Lender"]
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
            testDescription: "two types of one resource of FDX",
            example: fdx,
            changes: [
                (
                    "resources",
                    #"""
                    [{"resourceType":"ACCOUNT","resouceType":"CUSTOMER","dataClusters":["TAX"]}]
                    """#
                )
            ],
            refused: "resources[0].resourceType"
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
        arguments: ["1.5", #""two""#, "-1", "true", "1e-2", "1e99", #""1,000""#, "[1]"]
    )
    func noCounts(_ written: String) async throws {
        let test = Case(
            testDescription: written,
            example: Self.file,
            changes: [(Self.order + "NumberOfTransactions", written)]
        )
        #expect(try await answer(test).0 == .unusable(.consentUnusable))
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

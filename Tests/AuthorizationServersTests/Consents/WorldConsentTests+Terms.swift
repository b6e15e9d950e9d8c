import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// What says when, how often and how much is paid: understood where a standard has it, in agreement
/// with everything else that says so, or refused.
extension WorldConsentTests {
    private static let money = #"{"Amount":"7.00","Currency":"GBP"}"#
    private static let day = #""2026-12-01T00:00:00Z""#
    private static let mandate = #"{"Frequency":{"Type":"MNTH"}}"#

    /// Members of orders that other orders have, with a value of each.
    static let terms: [(name: String, value: String)] = [
        ("Frequency", #""EvryDay""#), ("RecurringPaymentAmount", money),
        ("FirstPaymentAmount", money), ("FinalPaymentAmount", money), ("NumberOfPayments", "12"),
        ("FirstPaymentDateTime", day), ("RecurringPaymentDateTime", day),
        ("FinalPaymentDateTime", day), ("MandateRelatedInformation", mandate),
        ("RequestedExecutionDateTime", day), ("RequestedExecutionDate", day),
        ("frequency", #""daily""#), ("number_of_payments", "3"), ("Amount", money),
        ("Schedule", #"{"daily":{"quantity":3}}"#), ("ControlParameters", #"{"x":[{"y":1}]}"#),
        ("SupplementaryData", #"{"a":[{"RecurringPaymentAmount":{"Amount":"9"}}]}"#),
        ("CreditorAccount.Frequency", #""EvryDay""#), ("recurringConfiguration", #"{"a":1}"#),
        ("InstructedAmount", money), ("ControlSum", "7"), ("NumberOfTransactions", "7"),
        ("CurrencyOfTransfer", #""USD""#),
    ]

    /// Those that a family understands in its order.
    private static func understood(_ kind: Consent.Kind) -> [String] {
        switch kind {
        case .ukDomesticStandingOrder, .ukInternationalStandingOrder:
            [
                "InstructedAmount", "RecurringPaymentAmount", "FirstPaymentAmount",
                "FinalPaymentAmount", "NumberOfPayments", "Frequency", "FirstPaymentDateTime",
                "RecurringPaymentDateTime", "FinalPaymentDateTime", "MandateRelatedInformation",
                "CurrencyOfTransfer",
            ]
        case .ukDomesticScheduledPayment, .ukInternationalScheduledPayment:
            ["InstructedAmount", "RequestedExecutionDateTime", "CurrencyOfTransfer"]
        case .ukDomesticPayment, .ukInternationalPayment:
            ["InstructedAmount", "CurrencyOfTransfer"]
        case .ukFilePayment:
            [
                "RequestedExecutionDateTime", "ControlSum", "NumberOfTransactions",
                "CreditorAccount.Frequency",
            ]
        case .brasilPayment: ["Amount", "Schedule", "CreditorAccount.Frequency"]
        default: []
        }
    }

    private static let payments = ConsentExample.all.filter { $0.kind.isPayment }

    @Test(
        "is refused with a member that says when, how often or how much in another place",
        arguments: payments
    )
    func misplaced(_ example: ConsentExample) async throws {
        let order = example.kind == .brasilPayment ? "payment." : Self.order
        let known = Self.understood(example.kind)
        for (name, value) in Self.terms where !known.contains(name) {
            let test = Case(
                testDescription: name,
                example: example,
                changes: [(order + name, value)]
            )
            let (answer, stage) = try await answer(test)
            #expect(answer == .unusable(.consentUnusable), "\(name)")
            let said = stage.log.lines.map(\.members).joined()
            #expect(said.contains("not understood in this place"), "\(name): \(said)")
        }
    }

    /// Two members for one thing.
    static let contradictory: [Case] =
        [
            (
                "payments each month and each day", standing,
                [(order + "MandateRelatedInformation", mandate)],
                "Initiation.MandateRelatedInformation.Frequency.Type: several values"
            ),
            (
                "payments on different days of the month", standing,
                [
                    (order + "Frequency", #""IntrvlMnthDay:01:05""#),
                    (
                        order + "MandateRelatedInformation",
                        #"{"Frequency":{"Type":"MNTH","PointInTime":"06"}}"#
                    ),
                ],
                "Initiation.MandateRelatedInformation.Frequency.Type: several values"
            ),
            (
                "one payment a day and two", standing,
                [
                    (order + "Frequency", #""EvryDay""#),
                    (
                        order + "MandateRelatedInformation",
                        #"{"Frequency":{"Type":"DAIL","CountPerPeriod":2}}"#
                    ),
                ],
                "Initiation.MandateRelatedInformation.Frequency.Type: several values"
            ),
            (
                "a pattern with a count of its own", standing,
                [
                    (order + "Frequency", "null"),
                    (
                        order + "MandateRelatedInformation",
                        #"{"Frequency":{"Type":"EvryDay","CountPerPeriod":2}}"#
                    ),
                ],
                "Initiation.MandateRelatedInformation.Frequency.Type: several values"
            ),
            (
                "a point of the period that is none", standing,
                [
                    (order + "Frequency", "null"),
                    (
                        order + "MandateRelatedInformation",
                        #"{"Frequency":{"Type":"MNTH","PointInTime":"soon"}}"#
                    ),
                ],
                "Initiation.MandateRelatedInformation.Frequency.PointInTime: unknown code"
            ),
            (
                "an unknown member of a frequency", standing,
                [
                    (order + "Frequency", "null"),
                    (
                        order + "MandateRelatedInformation",
                        #"{"Frequency":{"Type":"MNTH","Every":"3"}}"#
                    ),
                ],
                "Initiation.MandateRelatedInformation.Frequency.Every"
            ),
            (
                "first payments on different days", standing,
                [
                    (order + "Frequency", "null"),
                    (
                        order + "MandateRelatedInformation",
                        #"""
                        {"Frequency":{"Type":"DAIL"},"FirstPaymentDateTime":"2026-12-02T00:00:00Z"}
                        """#
                    ),
                ],
                "first_payment: several values"
            ),
            (
                "different numbers of payments", standing,
                [
                    (order + "Frequency", "null"),
                    (
                        order + "MandateRelatedInformation",
                        #"{"Frequency":{"Type":"DAIL"},"NumberOfPayments":"13"}"#
                    ),
                ],
                "number_of_payments: several values"
            ),
            (
                "an amount beside other amounts", standing, [(order + "InstructedAmount", money)],
                "Initiation.InstructedAmount: several values"
            ),
            (
                "regular payments of another amount",
                ConsentExample.of(.ukInternationalStandingOrder),
                [(order + "RecurringPaymentAmount", money)],
                "Initiation.InstructedAmount: several values"
            ),
            (
                "a first payment of another amount",
                ConsentExample.of(.ukInternationalStandingOrder),
                [(order + "FirstPaymentAmount", money)],
                "Initiation.InstructedAmount: several values"
            ),
            (
                "two spellings of the currency", abroad,
                [(order + "CurrencyOfTansfer", #""EUR""#)], "transfer_currency: several values"
            ),
            (
                "two spellings of the payee’s bank", abroad,
                [(order + "CreditAgent", #"{"Identification":"OTHRUS3N"}"#)],
                "payee_bank: several values"
            ),
            (
                "two addresses of the payee", abroad,
                [(order + "CreditorPostalAddress", #"{"TownName":"Austin"}"#)],
                "payee_address: several values"
            ),
            (
                "two days of one payment in Brasil", pix,
                [("payment.date", #""2026-12-25""#)], "execution_date: several values"
            ),
            (
                "two schedules in Brasil", pix,
                [
                    (
                        "payment.schedule",
                        #"""
                        {"single":{"date":"2026-12-24"},
                         "daily":{"startDate":"2026-12-24","quantity":3}}
                        """#
                    )
                ], "payment.schedule: several values"
            ),
            (
                "the end of a schedule in Brasil", pix,
                [
                    (
                        "payment.schedule",
                        #"{"daily":{"startDate":"2026-12-24","quantity":3,"endDate":"2027-01-01"}}"#
                    )
                ], "payment.schedule.daily.endDate"
            ),
            (
                "two municipalities in Brasil", pix, [("ibgeTownCode", #""1100015""#)],
                "ibgeTownCode: several values"
            ),
            (
                "two users in Brasil", ConsentExample.of(.brasilData),
                [
                    (
                        "loggedUser",
                        #"{"document":{"identification":"11144477735","rel":"CPF"}}"#
                    )
                ], "person_document: several values"
            ),
            (
                "two lists of permissions in Saudi Arabia", ConsentExample.of(.ksa),
                [
                    ("permissions", #"["ReadBalances"]"#),
                    ("Permissions", #"["ReadBalances","ReadPAN"]"#),
                ], "Permissions: several values"
            ),
            (
                "two numbers of one party of FDX", fdx,
                [
                    (
                        "parties",
                        #"""
                        [{"name":"A","registeredEntityId":"1","registeredEntityIdentifier":"2"}]
                        """#
                    )
                ], "parties[0].registeredEntityId: several values"
            ),
        ].map { name, example, changes, refused in
            Case(testDescription: name, example: example, changes: changes, refused: refused)
        }

    @Test(
        "has in Brasil a document with exactly the digits of its type, or is refused",
        arguments: [
            ("CPF", #""11144477735""#, "CPF 11144477735"),
            ("CPF", #""111.444.777-35""#, "CPF 11144477735"),
            ("CPF", #""111444777-35""#, "CPF 11144477735"),
            ("CPF", "11144477735", "CPF 11144477735"),
            (nil, #""11144477735""#, "CPF 11144477735"),
            ("CNPJ", #""12345678000195""#, "CNPJ 12345678000195"),
            ("CNPJ", #""12.abc.345/01DE-35""#, "CNPJ 12ABC34501DE35"),
            (nil, #""12.345.678/0001-95""#, "CNPJ 12345678000195"),
            ("CPF", #""1144477735""#, nil), ("CPF", "1144477735", nil),
            ("CPF", #""111444777350""#, nil), ("CPF", #""12345678000195""#, nil),
            ("CPF", #""1114447773X""#, nil), ("CPF", #""11144477735 ""#, nil),
            ("CPF", #""1-1144477735""#, nil), ("CPF", #""111..444.777-35""#, nil),
            ("CPF", #""111.444.777/35""#, nil), ("CPF", #""11144477735-""#, nil),
            ("CNPJ", #""11144477735""#, nil), ("CNPJ", #""2345678000195""#, nil),
            ("CNPJ", #""12345678-000195""#, nil), (nil, #""1144477735""#, nil),
            ("RG", #""11144477735""#, nil), ("cnpj", #""12345678000195""#, nil),
        ] as [(String?, String, String?)]
    )
    func document(_ type: String?, _ number: String, _ text: String?) async throws {
        let rel = type.map { #","rel":"\#($0)""# } ?? ""
        let document = #"{"identification":\#(number)\#(rel)}"#
        for (example, member, label) in [
            (ConsentExample.of(.brasilData), "document", Fact.Known.personDocument),
            (Self.pix, "loggedUser", .personDocument),
            (Self.pix, "businessEntity", .businessDocument),
        ] {
            let value = member == "document" ? document : #"{"document":\#(document)}"#
            let test = Case(
                testDescription: member,
                example: example,
                changes: [(member, value)]
            )
            let (answer, stage) = try await answer(test)
            if let text {
                guard case .consent(let consent) = answer else {
                    Issue.record("\(member): \(answer)")
                    continue
                }
                #expect(consent.first(label) == .text(text))
                let document = try #require(Consent.document(in: text))
                for known in [[], [document]] as [Set] {
                    let details = try ConsentPage(
                        consent,
                        of: stage.login(example.details),
                        at: stage.clock.now(),
                        documents: known
                    ).details
                    let name =
                        document.isCompany
                        ? "Company’s CNPJ: " : known.isEmpty ? "CPF: " : "Your CPF: "
                    #expect(details.contains { $0.hasPrefix(name) }, "\(details)")
                }
            } else {
                #expect(answer == .unusable(.consentUnusable), "\(member)")
            }
        }
    }

    /// The same with one value, which is shown once.
    static let agreeing: [Case] = [
        Case(
            testDescription: "a frequency and dates of both versions",
            example: standing,
            changes: [
                (order + "Frequency", #""IntrvlMnthDay:01:05""#),
                (
                    order + "MandateRelatedInformation",
                    #"""
                    {"Frequency":{"Type":"MNTH","CountPerPeriod":1,"PointInTime":"05"},
                     "FirstPaymentDateTime":"2026-12-01","NumberOfPayments":12}
                    """#
                ),
            ],
            shows: [
                "How often: Monthly, on the 5th",
                "Date of the first payment: 1 December 2026", "Number of payments: 12",
            ],
            hides: ["Every month"]
        ),
        Case(
            testDescription: "a pattern of version 3 in a mandate",
            example: standing,
            changes: [
                (order + "Frequency", "null"),
                (
                    order + "MandateRelatedInformation",
                    #"{"Frequency":{"Type":"IntrvlWkDay:01:03"}}"#
                ),
            ],
            shows: ["How often: Weekly, on Wednesday"]
        ),
        Case(
            testDescription: "a mandate without a frequency of its own",
            example: standing,
            changes: [(order + "MandateRelatedInformation", #"{"Reason":"rent"}"#)],
            shows: ["How often: Every working day", "Reason for the payments: rent"]
        ),
        Case(
            testDescription: "one amount of all payments, written twice",
            example: ConsentExample.of(.ukInternationalStandingOrder),
            changes: [
                (order + "RecurringPaymentAmount", #"{"Amount":"165.880","Currency":"GBP"}"#)
            ],
            shows: ["Amount: £165.88"],
            hides: ["Amount of regular payments"]
        ),
        Case(
            testDescription: "one currency in two spellings",
            example: abroad,
            changes: [(order + "CurrencyOfTansfer", #""USD""#)],
            shows: ["Transfer currency: US Dollar (USD)"]
        ),
        Case(
            testDescription: "one day of a payment in Brasil, written twice",
            example: pix,
            changes: [("payment.date", #""2026-12-24""#)],
            shows: ["Payment date: 24 December 2026"]
        ),
    ]
}

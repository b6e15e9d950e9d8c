import TestSupport

@testable import AuthorizationServers

/// Open Banking UK.
extension WorldConsentTests {
    static let ofUK: [Case] = [
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
            testDescription: "codes that Open Banking adds to those of ISO 20022",
            example: standing,
            changes: [
                (order + "Frequency", "null"), (order + "FirstPaymentDateTime", "null"),
                (order + "FinalPaymentDateTime", "null"), (order + "NumberOfPayments", "null"),
                (
                    order + "MandateRelatedInformation",
                    #"""
                    {"FirstPaymentDateTime":"2027-06-30T23:30:00Z",
                     "Frequency":{"Type":"FOWK"}}
                    """#
                ),
                (
                    order + "CreditorPostalAddress",
                    #"{"AddressType":"Statement","TownName":"Ely"}"#
                ),
                ("BeneficiaryAccountType", #""Pension""#),
            ],
            shows: [
                "How often: Every four weeks", "Type of the payee’s account: Pension account",
                "Payee’s address: Ely / Address for statements",
            ],
            hides: ["unknown code"]
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
                "Type of the payee’s account: Joint personal account", "Priority: Urgent",
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
    ]
}

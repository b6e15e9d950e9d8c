import TestSupport

@testable import AuthorizationServers

/// Other standards, and values that nobody knows.
extension WorldConsentTests {
    static let ofOthers: [Case] = [
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
        Case(
            testDescription: "no permissions in Saudi Arabia",
            example: ConsentExample.of(.ksa),
            changes: [("permissions", "[]"), ("Permissions", #"[""]"#)],
            hides: ["ermissions"]
        ),
    ]

    static let unknown: [Case] = [
        Case(
            testDescription: "an unknown currency of the amount",
            example: domestic,
            changes: [(order + "InstructedAmount.Currency", #""XQQ""#)],
            refused: "Initiation.InstructedAmount.Currency: unknown code"
        ),
        Case(
            testDescription: "an unknown currency of the transfer",
            example: abroad,
            changes: [(order + "CurrencyOfTransfer", #""usd""#)],
            refused: "Initiation.CurrencyOfTransfer: unknown code"
        ),
        Case(
            testDescription: "an unknown currency of the rate",
            example: abroad,
            changes: [(order + "ExchangeRateInformation.UnitCurrency", #""POUND""#)],
            refused: "Initiation.ExchangeRateInformation.UnitCurrency: unknown code"
        ),
        Case(
            testDescription: "an unknown country that the money goes to",
            example: abroad,
            changes: [(order + "DestinationCountryCode", #""ZZ""#)],
            refused: "Initiation.DestinationCountryCode: unknown code"
        ),
        Case(
            testDescription: "an unknown kind of payee in Brasil",
            example: pix,
            changes: [("creditor.personType", #""PESSOA_DIGITAL""#)],
            refused: "creditor.personType: unknown code"
        ),
        Case(
            testDescription: "a permission of Saudi Arabia that nobody has words for",
            example: ConsentExample.of(.ksa),
            changes: [("permissions", #"["ReadBalances","ReadMinds"]"#)],
            refused: "permissions: unknown code"
        ),
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
}

/// What third parties lodge, family by family, as far as the standards make it binding and ACP shows
/// it again. A member that is not here is refused.
extension ConsentFamily {
    /// The whole body of the lodging call.
    var lodged: Shape {
        switch self {
        case .accountAccess: UKShapes.accountAccess
        case .domesticPayment: UKShapes.payment(UKShapes.domestic)
        case .domesticScheduledPayment:
            UKShapes.payment(
                UKShapes.domestic + [.must("RequestedExecutionDateTime", .moment)],
                permission: true
            )
        case .domesticStandingOrder:
            UKShapes.payment(UKShapes.domesticStandingOrder, permission: true)
        case .filePayment: UKShapes.file
        case .internationalPayment: UKShapes.payment(UKShapes.international)
        case .internationalScheduledPayment:
            UKShapes.payment(
                UKShapes.international + [.must("RequestedExecutionDateTime", .moment)],
                permission: true
            )
        case .internationalStandingOrder:
            UKShapes.payment(UKShapes.internationalStandingOrder, permission: true)
        case .fundsConfirmation: UKShapes.fundsConfirmation
        case .variableRecurringPayment: UKShapes.variableRecurringPayment
        case .brasilData: BrasilShapes.data
        case .brasilPaymentV1: BrasilShapes.payment(version: 1)
        case .brasilPaymentV2: BrasilShapes.payment(version: 2)
        case .brasilPaymentV3: BrasilShapes.payment(version: 3)
        case .brasilPaymentV4: BrasilShapes.payment(version: 4)
        case .fdx: OtherShapes.fdx
        case .cdr: OtherShapes.cdr
        case .ksa: OtherShapes.ksa
        }
    }
}

/// Open Banking UK read-write data API 3.1.
enum UKShapes {
    static let amount = Shape.object([
        .must("Amount", .amount(whole: 1...13, fraction: 0...5)), .must("Currency", .currency),
    ])

    private static let account = Shape.object([
        .must("SchemeName", .text(1...40)), .must("Identification", .text(1...256)),
        .may("Name", .text(1...350)), .may("SecondaryIdentification", .text(1...34)),
    ])
    private static let namedAccount = Shape.object([
        .must("SchemeName", .text(1...40)), .must("Identification", .text(1...256)),
        .must("Name", .text(1...350)), .may("SecondaryIdentification", .text(1...34)),
    ])
    private static let address = Shape.object([
        .may("AddressType", .text(1...20)), .may("AddressLine", .list(.text(1...70), 1...7)),
        .may("StreetName", .text(1...70)), .may("BuildingNumber", .text(1...16)),
        .may("PostCode", .text(1...16)), .may("TownName", .text(1...35)),
        .may("CountrySubDivision", .text(1...35)),
        .may("Country", .text(2...2)),
    ])
    private static let remittance = Shape.object([
        .may("Unstructured", .text(1...140)), .may("Reference", .text(1...35)),
    ])
    private static let agent = Shape.object([
        .may("SchemeName", .text(1...40)), .may("Identification", .text(1...35)),
        .may("Name", .text(1...140)), .may("PostalAddress", address),
    ])
    private static let deliveryAddress = Shape.object([
        .may("AddressLine", .list(.text(1...70), 1...2)), .may("StreetName", .text(1...70)),
        .may("BuildingNumber", .text(1...16)), .may("PostCode", .text(1...16)),
        .must("TownName", .text(1...35)), .may("CountrySubDivision", .text(1...35)),
        .must("Country", .text(2...2)),
    ])
    private static let risk = Shape.object([
        .may(
            "PaymentContextCode",
            .oneOf([
                "BillPayment", "EcommerceGoods", "EcommerceServices", "Other", "PartyToParty",
                "PayeeKnown", "TransferToSelf",
            ])
        ),
        .may("MerchantCategoryCode", .text(3...4)),
        .may("MerchantCustomerIdentification", .text(1...70)),
        .may("DeliveryAddress", deliveryAddress),
    ])

    private static let permissions = [
        "ReadAccountsBasic", "ReadAccountsDetail", "ReadBalances", "ReadBeneficiariesBasic",
        "ReadBeneficiariesDetail", "ReadDirectDebits", "ReadOffers", "ReadPAN", "ReadParty",
        "ReadPartyPSU", "ReadProducts", "ReadScheduledPaymentsBasic",
        "ReadScheduledPaymentsDetail", "ReadStandingOrdersBasic", "ReadStandingOrdersDetail",
        "ReadStatementsBasic", "ReadStatementsDetail", "ReadTransactionsBasic",
        "ReadTransactionsCredits", "ReadTransactionsDebits", "ReadTransactionsDetail",
    ]

    static let accountAccess = Shape.object([
        .must(
            "Data",
            .object([
                .must("Permissions", .list(.oneOf(permissions), 1...permissions.count)),
                .may("ExpirationDateTime", .moment), .may("TransactionFromDateTime", .moment),
                .may("TransactionToDateTime", .moment),
            ])
        ), .must("Risk", .object([])),
    ])

    static let domestic: [Shape.Member] = [
        .must("InstructionIdentification", .text(1...35)),
        .may("EndToEndIdentification", .text(1...35)), .may("LocalInstrument", .text(1...50)),
        .must("InstructedAmount", amount), .may("DebtorAccount", account),
        .must("CreditorAccount", namedAccount), .may("CreditorPostalAddress", address),
        .may("RemittanceInformation", remittance),
    ]

    static let domesticStandingOrder: [Shape.Member] = [
        .must("Frequency", .text(1...35)), .may("Reference", .text(1...35)),
        .may("NumberOfPayments", .digits(1...35)), .must("FirstPaymentDateTime", .moment),
        .may("RecurringPaymentDateTime", .moment), .may("FinalPaymentDateTime", .moment),
        .must("FirstPaymentAmount", amount), .may("RecurringPaymentAmount", amount),
        .may("FinalPaymentAmount", amount), .may("DebtorAccount", account),
        .must("CreditorAccount", namedAccount),
    ]

    private static let abroad: [Shape.Member] = [
        .may("Purpose", .text(1...35)), .may("ExtendedPurpose", .text(1...140)),
        .may(
            "ChargeBearer",
            .oneOf(["BorneByCreditor", "BorneByDebtor", "FollowingServiceLevel", "Shared"])
        ), .must("CurrencyOfTransfer", .currency), .may("DestinationCountryCode", .text(2...2)),
        .may("DebtorAccount", account),
        .may("Creditor", .object([.may("Name", .text(1...350)), .may("PostalAddress", address)])),
        .may("CreditorAgent", agent), .must("CreditorAccount", namedAccount),
    ]

    static let international: [Shape.Member] =
        [
            .must("InstructionIdentification", .text(1...35)),
            .may("EndToEndIdentification", .text(1...35)),
            .may("LocalInstrument", .text(1...50)),
            .may("InstructionPriority", .oneOf(["Normal", "Urgent"])),
            .must("InstructedAmount", amount),
            .may(
                "ExchangeRateInformation",
                .object([
                    .must("UnitCurrency", .currency), .may("ExchangeRate", .number),
                    .must("RateType", .oneOf(["Actual", "Agreed", "Indicative"])),
                    .may("ContractIdentification", .text(1...256)),
                ])
            ), .may("RemittanceInformation", remittance),
        ] + abroad

    static let internationalStandingOrder: [Shape.Member] =
        [
            .must("Frequency", .text(1...35)), .may("Reference", .text(1...35)),
            .may("NumberOfPayments", .digits(1...35)), .must("FirstPaymentDateTime", .moment),
            .may("FinalPaymentDateTime", .moment), .must("InstructedAmount", amount),
        ] + abroad

    static func payment(_ initiation: [Shape.Member], permission: Bool = false) -> Shape {
        .object([
            .must(
                "Data",
                .object(
                    (permission ? [.must("Permission", .oneOf(["Create"]))] : [])
                        + [.must("Initiation", .object(initiation))]
                )
            ), .must("Risk", risk),
        ])
    }

    static let file = Shape.object([
        .must(
            "Data",
            .object([
                .must(
                    "Initiation",
                    .object([
                        .must("FileType", .text(1...40)), .must("FileHash", .text(1...44)),
                        .may("FileReference", .text(1...40)),
                        .may("NumberOfTransactions", .digits(1...15)), .may("ControlSum", .number),
                        .may("RequestedExecutionDateTime", .moment),
                        .may("LocalInstrument", .text(1...50)), .may("DebtorAccount", account),
                        .may("RemittanceInformation", remittance),
                    ])
                )
            ])
        )
    ])

    static let fundsConfirmation = Shape.object([
        .must(
            "Data",
            .object([.may("ExpirationDateTime", .moment), .must("DebtorAccount", account)])
        )
    ])

    static let variableRecurringPayment = Shape.object([
        .must(
            "Data",
            .object([
                .may("ReadRefundAccount", .oneOf(["Yes", "No"])),
                .must(
                    "ControlParameters",
                    .object([
                        .must("VRPType", .list(.text(1...40), 1...4)),
                        .must("PSUAuthenticationMethods", .list(.text(1...60), 1...4)),
                        .may("ValidFromDateTime", .moment), .may("ValidToDateTime", .moment),
                        .must("MaximumIndividualAmount", amount),
                        .must(
                            "PeriodicLimits",
                            .list(
                                .object([
                                    .must("PeriodType", .text(1...40)),
                                    .must("PeriodAlignment", .oneOf(["Calendar", "Consent"])),
                                    .must("Amount", .amount(whole: 1...13, fraction: 0...5)),
                                    .must("Currency", .currency),
                                ]),
                                1...6
                            )
                        ),
                    ])
                ),
                .must(
                    "Initiation",
                    .object([
                        .may("DebtorAccount", account), .must("CreditorAccount", namedAccount),
                        .may("RemittanceInformation", remittance),
                    ])
                ),
            ])
        ), .must("Risk", risk),
    ])
}

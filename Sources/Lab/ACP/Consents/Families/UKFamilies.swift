import HTTP
import JSON

/// Open Banking UK, read-write data API 3.1.
extension ConsentFamily {
    static let ukFamilies: [ConsentFamily] = [
        accountAccess, domesticPayment, domesticScheduledPayment, domesticStandingOrder,
        filePayment, internationalPayment, internationalScheduledPayment,
        internationalStandingOrder, fundsConfirmation, variableRecurringPayment,
    ]

    static let accountAccess: ConsentFamily = uk(
        "account-access",
        below: "aisp",
        scope: "accounts",
        idPrefix: "aac-",
        UKShapes.accountAccess,
        choice: .accounts,
        amounts: [Detail(path: ["Permissions"], changed: .texts(["ReadPAN", "ReadBalances"]))]
    )
    static let domesticPayment: ConsentFamily = uk(
        "domestic-payment",
        idPrefix: "pdc-",
        UKShapes.payment(UKShapes.domestic)
    )
    static let domesticScheduledPayment: ConsentFamily = uk(
        "domestic-scheduled-payment",
        idPrefix: "pdsc-",
        UKShapes.payment(
            UKShapes.domestic + [.must("RequestedExecutionDateTime", .moment)],
            permission: true
        )
    )
    static let domesticStandingOrder: ConsentFamily = uk(
        "domestic-standing-order",
        idPrefix: "pdsoc-",
        UKShapes.payment(UKShapes.domesticStandingOrder, permission: true)
    )
    static let filePayment: ConsentFamily = uk("file-payment", idPrefix: "pfc-", UKShapes.file)
    static let internationalPayment: ConsentFamily = uk(
        "international-payment",
        idPrefix: "pic-",
        UKShapes.payment(UKShapes.international),
        charges: abroad
    )
    static let internationalScheduledPayment: ConsentFamily = uk(
        "international-scheduled-payment",
        idPrefix: "pisc-",
        UKShapes.payment(
            UKShapes.international + [.must("RequestedExecutionDateTime", .moment)],
            permission: true
        ),
        charges: abroad
    )
    static let internationalStandingOrder: ConsentFamily = uk(
        "international-standing-order",
        idPrefix: "pisoc-",
        UKShapes.payment(UKShapes.internationalStandingOrder, permission: true),
        charges: abroad
    )
    static let fundsConfirmation: ConsentFamily = uk(
        "funds-confirmation",
        below: "cbpii",
        scope: "fundsconfirmations",
        idPrefix: "fcc-",
        UKShapes.fundsConfirmation,
        choice: .nothing
    )
    static let variableRecurringPayment: ConsentFamily = uk(
        "domestic-vrp",
        idPrefix: "vrp-",
        UKShapes.variableRecurringPayment,
        choice: .nothing
    )

    /// A family whose addresses and names follow from one word. The System API cannot show those
    /// with nothing to choose.
    private static func uk(
        _ word: String,
        below interface: String = "pisp",
        scope: String = "payments",
        idPrefix: String,
        _ lodged: Shape,
        choice: Choice = .payer,
        charges: JSONValue? = nil,
        amounts: [Detail] = payment
    ) -> ConsentFamily {
        let type = word.replacing("-", with: "_")
        let isShown = choice != .nothing
        return ConsentFamily(
            name: "obuk." + type,
            standard: .uk,
            lodged: lodged,
            lodging: "/open-banking/v3.1/\(interface)/\(word)-consents",
            scope: scope,
            idPrefix: idPrefix,
            page: isShown ? "/open-banking/\(word)-consent" : nil,
            type: isShown ? type : nil,
            member: type + "_consent",
            choice: choice,
            charges: charges,
            amounts: amounts,
            payees: [
                Detail(
                    path: ["Initiation", "CreditorAccount", "Name"],
                    changed: .string("Somebody Else")
                )
            ]
        )
    }

    private static let payment: [Detail] = [
        Detail(
            path: ["Initiation", "InstructedAmount", "Amount"],
            changed: .string("9999.99")
        ),
        Detail(
            path: ["Initiation", "FirstPaymentAmount", "Amount"],
            changed: .string("9999.99")
        ),
        Detail(path: ["Initiation", "FileHash"], changed: .string("another file")),
    ]

    private static let abroad: JSONValue = JSONValue.members([
        "Charges": .array([
            .members([
                "ChargeBearer": .string("BorneByDebtor"), "Type": .string("UK.OBIE.CHAPSOut"),
                "Amount": .members(["Amount": .string("4.50"), "Currency": .string("GBP")]),
            ])
        ])
    ])
}

extension ConsentFamily.Standard {
    fileprivate static let uk: ConsentFamily.Standard = .init(
        content: { consent, _, now in
            JSONValue.members([
                "ConsentId": .string(consent.id), "Status": .string(consent.statusText(at: now)),
                "CreationDateTime": .moment(consent.created),
                "StatusUpdateDateTime": .moment(consent.statusMoment(at: now)),
            ])
            .joined(consent.lodged["Data"]).joined(consent.family.charges)
            .joined(consent.lodged["Risk"])
        },
        own: { consent, configuration, now in
            let risk = consent.lodged["Risk"]
            let names = Set(risk?.object?.members.map(\.name) ?? [])
            let content = consent.family.standard.content(consent, configuration, now)
            return .members([
                "Data": content.without(names), "Risk": risk, "Links": .members([:]),
                "Meta": .members([:]),
            ])
        },
        reference: { [Field("scope", $0), Field("openbanking_intent_id", $1)] },
        hasIntentID: true
    )
}

private enum UKShapes {
    fileprivate static let amount = Shape.object([
        .must("Amount", .amount(whole: 1...13, fraction: 0...5)), .must("Currency", .currency),
    ])

    fileprivate static let account = Shape.object([
        .must("SchemeName", .text(1...40)), .must("Identification", .text(1...256)),
        .may("Name", .text(1...350)), .may("SecondaryIdentification", .text(1...34)),
    ])
    fileprivate static let namedAccount = Shape.object([
        .must("SchemeName", .text(1...40)), .must("Identification", .text(1...256)),
        .must("Name", .text(1...350)), .may("SecondaryIdentification", .text(1...34)),
    ])
    fileprivate static let address = Shape.object([
        .may("AddressType", .text(1...20)), .may("AddressLine", .list(.text(1...70), 1...7)),
        .may("StreetName", .text(1...70)), .may("BuildingNumber", .text(1...16)),
        .may("PostCode", .text(1...16)), .may("TownName", .text(1...35)),
        .may("CountrySubDivision", .text(1...35)),
        .may("Country", .text(2...2)),
    ])
    fileprivate static let remittance = Shape.object([
        .may("Unstructured", .text(1...140)), .may("Reference", .text(1...35)),
    ])
    fileprivate static let agent = Shape.object([
        .may("SchemeName", .text(1...40)), .may("Identification", .text(1...35)),
        .may("Name", .text(1...140)), .may("PostalAddress", address),
    ])
    fileprivate static let deliveryAddress = Shape.object([
        .may("AddressLine", .list(.text(1...70), 1...2)), .may("StreetName", .text(1...70)),
        .may("BuildingNumber", .text(1...16)), .may("PostCode", .text(1...16)),
        .must("TownName", .text(1...35)), .may("CountrySubDivision", .text(1...35)),
        .must("Country", .text(2...2)),
    ])
    fileprivate static let risk = Shape.object([
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

    fileprivate static let permissions = [
        "ReadAccountsBasic", "ReadAccountsDetail", "ReadBalances", "ReadBeneficiariesBasic",
        "ReadBeneficiariesDetail", "ReadDirectDebits", "ReadOffers", "ReadPAN", "ReadParty",
        "ReadPartyPSU", "ReadProducts", "ReadScheduledPaymentsBasic",
        "ReadScheduledPaymentsDetail", "ReadStandingOrdersBasic", "ReadStandingOrdersDetail",
        "ReadStatementsBasic", "ReadStatementsDetail", "ReadTransactionsBasic",
        "ReadTransactionsCredits", "ReadTransactionsDebits", "ReadTransactionsDetail",
    ]

    fileprivate static let accountAccess = Shape.object([
        .must(
            "Data",
            .object([
                .must("Permissions", .list(.oneOf(permissions), 1...permissions.count)),
                .may("ExpirationDateTime", .moment), .may("TransactionFromDateTime", .moment),
                .may("TransactionToDateTime", .moment),
            ])
        ), .must("Risk", .object([])),
    ])

    fileprivate static let domestic: [Shape.Member] = [
        .must("InstructionIdentification", .text(1...35)),
        .may("EndToEndIdentification", .text(1...35)), .may("LocalInstrument", .text(1...50)),
        .must("InstructedAmount", amount), .may("DebtorAccount", account),
        .must("CreditorAccount", namedAccount), .may("CreditorPostalAddress", address),
        .may("RemittanceInformation", remittance),
    ]

    fileprivate static let domesticStandingOrder: [Shape.Member] = [
        .must("Frequency", .text(1...35)), .may("Reference", .text(1...35)),
        .may("NumberOfPayments", .digits(1...35)), .must("FirstPaymentDateTime", .moment),
        .may("RecurringPaymentDateTime", .moment), .may("FinalPaymentDateTime", .moment),
        .must("FirstPaymentAmount", amount), .may("RecurringPaymentAmount", amount),
        .may("FinalPaymentAmount", amount), .may("DebtorAccount", account),
        .must("CreditorAccount", namedAccount),
    ]

    fileprivate static let abroad: [Shape.Member] = [
        .may("Purpose", .text(1...35)), .may("ExtendedPurpose", .text(1...140)),
        .may(
            "ChargeBearer",
            .oneOf(["BorneByCreditor", "BorneByDebtor", "FollowingServiceLevel", "Shared"])
        ), .must("CurrencyOfTransfer", .currency), .may("DestinationCountryCode", .text(2...2)),
        .may("DebtorAccount", account),
        .may("Creditor", .object([.may("Name", .text(1...350)), .may("PostalAddress", address)])),
        .may("CreditorAgent", agent), .must("CreditorAccount", namedAccount),
    ]

    fileprivate static let international: [Shape.Member] =
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

    fileprivate static let internationalStandingOrder: [Shape.Member] =
        [
            .must("Frequency", .text(1...35)), .may("Reference", .text(1...35)),
            .may("NumberOfPayments", .digits(1...35)), .must("FirstPaymentDateTime", .moment),
            .may("FinalPaymentDateTime", .moment), .must("InstructedAmount", amount),
        ] + abroad

    fileprivate static func payment(_ initiation: [Shape.Member], permission: Bool = false) -> Shape
    {
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

    fileprivate static let file = Shape.object([
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

    fileprivate static let fundsConfirmation = Shape.object([
        .must(
            "Data",
            .object([.may("ExpirationDateTime", .moment), .must("DebtorAccount", account)])
        )
    ])

    fileprivate static let variableRecurringPayment = Shape.object([
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

extension DemoExample {
    static let ukPayment = DemoExample(
        id: "domestic-payment",
        title: "Payment in the UK: £165.88 to a shop",
        family: .domesticPayment,
        scopes: ["openid", "payments"],
        message: "Order 84-20",
        body: #"""
            {"Data":{"Initiation":{"InstructionIdentification":"ORDER-8420",
            "EndToEndIdentification":"WF-2026-8420",
            "InstructedAmount":{"Amount":"165.88","Currency":"GBP"},
            "CreditorAccount":{"SchemeName":"UK.OBIE.SortCodeAccountNumber",
            "Identification":"08080021325698","Name":"Willow & Fern Ltd"},
            "RemittanceInformation":{"Reference":"INV-1042","Unstructured":"Garden chairs"}}},
            "Risk":{"PaymentContextCode":"EcommerceGoods","MerchantCategoryCode":"5712",
            "DeliveryAddress":{"AddressLine":["Flat 7"],"StreetName":"Acacia Avenue",
            "BuildingNumber":"27","PostCode":"GU31 2ZZ","TownName":"Sparsholt",
            "Country":"GB"}}}
            """#
    )

    static let ukStandingOrder = DemoExample(
        id: "standing-order",
        title: "Standing order in the UK: £50 a month",
        family: .domesticStandingOrder,
        scopes: ["openid", "payments"],
        message: "Monthly gift",
        body: #"""
            {"Data":{"Permission":"Create","Initiation":{"Frequency":"IntrvlMnthDay:01:01",
            "Reference":"Monthly gift","NumberOfPayments":"12",
            "FirstPaymentDateTime":"{soon}T00:00:00Z",
            "FirstPaymentAmount":{"Amount":"50.00","Currency":"GBP"},
            "RecurringPaymentAmount":{"Amount":"50.00","Currency":"GBP"},
            "CreditorAccount":{"SchemeName":"UK.OBIE.SortCodeAccountNumber",
            "Identification":"23605490179017","Name":"Harbour Lifeboat Trust"}}},
            "Risk":{"PaymentContextCode":"Other"}}
            """#
    )

    static let ukAccounts = DemoExample(
        id: "account-access",
        title: "Account access in the UK: a budgeting app",
        family: .accountAccess,
        scopes: ["openid", "accounts"],
        message: "Connect Pennywise",
        body: #"""
            {"Data":{"Permissions":["ReadAccountsDetail","ReadBalances",
            "ReadTransactionsDetail","ReadTransactionsCredits","ReadTransactionsDebits",
            "ReadStandingOrdersDetail"],"ExpirationDateTime":"{year}T00:00:00Z"},"Risk":{}}
            """#
    )
}

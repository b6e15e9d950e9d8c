import HTTP
import JSON

/// Open Finance Brasil: data consents 2, payments 1 to 4.
extension ConsentFamily {
    static let brasilFamilies: [ConsentFamily] =
        [brasilData, brasilPaymentV3] + [1, 2, 4].map { brasilPayment(version: $0) }

    static let brasilPaymentV3: ConsentFamily = brasilPayment(version: 3)

    static let brasilData: ConsentFamily = .init(
        name: "obbr.data",
        standard: .brasil,
        lodged: BrasilShapes.data,
        lodging: "/open-banking/consents/v2/consents",
        idPrefix: "urn:TENANT:C1DD",
        page: "/open-banking-brasil/consent",
        type: "consents",
        member: "customer_data_access_consent",
        choice: .accounts,
        amounts: [Detail(path: ["permissions"], changed: .texts(["LOANS_READ"]))]
    )

    /// All versions that can be shown are decided at the address of the first. Version 4 cannot.
    private static func brasilPayment(version: Int) -> ConsentFamily {
        let first = "/open-banking-brasil/payment"
        let isShown = version < 4
        return ConsentFamily(
            name: "obbr.payment_v\(version)",
            standard: .brasil,
            lodged: BrasilShapes.payment(version: version),
            lodging: "/open-banking/payments/v\(version)/consents",
            scope: "payments",
            idPrefix: "urn:TENANT:C1DD",
            page: isShown ? first + (version == 1 ? "" : "/v\(version)") : nil,
            otherDecisions: isShown ? first : nil,
            type: isShown ? "payments" : nil,
            member: "customer_payment_consent" + (version == 1 ? "" : "_v\(version)"),
            choice: isShown ? .payer : .nothing,
            // Five minutes (BR-5).
            undecidedLife: 300_000,
            amounts: [Detail(path: ["payment", "amount"], changed: .string("9999.99"))],
            payees: [Detail(path: ["creditor", "name"], changed: .string("Somebody Else"))]
        )
    }
}

extension ConsentFamily.Standard {
    fileprivate static let brasil: ConsentFamily.Standard = .init(
        statuses: [
            .awaiting: "AWAITING_AUTHORISATION", .authorised: "AUTHORISED",
            .rejected: "REJECTED",
        ],
        content: { consent, _, now in
            let data = consent.lodged["data"]
            let isData = consent.family == .brasilData
            return JSONValue.members([
                "consentId": .string(consent.id), "creationDateTime": .moment(consent.created),
                "status": .string(consent.statusText(at: now)),
                "statusUpdateDateTime": .moment(consent.statusMoment(at: now)),
                "expirationDateTime": .moment(consent.undecidedEnd),
                "document": isData ? data?["loggedUser"]?["document"] : nil,
            ]).joined(isData ? data?.without(["loggedUser"]) : data)
        },
        own: { consent, configuration, now in
            .members([
                "data": consent.family.standard.content(consent, configuration, now),
                "links": .members([:]), "meta": .members(["requestDateTime": .moment(now)]),
            ])
        },
        reference: { [Field("scope", $0 + " consent:" + $1)] },
        acceptMembers: ReportBody.accept + [
            ReportBody.accounts, .may("debtor_account", BrasilShapes.debtorAccount),
        ],
        rejectMembers: ReportBody.reject + [
            .may(
                "rejection_reason",
                .object([.must("code", .text(1...80)), .may("details", .text(0...2000))])
            )
        ],
        checkAccept: { (body, consent, _) throws(Shape.Problem) in
            if consent.family.choice == .payer { try checkPayer(body, consent) }
        }
    )

    /// The account that pays is the one that the consent names, if it names one.
    private static func checkPayer(
        _ body: JSONValue,
        _ consent: SimulatedConsent
    ) throws(Shape.Problem) {
        let named = consent.lodged["data"]?["debtorAccount"]
        guard let chosen = body["debtor_account"] else {
            if named != nil { return }
            throw Shape.Problem(path: "debtor_account", rule: "is required")
        }
        guard let named else { return }
        let pairs = [
            ("account_type", "accountType"), ("ispb", "ispb"), ("issuer", "issuer"),
            ("number", "number"),
        ]
        for (theirs, ours) in pairs where chosen[theirs] != named[ours] {
            throw Shape.Problem(
                path: "debtor_account.\(theirs)",
                rule: "must be that of the consent's debtorAccount"
            )
        }
    }
}

private enum BrasilShapes {
    /// In snake case, unlike the consent.
    static let debtorAccount = Shape.object([
        .must("account_type", .oneOf(["CACC", "SVGS", "SLRY", "TRAN"])),
        .must("ispb", .digits(8...8)), .may("issuer", .digits(1...4)),
        .must("number", .text(1...20)),
    ])

    private static let document = Shape.object([
        .must("identification", .digits(11...11)), .must("rel", .oneOf(["CPF"])),
    ])
    private static let loggedUser = Shape.object([.must("document", document)])
    private static let businessEntity = Shape.object([
        .must(
            "document",
            .object([
                .must("identification", .digits(14...14)), .must("rel", .oneOf(["CNPJ"])),
            ])
        )
    ])

    static let data = Shape.object([
        .must(
            "data",
            .object([
                .must("loggedUser", loggedUser), .may("businessEntity", businessEntity),
                .must("permissions", .list(.oneOf(permissions), 1...permissions.count)),
                .may("expirationDateTime", .moment), .may("transactionFromDateTime", .moment),
                .may("transactionToDateTime", .moment),
            ])
        )
    ])

    static func payment(version: Int) -> Shape {
        .object([
            .must(
                "data",
                .object([
                    .must("loggedUser", loggedUser), .may("businessEntity", businessEntity),
                    .must("creditor", creditor),
                    .must("payment", payment(isScheduled: version >= 2)),
                    .may("debtorAccount", account),
                ])
            )
        ])
    }

    private static let creditor = Shape.object([
        .must("personType", .oneOf(["PESSOA_NATURAL", "PESSOA_JURIDICA"])),
        .must("cpfCnpj", .digits(11...14)), .must("name", .text(1...120)),
    ])

    private static let account = Shape.object([
        .must("ispb", .digits(8...8)), .may("issuer", .digits(1...4)),
        .must("number", .text(1...20)),
        .must("accountType", .oneOf(["CACC", "SVGS", "SLRY", "TRAN"])),
    ])

    private static func payment(isScheduled: Bool) -> Shape {
        let schedule = Shape.object([
            .must("single", .object([.must("date", .date)]))
        ])
        return .object(
            [
                .must("type", .oneOf(["PIX"])), .may("date", .date),
                .must("currency", .currency),
                .must("amount", .amount(whole: 1...16, fraction: 2...2)),
                .may("ibgeTownCode", .digits(7...7)),
                .must(
                    "details",
                    .object([
                        .must("localInstrument", .oneOf(["MANU", "DICT", "INIC", "QRDN", "QRES"])),
                        .may("qrCode", .text(1...512)), .may("proxy", .text(1...77)),
                        .must("creditorAccount", account),
                    ])
                ),
            ] + (isScheduled ? [.may("schedule", schedule)] : [])
        )
    }

    static let permissions = [
        "ACCOUNTS_READ", "ACCOUNTS_BALANCES_READ", "ACCOUNTS_TRANSACTIONS_READ",
        "ACCOUNTS_OVERDRAFT_LIMITS_READ", "CREDIT_CARDS_ACCOUNTS_READ",
        "CREDIT_CARDS_ACCOUNTS_BILLS_READ", "CREDIT_CARDS_ACCOUNTS_BILLS_TRANSACTIONS_READ",
        "CREDIT_CARDS_ACCOUNTS_LIMITS_READ", "CREDIT_CARDS_ACCOUNTS_TRANSACTIONS_READ",
        "CUSTOMERS_PERSONAL_IDENTIFICATIONS_READ", "CUSTOMERS_PERSONAL_ADITTIONALINFO_READ",
        "CUSTOMERS_BUSINESS_IDENTIFICATIONS_READ", "CUSTOMERS_BUSINESS_ADITTIONALINFO_READ",
        "FINANCINGS_READ", "FINANCINGS_SCHEDULED_INSTALMENTS_READ", "FINANCINGS_PAYMENTS_READ",
        "FINANCINGS_WARRANTIES_READ", "INVOICE_FINANCINGS_READ",
        "INVOICE_FINANCINGS_SCHEDULED_INSTALMENTS_READ", "INVOICE_FINANCINGS_PAYMENTS_READ",
        "INVOICE_FINANCINGS_WARRANTIES_READ", "LOANS_READ", "LOANS_SCHEDULED_INSTALMENTS_READ",
        "LOANS_PAYMENTS_READ", "LOANS_WARRANTIES_READ", "UNARRANGED_ACCOUNTS_OVERDRAFT_READ",
        "UNARRANGED_ACCOUNTS_OVERDRAFT_SCHEDULED_INSTALMENTS_READ",
        "UNARRANGED_ACCOUNTS_OVERDRAFT_PAYMENTS_READ",
        "UNARRANGED_ACCOUNTS_OVERDRAFT_WARRANTIES_READ", "BANK_FIXED_INCOMES_READ",
        "CREDIT_FIXED_INCOMES_READ", "FUNDS_READ", "VARIABLE_INCOMES_READ",
        "TREASURE_TITLES_READ", "EXCHANGES_READ", "RESOURCES_READ",
    ]
}

extension DemoExample {
    static let pix = DemoExample(
        id: "pix",
        title: "Pix in Brazil: R$ 1.234,56 to a bakery",
        family: .brasilPaymentV3,
        scopes: ["openid", "payments"],
        message: "Pedido 42",
        body: #"""
            {"data":{"loggedUser":{"document":{"identification":"76109277673","rel":"CPF"}},
            "creditor":{"personType":"PESSOA_JURIDICA","cpfCnpj":"58764789000137",
            "name":"Padaria São João Ltda"},
            "payment":{"type":"PIX","date":"{today}","currency":"BRL","amount":"1234.56",
            "details":{"localInstrument":"DICT","proxy":"pix@padaria.example",
            "creditorAccount":{"ispb":"12345678","issuer":"1774","number":"1234567890",
            "accountType":"CACC"}}}}}
            """#,
        // Brasília.
        dayOffset: -3 * 3_600_000
    )
}

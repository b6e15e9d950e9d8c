/// Open Finance Brasil: data consents 2, payments 1 to 4.
enum BrasilShapes {
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

/// Families whose standards lodge nothing at a place of its own: these are the simulator's bodies.
enum OtherShapes {
    private static let clusters = [
        "ACCOUNT_BASIC", "ACCOUNT_DETAILED", "ACCOUNT_PAYMENTS", "BILLS", "CUSTOMER_CONTACT",
        "CUSTOMER_PERSONAL", "IMAGES", "INVESTMENTS", "PAYMENT_SUPPORT", "REWARDS", "STATEMENTS",
        "TAX", "TRANSACTIONS",
    ]

    /// FDX consent request, RFC 0167.
    static let fdx = Shape.object([
        .must("durationType", .oneOf(["ONE_TIME", "PERSISTENT", "TIME_BOUND"])),
        .may("durationPeriod", .integer(1...3650)), .may("lookbackPeriod", .integer(0...3650)),
        .must(
            "resources",
            .list(
                .object([
                    .must("resourceType", .oneOf(["ACCOUNT", "CUSTOMER"])),
                    .must("dataClusters", .list(.oneOf(clusters), 1...clusters.count)),
                ]),
                1...10
            )
        ),
        .may(
            "parties",
            .list(
                .object([
                    .must("name", .text(1...200)), .must("type", .text(1...40)),
                    .may("homeUri", .text(1...400)), .may("logoUri", .text(1...400)),
                    .may("registry", .text(1...40)),
                    .may("registeredEntityName", .text(1...200)),
                    .may("registeredEntityId", .text(1...100)),
                ]),
                0...10
            )
        ),
    ])

    /// Consumer Data Right: `cdr_arrangement_id` names the arrangement that this one amends.
    static let cdr = Shape.object([
        .must("sharing_type", .oneOf(["one_time", "one_time_with_refresh_token", "reusable"])),
        .may("sharing_duration", .integer(0...31_536_000)),
        .may("cdr_arrangement_id", .text(1...100)),
    ])

    /// Saudi Open Banking: ACP shows nothing of what was asked for.
    static let ksa = Shape.object([.must("expiry", .moment)])
}

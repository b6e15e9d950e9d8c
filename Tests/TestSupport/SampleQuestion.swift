public import Logins

/// A question of a certain kind, for tests of pages and for screenshots.
public struct SampleQuestion: Sendable {
    /// The sample's name, used in file names.
    public let name: String
    public let consent: Consent
    public let accounts: [BankAccount]
    public let bindingMessage: String?

    public init(
        _ name: String,
        _ consent: Consent,
        accounts: [BankAccount] = [],
        bindingMessage: String? = nil
    ) {
        self.name = name
        self.consent = consent
        self.accounts = accounts
        self.bindingMessage = bindingMessage
    }

    public static let all =
        [scopes, access, domestic, scheduled, standingOrder, buildingSociety, file] + [
            international, internationalScheduled, internationalStandingOrder, brasilData, pix,
            pixOfVersion1, fdx, cdr, ksa, hostile,
        ]

    public static func named(_ name: String) -> SampleQuestion? {
        all.first { $0.name == name }
    }

    // MARK: Parts

    static let march = Timestamp(milliseconds: 1_930_387_774_000)  // 2031-03-04T10:49:34Z
    static let june = Timestamp(milliseconds: 1_940_000_000_000)  // 2031-06-23T16:53:20Z

    static func money(_ amount: String, _ currency: String) -> Fact.Value {
        Money(amount: amount, currency: currency).map(Fact.Value.money) ?? .text("no money")
    }

    static let ukAccounts = [
        BankAccount(
            id: "acc-1",
            name: "Everyday account",
            display: "•••• 5698",
            kind: .current,
            currency: "GBP"
        ),
        BankAccount(
            id: "acc-2",
            name: "Rainy day savings",
            display: "•••• 1177",
            kind: .savings,
            currency: "GBP"
        ),
        BankAccount(id: "acc-3", name: "Travel card", display: "•••• 0042", kind: .card),
    ]

    static let shop = Consent.NamedAccount(
        scheme: "UK.OBIE.SortCodeAccountNumber",
        identification: "08080021325698",
        name: "Harbour Books Ltd"
    )

    /// The user's own account.
    static let own = Consent.NamedAccount(
        scheme: "UK.OBIE.SortCodeAccountNumber",
        identification: "60161331925698",
        name: "Anna Lindqvist"
    )

    static func payee(_ name: String, _ number: String) -> Fact {
        Fact(
            .known(.payeeAccount),
            .account(
                .init(scheme: "UK.OBIE.SortCodeAccountNumber", identification: number, name: name)
            )
        )
    }

    // MARK: Samples

    static let scopes = SampleQuestion(
        "scopes",
        Consent(
            clientName: "Kiosk 12",
            scopes: [
                .init(requestedName: "openid", displayName: "Sign you in"),
                .init(
                    requestedName: "profile",
                    displayName: "Your profile",
                    explanation: "Name and date of birth.",
                    isOptional: true
                ),
                .init(requestedName: "offline_access", isOptional: true),
                .init(requestedName: "internal", isImplicit: true),
            ]
        ),
        bindingMessage: "Kiosk 12 / 84-20-17"
    )

    static let access = SampleQuestion(
        "uk-account-access",
        Consent(
            kind: .ukAccountAccess,
            clientName: "Budget App",
            scopes: [.init(requestedName: "openid"), .init(requestedName: "accounts")],
            facts: [
                Fact(
                    .known(.permissions),
                    StandardCodes.permissions(StandardCodes.ukPermissions, .ukPermission)
                ),
                Fact(.known(.accessEnds), .moment(june)),
                Fact(.known(.dataFrom), .moment(Timestamp(milliseconds: 1_900_000_000_000))),
            ],
            accounts: .several(preselected: [])
        ),
        accounts: ukAccounts,
        bindingMessage: "BUDGET-0417"
    )

    static let domestic = SampleQuestion(
        "uk-domestic-payment",
        Consent(
            kind: .ukDomesticPayment,
            clientName: "Checkout Services",
            scopes: [.init(requestedName: "openid"), .init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("165.88", "GBP")),
                Fact(.known(.payee), .text("Harbour Books Ltd")),
                Fact(.known(.payeeAccount), .account(shop)),
                Fact(.known(.reference), .text("INV-1042")),
                Fact(.known(.paymentContext), .codes(["EcommerceGoods"], .paymentContext)),
                Fact(.known(.merchantCategory), .codes(["5942"], Fact.Codes("merchant_category"))),
                Fact(.known(.localInstrument), .codes(["UK.OBIE.FPS"], .localInstrument)),
                Fact(.known(.deliveryAddress), .text("7 Acacia Avenue, SW1A 1AA, London, GB")),
                Fact(.further("ContractPresentInidicator"), .text("true")),
            ],
            accounts: .payer(named: nil)
        ),
        accounts: Array(ukAccounts.prefix(2)),
        bindingMessage: "Books 11-38"
    )

    static let scheduled = SampleQuestion(
        "uk-scheduled-payment",
        Consent(
            kind: .ukDomesticScheduledPayment,
            clientName: "Rent Desk",
            scopes: [.init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("1250", "GBP")),
                Fact(.known(.payee), .text("Mill Lane Lettings")),
                payee("Mill Lane Lettings", "20147790217345"),
                Fact(.known(.executionDate), .moment(march)),
            ],
            accounts: .payer(named: nil)
        ),
        accounts: Array(ukAccounts.prefix(1))
    )

    static let standingOrder = SampleQuestion(
        "uk-standing-order",
        Consent(
            kind: .ukDomesticStandingOrder,
            clientName: "Savings Coach",
            scopes: [.init(requestedName: "payments")],
            facts: [
                Fact(.known(.firstAmount), money("20.00", "GBP")),
                Fact(.known(.recurringAmount), money("75.50", "GBP")),
                Fact(.known(.payee), .text("Children’s Hospital")),
                payee("Children’s Hospital", "23605490179017"),
                Fact(.known(.frequency), .codes(["IntrvlMnthDay:01:-01"], .frequency)),
                Fact(.known(.firstPayment), .moment(march)),
                Fact(.known(.numberOfPayments), .number("1200")),
            ],
            accounts: .payer(named: own)
        ),
        accounts: Array(ukAccounts.prefix(1))
    )

    /// Two accounts behind the number that the consent names.
    static let buildingSociety = SampleQuestion(
        "uk-building-society",
        Consent(
            kind: .ukDomesticPayment,
            clientName: "Savings Coach",
            scopes: [.init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("12.00", "GBP")),
                Fact(.known(.payee), .text("Children’s Hospital")),
                Fact(.known(.payeeAccount), .account(rolled)),
            ],
            accounts: .payer(named: own)
        ),
        accounts: Array(ukAccounts.prefix(2))
    )

    static let rolled = Consent.NamedAccount(
        scheme: "UK.OBIE.SortCodeAccountNumber",
        identification: "20115540112233",
        secondary: "4711/0"
    )

    static let file = SampleQuestion(
        "uk-file-payment",
        Consent(
            kind: .ukFilePayment,
            clientName: "Payroll Bureau",
            scopes: [.init(requestedName: "payments")],
            facts: [
                Fact(.known(.controlSum), .number("348291.17")),
                Fact(.known(.numberOfPayments), .number("212")),
                Fact(.known(.fileReference), .text("SALARIES-2031-03")),
                Fact(.known(.fileType), .text("UK.OBIE.PaymentInitiation.3.1")),
                Fact(
                    .known(.fileHash),
                    .text("m5ah/h1UjLvJYMxqAoZmj9dKdjZnsGNm+yMkJp/KuqQ=")
                ),
            ],
            accounts: .payer(named: nil)
        ),
        accounts: Array(ukAccounts.prefix(2))
    )

    static let international = SampleQuestion(
        "uk-international-payment",
        Consent(
            kind: .ukInternationalPayment,
            clientName: "Fare Finder",
            scopes: [.init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("149000", "JPY")),
                Fact(.known(.payee), .text("Kyōto Hôtel K.K.")),
                Fact(
                    .known(.payeeAccount),
                    .account(
                        .init(scheme: "UK.OBIE.IBAN", identification: "GB29NWBK60161331926819")
                    )
                ),
                Fact(.known(.transferCurrency), .codes(["JPY"], .currency)),
                Fact(.known(.destinationCountry), .codes(["JP"], .country)),
                Fact(.known(.chargeBearer), .codes(["BorneByDebtor"], .chargeBearer)),
                Fact(.known(.exchangeRate), .number("189.4075")),
                Fact(.known(.exchangeRateType), .codes(["Agreed"], .rateType)),
                Fact(.known(.cutOff), .moment(march)),
            ],
            accounts: .payer(named: nil)
        ),
        accounts: Array(ukAccounts.prefix(2))
    )
}

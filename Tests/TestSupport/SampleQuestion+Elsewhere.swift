import Logins

extension SampleQuestion {
    static let brasilAccounts = [
        BankAccount(
            id: "94088392",
            name: "Conta do dia a dia",
            display: "1774 / •••• 8392",
            kind: .current,
            currency: "BRL"
        ),
        BankAccount(
            id: "94088400",
            name: "Poupança",
            display: "1774 / •••• 8400",
            kind: .savings,
            currency: "BRL"
        ),
    ]

    static let brasilData = SampleQuestion(
        "brasil-data",
        Consent(
            kind: .brasilData,
            clientName: "Organiza Finanças",
            scopes: [
                .init(requestedName: "openid"),
                .init(requestedName: "consent:urn:bank:C1DD33123"),
            ],
            facts: [
                Fact(
                    .known(.permissions),
                    StandardCodes.permissions(
                        StandardCodes.brasilPermissions,
                        .brasilPermission
                    )
                ),
                Fact(.known(.personDocument), .text("761.092.776-73")),
                Fact(.known(.accessEnds), .moment(june)),
            ],
            accounts: .several(preselected: [])
        ),
        accounts: brasilAccounts
    )

    static let pix = SampleQuestion(
        "brasil-payment",
        Consent(
            kind: .brasilPayment,
            clientName: "Mercado Rápido",
            scopes: [.init(requestedName: "openid"), .init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("1333.00", "BRL")),
                Fact(.known(.payee), .text("Padaria São João Ltda")),
                Fact(.known(.payeeDocument), .text("50.685.362/0001-35")),
                Fact(.known(.payeeKind), .codes(["PESSOA_JURIDICA"], .personKind)),
                Fact(
                    .known(.payeeAccount),
                    .account(
                        .init(
                            identification: "1234567890",
                            ispb: "12345678",
                            issuer: "1774",
                            accountType: "CACC"
                        )
                    )
                ),
                Fact(.known(.paymentType), .codes(["PIX"], .paymentType)),
                Fact(.known(.localInstrument), .codes(["QRDN"], .localInstrument)),
                Fact(.known(.pixKey), .text("pix@padaria.example")),
                Fact(.known(.executionDate), .day("2031-03-04")),
            ],
            accounts: .payer(named: nil)
        ),
        accounts: brasilAccounts,
        bindingMessage: "PIX 77-31"
    )

    /// Version 1 has no schedule: it is paid at once, here from an account that it names.
    static let pixOfVersion1 = SampleQuestion(
        "brasil-payment-v1",
        Consent(
            kind: .brasilPayment,
            clientName: "Mercado Rápido",
            scopes: [.init(requestedName: "openid"), .init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("48.90", "BRL")),
                Fact(.known(.payee), .text("José da Conceição")),
                Fact(.known(.payeeDocument), .text("529.982.247-25")),
                Fact(.known(.payeeKind), .codes(["PESSOA_NATURAL"], .personKind)),
                Fact(
                    .known(.payeeAccount),
                    .account(
                        .init(
                            identification: "5550001",
                            ispb: "12345678",
                            issuer: "0001",
                            accountType: "SVGS"
                        )
                    )
                ),
                Fact(.known(.localInstrument), .codes(["MANU"], .localInstrument)),
                Fact(.known(.paymentType), .codes(["PIX"], .paymentType)),
                Fact(.known(.payerAccount), .account(everyday)),
                Fact(.known(.personDocument), .text("CPF 76109277673")),
                Fact(.known(.requestedAt), .moment(march)),
                Fact(.known(.consentEnds), .moment(june)),
                Fact(.further("ibgeTownCode"), .text("5300108")),
            ],
            accounts: .payer(named: everyday)
        ),
        accounts: Array(brasilAccounts.prefix(1))
    )

    private static let everyday = Consent.NamedAccount(
        identification: "94088392",
        ispb: "87654321",
        issuer: "1774",
        accountType: "CACC"
    )

    static let fdx = SampleQuestion(
        "fdx",
        Consent(
            kind: .fdx,
            clientName: "Tax Helper",
            scopes: [.init(requestedName: "openid")],
            facts: [
                Fact(.known(.recipient), .text("Tax Helper Inc.")),
                Fact(.known(.resource), .codes(["ACCOUNT"], .resourceType)),
                Fact(
                    .known(.permissions),
                    StandardCodes.permissions(
                        ["ACCOUNT_DETAILED", "TRANSACTIONS", "STATEMENTS"],
                        .fdxCluster
                    )
                ),
                Fact(.known(.durationType), .codes(["TIME_BOUND"], .durationType)),
                Fact(.known(.duration), .days(90)),
                Fact(.known(.lookback), .days(365)),
            ],
            accounts: .several(preselected: []),
            resources: [.init(type: "ACCOUNT", clusters: ["ACCOUNT_DETAILED", "TRANSACTIONS"])]
        ),
        accounts: [
            BankAccount(
                id: "chk",
                name: "Checking",
                display: "…7788",
                kind: .current,
                currency: "USD",
                resourceType: "ACCOUNT"
            )
        ]
    )

    static let cdr = SampleQuestion(
        "cdr",
        Consent(
            kind: .cdr,
            clientName: "Mortgage Compare",
            scopes: [
                .init(requestedName: "openid"),
                .init(requestedName: "bank:accounts.basic:read"),
                .init(requestedName: "bank:transactions:read"),
            ],
            facts: [
                Fact(
                    .known(.permissions),
                    StandardCodes.permissions(
                        ["bank:accounts.basic:read", "bank:transactions:read"],
                        .scope
                    )
                ),
                Fact(.known(.sharingType), .codes(["reusable"], .sharingType)),
                Fact(.known(.accessEnds), .moment(june)),
                Fact(.known(.replacesArrangement), .text("arr-2030-11")),
                Fact(.known(.customer), .text("4711-0815")),
            ],
            accounts: .several(preselected: ["au-2"])
        ),
        accounts: [
            BankAccount(
                id: "au-1",
                name: "Everyday Saver",
                display: "xxx-x12 xxxx4567",
                kind: .savings
            ),
            BankAccount(
                id: "au-2",
                name: "Home Loan",
                display: "xxx-x12 xxxx8910",
                kind: .loan
            ),
        ]
    )

    static let ksa = SampleQuestion(
        "ksa",
        Consent(
            kind: .ksa,
            clientName: "محفظتي",
            scopes: [.init(requestedName: "openid"), .init(requestedName: "accounts")],
            facts: [
                Fact(.known(.accessEnds), .moment(june)),
                Fact(.known(.requestedAt), .moment(march)),
            ],
            accounts: .several(preselected: [])
        ),
        accounts: [
            BankAccount(
                id: "sa-1",
                name: "الحساب الجاري",
                display: "SA •••• 7519",
                kind: .current,
                currency: "SAR"
            )
        ]
    )

    /// A hostile consent: markup, direction marks, look-alike letters, endless words.
    static let hostile = SampleQuestion(
        "hostile",
        Consent(
            kind: .ukDomesticPayment,
            clientName: "Pay\u{440}al \u{202E}knaB",
            scopes: [.init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("9999999999999.99999", "GBP")),
                Fact(
                    .known(.payee),
                    .text("<b>Sh\u{43E}p</b> " + String(repeating: "WIDE", count: 60))
                ),
                Fact(
                    .known(.payeeAccount),
                    .account(
                        .init(
                            scheme: "X.\u{2066}Y",
                            identification: String(repeating: "7", count: 120),
                            name: "\u{200B}x"
                        )
                    )
                ),
                Fact(.known(.reference), .text("مرجع 12-34 \u{202E}00.1$ 56 abc")),
                Fact(.known(.paymentContext), .codes(["<script>"], .paymentContext)),
                Fact(.known(.executionDate), .day("2031-02-30")),
                Fact(.known(.exchangeRate), .number("1e9")),
                Fact(.further("__proto__\u{0}"), .text(String(repeating: "x", count: 400))),
            ],
            accounts: .payer(named: nil)
        ),
        accounts: [
            BankAccount(
                id: "\"><script>",
                name: "<i>Mine</i> " + String(repeating: "N", count: 90),
                display: "\u{202E}4321",
                kind: .other,
                currency: "GBP"
            ),
            BankAccount(id: "b&b=1;+ %", name: "B", display: "2", kind: .other),
        ],
        bindingMessage: "1\n2 \u{430}bc\u{202E}"
    )
}

import JSON
import Testing

/// One consent of each family as a third party lodges it, with what is known of it from the tables
/// of the standards and of the System API.
struct ConsentExample: Sendable, CustomTestStringConvertible {
    let family: String
    /// Where it is lodged, below the issuer; nil for what only the simulator's own place takes.
    let place: String?
    let scopes: String
    let body: String
    /// Where it is shown and where it is decided, below the base of the consents.
    var page: String?
    var decisions: String?
    var type: String?
    var member = ""
    /// What an accept must have beside scopes and state.
    var accept = ""

    var testDescription: String { family }
    var isBrasil: Bool { family.hasPrefix("obbr") }
    /// How its standard writes that it awaits, is given, is refused.
    var statuses: [String] {
        isBrasil
            ? ["AWAITING_AUTHORISATION", "AUTHORISED", "REJECTED"]
            : ["AwaitingAuthorisation", "Authorised", "Rejected"]
    }
    /// Whether the System API shows it.
    var isShown: Bool { page != nil }

    private static let creditor = """
        "CreditorAccount":{"SchemeName":"UK.OBIE.SortCodeAccountNumber",\
        "Identification":"08080021325698","Name":"Shop Ltd"}
        """

    private static func uk(_ kind: String, _ body: String) -> ConsentExample {
        ConsentExample(
            family: "obuk." + kind,
            place: "/open-banking/v3.1/pisp/\(kind.replacing("_", with: "-"))-consents",
            scopes: "openid payments",
            body: body,
            page: "/open-banking/\(kind.replacing("_", with: "-"))-consent",
            type: kind,
            member: kind + "_consent",
            accept: #""account_ids":["acc-1"]"#
        )
    }

    private static func payment(_ initiation: String, permission: Bool = false) -> String {
        let permission = permission ? #""Permission":"Create","# : ""
        return #"{"Data":{"# + permission + #""Initiation":{\#(initiation),\#(creditor)}},"#
            + #""Risk":{"PaymentContextCode":"EcommerceGoods","MerchantCategoryCode":"5967"}}"#
    }

    private static func pix(_ version: Int) -> ConsentExample {
        let page = "/open-banking-brasil/payment" + (version > 1 ? "/v\(version)" : "")
        return ConsentExample(
            family: "obbr.payment_v\(version)",
            place: "/open-banking/payments/v\(version)/consents",
            scopes: "openid payments",
            body: """
                {"data":{"loggedUser":{"document":{"identification":"76109277673","rel":"CPF"}},\
                "creditor":{"personType":"PESSOA_JURIDICA","cpfCnpj":"58764789000137",\
                "name":"Padaria"},\
                "payment":{"type":"PIX","date":"2026-11-20","currency":"BRL","amount":"1234.56",\
                "details":{"localInstrument":"DICT","proxy":"12345678901",\
                "creditorAccount":{"ispb":"12345678","issuer":"1774","number":"1234567890",\
                "accountType":"CACC"}}}}}
                """,
            page: version < 4 ? page : nil,
            decisions: version < 4 ? "/open-banking-brasil/payment" : nil,
            type: "payments",
            member: "customer_payment_consent" + (version > 1 ? "_v\(version)" : ""),
            accept: """
                "account_ids":["94088392"],"debtor_account":{"account_type":"CACC",\
                "ispb":"12345678","issuer":"1774","number":"94088392"}
                """
        )
    }

    static let all: [ConsentExample] =
        [
            ConsentExample(
                family: "obuk.account_access",
                place: "/open-banking/v3.1/aisp/account-access-consents",
                scopes: "openid accounts",
                body: """
                    {"Data":{"Permissions":["ReadAccountsDetail","ReadBalances"],\
                    "ExpirationDateTime":"2027-05-02T00:00:00+00:00"},"Risk":{}}
                    """,
                page: "/open-banking/account-access-consent",
                type: "account_access",
                member: "account_access_consent",
                accept: #""account_ids":["acc-1","acc-2"]"#
            ),
            uk("domestic_payment", payment(domestic)),
            uk(
                "domestic_scheduled_payment",
                payment(
                    domestic + #","RequestedExecutionDateTime":"2026-12-01T00:00:00Z""#,
                    permission: true
                )
            ),
            uk(
                "domestic_standing_order",
                payment(
                    #""Frequency":"EvryDay","FirstPaymentDateTime":"2026-12-01T00:00:00Z","#
                        + #""FirstPaymentAmount":{"Amount":"6.66","Currency":"GBP"}"#,
                    permission: true
                )
            ),
            uk(
                "file_payment",
                #"{"Data":{"Initiation":{"FileType":"UK.OBIE.pain.001.001.08","FileHash":"m5ah","#
                    + #""NumberOfTransactions":"3","ControlSum":3459.30}}}"#
            ),
            uk("international_payment", payment(abroad)),
            uk(
                "international_scheduled_payment",
                payment(
                    abroad + #","RequestedExecutionDateTime":"2026-12-01T00:00:00Z""#,
                    permission: true
                )
            ),
            uk(
                "international_standing_order",
                payment(
                    #""Frequency":"EvryDay","FirstPaymentDateTime":"2026-12-01T00:00:00Z","#
                        + #""CurrencyOfTransfer":"USD","#
                        + #""InstructedAmount":{"Amount":"20.00","Currency":"GBP"}"#,
                    permission: true
                )
            ),
            ConsentExample(
                family: "obuk.funds_confirmation",
                place: "/open-banking/v3.1/cbpii/funds-confirmation-consents",
                scopes: "openid fundsconfirmations",
                body: """
                    {"Data":{"DebtorAccount":{"SchemeName":"UK.OBIE.IBAN",\
                    "Identification":"GB76LOYD30949301273801"}}}
                    """
            ),
            ConsentExample(
                family: "obbr.data",
                place: "/open-banking/consents/v2/consents",
                scopes: "openid",
                body: """
                    {"data":{"loggedUser":{"document":{"identification":"76109277673",\
                    "rel":"CPF"}},"permissions":["ACCOUNTS_READ","ACCOUNTS_BALANCES_READ"],\
                    "expirationDateTime":"2027-02-01T23:59:59Z"}}
                    """,
                page: "/open-banking-brasil/consent",
                type: "consents",
                member: "customer_data_access_consent",
                accept: #""account_ids":["acc-1"]"#
            ),
        ] + (1...4).map(pix) + [
            ConsentExample(
                family: "fdx",
                place: nil,
                scopes: "openid fdx:accounts",
                body: """
                    {"durationType":"TIME_BOUND","durationPeriod":365,"lookbackPeriod":60,\
                    "resources":[{"resourceType":"ACCOUNT",\
                    "dataClusters":["ACCOUNT_DETAILED","TRANSACTIONS"]}],\
                    "parties":[{"name":"Midwest Primary","type":"DATA_ACCESS_PLATFORM"}]}
                    """,
                page: "/fdx/fdx",
                type: "fdx_consent",
                member: "fdx_consent",
                accept: """
                    "resources":[{"id":"acc-1","resouceType":"ACCOUNT",\
                    "dataClusters":["ACCOUNT_DETAILED"]}]
                    """
            ),
            ConsentExample(
                family: "cdr",
                place: nil,
                scopes: "openid bank:accounts.basic:read",
                body: #"{"sharing_type":"reusable","sharing_duration":31536000}"#,
                page: "/cdr/cdr-arrangement",
                member: "cdr_arrangement",
                accept: #""account_ids":["acc-1"],"customer_id":"c-1""#
            ),
            ConsentExample(
                family: "ksa",
                place: nil,
                scopes: "openid accounts",
                body: #"{"expiry":"2027-03-01T09:02:27Z"}"#,
                page: "/ksa/consent",
                type: "ksa_consent",
                member: "ksa_consent",
                accept: #""account_ids":["acc-1"]"#
            ),
        ]

    static let shown = all.filter(\.isShown)

    static func named(_ family: String) -> ConsentExample {
        all.first { $0.family == family } ?? all[0]
    }

    private static let domestic = """
        "InstructionIdentification":"ACME412","EndToEndIdentification":"FRESCO.1",\
        "InstructedAmount":{"Amount":"165.88","Currency":"GBP"},\
        "RemittanceInformation":{"Reference":"INV-1042"}
        """
    private static let abroad = """
        "InstructionIdentification":"ACME412","CurrencyOfTransfer":"USD",\
        "InstructedAmount":{"Amount":"165.88","Currency":"GBP"},\
        "ExchangeRateInformation":{"UnitCurrency":"GBP","RateType":"Actual","ExchangeRate":1.2701}
        """
}

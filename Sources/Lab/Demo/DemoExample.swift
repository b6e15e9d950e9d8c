import HTTP

/// Something that the demo's page can ask for: a consent as a third party would lodge it.
struct DemoExample: Sendable {
    /// The value in the page's list.
    let id: String
    let title: String
    let family: ConsentFamily
    /// The workspace that serves it; some families are known by theirs only.
    var workspace: String?
    let scopes: [String]
    let message: String
    /// With `{today}`, `{soon}` and `{year}` for dates from now on.
    let body: String

    /// The body with its dates.
    func body(at now: Int64) -> String {
        func date(_ days: Int64) -> String {
            String(RFC3339.format(milliseconds: now + days * 86_400_000).prefix(10))
        }
        return body.replacing("{today}", with: date(0)).replacing("{soon}", with: date(7))
            .replacing("{year}", with: date(365))
    }

    static let all = [
        DemoExample(
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
        ),
        DemoExample(
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
        ),
        DemoExample(
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
        ),
        DemoExample(
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
                """#
        ),
        DemoExample(
            id: "cdr",
            title: "Data sharing in Australia: one year",
            family: .cdr,
            workspace: "cdr",
            scopes: ["openid", "bank:accounts.basic:read", "bank:transactions:read"],
            message: "Connect Billabong Budget",
            body: #"{"sharing_type":"reusable","sharing_duration":31536000}"#
        ),
    ]
}

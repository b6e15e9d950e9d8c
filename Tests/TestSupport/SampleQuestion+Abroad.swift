import Logins

/// Payments of the UK to other countries that are not paid at once.
extension SampleQuestion {
    static let internationalScheduled = SampleQuestion(
        "uk-international-scheduled-payment",
        Consent(
            kind: .ukInternationalScheduledPayment,
            clientName: "Villa Finder",
            scopes: [.init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("2400.50", "EUR")),
                Fact(.known(.payee), .text("Studio Lumière SARL")),
                Fact(.known(.payeeAccount), .account(abroad("FR1420041010050500013M02606"))),
                Fact(.known(.executionDate), .moment(march)),
                Fact(.known(.transferCurrency), .codes(["EUR"], .currency)),
                Fact(.known(.destinationCountry), .codes(["FR"], .country)),
                Fact(.known(.chargeBearer), .codes(["Shared"], .chargeBearer)),
            ],
            accounts: .payer(named: nil)
        ),
        accounts: Array(ukAccounts.prefix(2)),
        bindingMessage: "VILLA-2031"
    )

    static let internationalStandingOrder = SampleQuestion(
        "uk-international-standing-order",
        Consent(
            kind: .ukInternationalStandingOrder,
            clientName: "Savings Coach",
            scopes: [.init(requestedName: "payments")],
            facts: [
                Fact(.known(.amount), money("90.00", "CHF")),
                Fact(.known(.payee), .text("Alpenverein Zürich")),
                Fact(.known(.payeeAccount), .account(abroad("CH9300762011623852957"))),
                Fact(.known(.frequency), .codes(["IntrvlWkDay:02:03"], .frequency)),
                Fact(.known(.firstPayment), .moment(march)),
                Fact(.known(.finalPayment), .moment(june)),
                Fact(.known(.transferCurrency), .codes(["CHF"], .currency)),
                Fact(.known(.destinationCountry), .codes(["CH"], .country)),
            ],
            accounts: .payer(named: nil)
        ),
        accounts: Array(ukAccounts.prefix(2))
    )

    private static func abroad(_ number: String) -> Consent.NamedAccount {
        Consent.NamedAccount(scheme: "UK.OBIE.IBAN", identification: number)
    }
}

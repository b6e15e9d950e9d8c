import JSON

/// An account of the simulated bank.
struct SimulatedAccount: Sendable {
    let id: String
    let name: String
    let display: String
    let kind: String
    let currency: String
    var purposes = ["sharing", "payments"]
    var number: JSONValue?
    var resourceType: String?
    var customer: String?

    var json: JSONValue {
        .members([
            "id": .string(id), "name": .string(name), "display": .string(display),
            "kind": .string(kind), "currency": .string(currency), "purposes": .texts(purposes),
            "number": number, "resource_type": .text(resourceType), "customer_id": .text(customer),
        ])
    }

    /// The demo's user, who has accounts in every country of a consent family, and one user for
    /// each country.
    static let people: [String: [SimulatedAccount]] = [
        "anna@example.com": unitedKingdom("9911") + brazil("8392") + australia("0417")
            + unitedStates("7710") + saudiArabia("7519", check: "03"),
        "oliver@example.com": unitedKingdom("2604"),
        "beatriz@example.com": brazil("1807"),
        "jack@example.com": australia("3350"),
        "emily@example.com": unitedStates("4126"),
        "noura@example.com": saudiArabia("5573", check: "68"),
    ]

    // Account numbers end in four digits of their owner.

    private static func unitedKingdom(_ digits: String) -> [SimulatedAccount] {
        [
            SimulatedAccount(
                id: "gb-current-\(digits)",
                name: "Everyday account",
                display: "08-08-00 •••• \(digits)",
                kind: "current",
                currency: "GBP",
                number: scheme("UK.OBIE.SortCodeAccountNumber", "0808005577\(digits)")
            ),
            SimulatedAccount(
                id: "gb-savings-\(digits)",
                name: "Rainy day savings",
                display: "08-08-01 •••• \(digits)",
                kind: "savings",
                currency: "GBP",
                number: scheme("UK.OBIE.SortCodeAccountNumber", "0808015577\(digits)")
            ),
            SimulatedAccount(
                id: "gb-card-\(digits)",
                name: "Rainbow credit card",
                display: "•••• •••• •••• \(digits)",
                kind: "card",
                currency: "GBP",
                purposes: ["sharing"]
            ),
            // It is being closed: shown, but not selectable.
            SimulatedAccount(
                id: "gb-loan-\(digits)",
                name: "Car loan",
                display: "•••• \(digits)",
                kind: "loan",
                currency: "GBP",
                purposes: []
            ),
        ]
    }

    private static func brazil(_ digits: String) -> [SimulatedAccount] {
        [
            SimulatedAccount(
                id: "9408\(digits)",
                name: "Conta corrente",
                display: "1774 / •••• \(digits)",
                kind: "current",
                currency: "BRL",
                number: brazilianNumber("9408\(digits)", type: "CACC")
            ),
            SimulatedAccount(
                id: "6508\(digits)",
                name: "Poupança",
                display: "1774 / ••••• \(digits)",
                kind: "savings",
                currency: "BRL",
                number: brazilianNumber("6508\(digits)", type: "SVGS")
            ),
        ]
    }

    private static func australia(_ digits: String) -> [SimulatedAccount] {
        [
            SimulatedAccount(
                id: "au-access-\(digits)",
                name: "Smart access",
                display: "999-000 •••• \(digits)",
                kind: "current",
                currency: "AUD",
                customer: "au-customer-\(digits)"
            ),
            SimulatedAccount(
                id: "au-loan-\(digits)",
                name: "Home loan",
                display: "•••• \(digits)",
                kind: "loan",
                currency: "AUD",
                purposes: ["sharing"],
                customer: "au-customer-\(digits)"
            ),
        ]
    }

    private static func unitedStates(_ digits: String) -> [SimulatedAccount] {
        [
            SimulatedAccount(
                id: "us-checking-\(digits)",
                name: "Family checking",
                display: "•••• \(digits)",
                kind: "current",
                currency: "USD",
                resourceType: "ACCOUNT"
            ),
            SimulatedAccount(
                id: "us-card-\(digits)",
                name: "Cash back card",
                display: "•••• •••• •••• \(digits)",
                kind: "card",
                currency: "USD",
                purposes: ["sharing"],
                resourceType: "ACCOUNT"
            ),
        ]
    }

    private static func saudiArabia(
        _ digits: String,
        check: String
    ) -> [SimulatedAccount] {
        [
            SimulatedAccount(
                id: "sa-current-\(digits)",
                name: "الحساب الجاري",
                display: "SA\(check) •••• \(digits)",
                kind: "current",
                currency: "SAR",
                number: scheme("KSAOB.IBAN", "SA\(check)8000000060801016\(digits)")
            )
        ]
    }

    private static func scheme(_ name: String, _ identification: String) -> JSONValue {
        .members(["scheme": .string(name), "identification": .string(identification)])
    }

    private static func brazilianNumber(_ number: String, type: String) -> JSONValue {
        .members([
            "ispb": .string("12345678"), "issuer": .string("1774"),
            "identification": .string(number), "account_type": .string(type),
        ])
    }
}

import JSON
import Logins

/// The parts of a consent's form: how each is written, and how it is read again.
extension ConsentForm {
    // MARK: Kind

    static func kind(_ form: JSONValue) throws(Unreadable) -> Consent.Kind {
        var subject = Consent.Subject.login
        if let name = try form.optionalText("subject") {
            subject = try known(name, "subject")
        }
        var rules: Set<Consent.AccountRule> = []
        if form["account_rules"] != nil {
            for name in try form.texts("account_rules") {
                rules.insert(try known(name, "account_rules"))
            }
        }
        return Consent.Kind(
            try form.text("kind"),
            subject,
            dayOffset: .seconds(try form.optionalWhole("day_offset") ?? 0),
            accountRules: rules
        )
    }

    /// A value that is stored by its name.
    private static func known<Value: RawRepresentable<String>>(
        _ name: String,
        _ member: String
    ) throws(Unreadable) -> Value {
        guard let value = Value(rawValue: name) else { throw Unreadable(member: member) }
        return value
    }

    // MARK: Scopes and resources

    static func scope(_ scope: Consent.Scope) -> JSONValue {
        .members([
            "display": .text(scope.displayName),
            "explanation": .text(scope.explanation),
            "implicit": scope.isImplicit ? .bool(true) : nil,
            "name": .string(scope.requestedName),
            "optional": scope.isOptional ? .bool(true) : nil,
        ])
    }

    static func scope(_ form: JSONValue) throws(Unreadable) -> Consent.Scope {
        Consent.Scope(
            requestedName: try form.text("name"),
            displayName: try form.optionalText("display"),
            explanation: try form.optionalText("explanation"),
            isOptional: form["optional"]?.bool ?? false,
            isImplicit: form["implicit"]?.bool ?? false
        )
    }

    static func resource(_ resource: Consent.Resource) -> JSONValue {
        .members([
            "clusters": .texts(resource.clusters),
            "needs_accounts": resource.needsAccounts ? nil : .bool(false),
            "type": .string(resource.type),
        ])
    }

    static func resource(_ form: JSONValue) throws(Unreadable) -> Consent.Resource {
        Consent.Resource(
            type: try form.text("type"),
            clusters: try form.texts("clusters"),
            needsAccounts: form["needs_accounts"]?.bool ?? true
        )
    }

    // MARK: Accounts

    static func accounts(_ choice: Consent.AccountChoice) -> JSONValue? {
        switch choice {
        case .none: nil
        case .several(let preselected): .members(["several": .texts(preselected)])
        case .payer(let named): .members(["payer": named.map(named(_:)) ?? .null])
        }
    }

    static func accounts(_ form: JSONValue?) throws(Unreadable) -> Consent.AccountChoice {
        guard let form else { return .none }
        if form["several"] != nil { return .several(preselected: try form.texts("several")) }
        guard let payer = form["payer"] else { throw Unreadable(member: "accounts") }
        return .payer(named: payer.isNull ? nil : try named(payer))
    }

    private static func named(_ account: Consent.NamedAccount) -> JSONValue {
        .members([
            "account_type": .text(account.accountType),
            "identification": .string(account.identification),
            "ispb": .text(account.ispb),
            "issuer": .text(account.issuer),
            "name": .text(account.name),
            "scheme": .text(account.scheme),
            "secondary": .text(account.secondary),
        ])
    }

    private static func named(_ form: JSONValue) throws(Unreadable) -> Consent.NamedAccount {
        Consent.NamedAccount(
            scheme: try form.optionalText("scheme"),
            identification: try form.text("identification"),
            name: try form.optionalText("name"),
            secondary: try form.optionalText("secondary"),
            ispb: try form.optionalText("ispb"),
            issuer: try form.optionalText("issuer"),
            accountType: try form.optionalText("account_type")
        )
    }

    static func account(_ account: BankAccount) -> JSONValue {
        .members([
            "currency": .text(account.currency),
            "customer_id": .text(account.customerID),
            "display": .string(account.display),
            "id": .string(account.id),
            "kind": .string(account.kind.rawValue),
            "name": .string(account.name),
            "number": account.number.map(named),
            "numbers": account.numbers.isEmpty ? nil : .array(account.numbers.map(named)),
            "purposes": .texts(account.purposes.map(\.rawValue).sorted()),
            "resource_type": .text(account.resourceType),
        ])
    }

    static func account(_ form: JSONValue) throws(Unreadable) -> BankAccount {
        let kind: BankAccount.Kind = try known(form.text("kind"), "kind")
        var purposes: Set<BankAccount.Purpose> = []
        for name in try form.texts("purposes") {
            purposes.insert(try known(name, "purposes"))
        }
        var number: Consent.NamedAccount?
        if let form = form["number"] { number = try named(form) }
        return BankAccount(
            id: try form.text("id"),
            name: try form.text("name"),
            display: try form.text("display"),
            kind: kind,
            currency: try form.optionalText("currency"),
            purposes: purposes,
            number: number,
            numbers: try form["numbers"] == nil ? [] : form.list("numbers").map(named),
            resourceType: try form.optionalText("resource_type"),
            customerID: try form.optionalText("customer_id")
        )
    }

    // MARK: Facts

    static func fact(_ fact: Fact) -> JSONValue {
        var members: [JSONObject.Member] = []
        switch fact.label {
        case .known(let label):
            members.append(.init(name: "label", value: .string(label.rawValue)))
        case .further(let name):
            members.append(.init(name: "further", value: .string(name)))
        }
        members.append(contentsOf: value(fact.value))
        return .object(JSONObject(members))
    }

    private static func value(_ value: Fact.Value) -> [JSONObject.Member] {
        switch value {
        case .text(let text): [.init(name: "text", value: .string(text))]
        case .money(let money):
            [
                .init(name: "amount", value: .string(money.amount)),
                .init(name: "currency", value: .string(money.currency)),
            ]
        case .day(let day): [.init(name: "day", value: .string(day))]
        case .moment(let moment): [.init(name: "moment", value: .moment(moment))]
        case .number(let digits): [.init(name: "number", value: .string(digits))]
        case .days(let days): [.init(name: "days", value: .whole(Int64(days)))]
        case .codes(let codes, let list, let groups):
            [
                .init(name: "codes", value: .texts(codes)),
                .init(name: "list", value: .string(list.name)),
            ]
                + (groups.isEmpty
                    ? [] : [.init(name: "groups", value: .texts(groups.map(\.rawValue)))])
        case .account(let account): [.init(name: "account", value: named(account))]
        case .rate(let rate):
            [
                .init(
                    name: "rate",
                    value: .members([
                        "quoted": .text(rate.quoted), "rate": .string(rate.rate),
                        "unit": .string(rate.unit),
                    ])
                )
            ]
        case .list(let values):
            [
                .init(
                    name: "values",
                    value: .array(values.map { .object(JSONObject(self.value($0))) })
                )
            ]
        }
    }

    static func fact(_ form: JSONValue) throws(Unreadable) -> Fact {
        if let name = try form.optionalText("further") {
            return Fact(.further(name), try value(form))
        }
        return Fact(.known(try known(form.text("label"), "label")), try value(form))
    }

    private static func value(_ form: JSONValue) throws(Unreadable) -> Fact.Value {
        if let text = form["text"]?.string { return .text(text) }
        if let day = form["day"]?.string { return .day(day) }
        if let digits = form["number"]?.string { return .number(digits) }
        if let moment = try form.optionalMoment("moment") { return .moment(moment) }
        if let days = try form.optionalWhole("days") { return .days(Int(days)) }
        if let account = form["account"] { return .account(try named(account)) }
        if let rate = form["rate"] {
            return .rate(
                Fact.ExchangeRate(
                    unit: try rate.text("unit"),
                    rate: try rate.text("rate"),
                    quoted: try rate.optionalText("quoted")
                )
            )
        }
        if form["values"] != nil { return .list(try form.list("values").map(value)) }
        if form["amount"] != nil {
            let currency = try form.text("currency")
            let amount = try form.text("amount")
            guard let money = Money(amount: amount, currency: currency, canBeZero: true) else {
                throw Unreadable(member: "amount")
            }
            return .money(money)
        }
        let codes = try form.texts("codes")
        var groups: [Fact.CodeGroup] = []
        if form["groups"] != nil {
            for name in try form.texts("groups") { groups.append(try known(name, "groups")) }
        }
        guard groups.isEmpty || groups.count == codes.count else {
            throw Unreadable(member: "groups")
        }
        return .codes(codes, Fact.Codes(try form.text("list")), groups: groups)
    }
}

/// Members of a type that the reader requires.
extension JSONValue {
    static func moment(_ moment: Timestamp) -> JSONValue { whole(moment.milliseconds) }

    /// A number that a double holds, or else its digits as text, so that it is read back exactly.
    static func whole(_ number: Int64) -> JSONValue {
        number.magnitude < 1 << 53 ? .number(String(number)) : .string(String(number))
    }

    func text(_ name: String) throws(ConsentForm.Unreadable) -> String {
        guard let text = self[name]?.string else { throw ConsentForm.Unreadable(member: name) }
        return text
    }

    func optionalText(_ name: String) throws(ConsentForm.Unreadable) -> String? {
        self[name] == nil ? nil : try text(name)
    }

    func optionalMoment(_ name: String) throws(ConsentForm.Unreadable) -> Timestamp? {
        try optionalWhole(name).map { Timestamp(milliseconds: $0) }
    }

    func optionalWhole(_ name: String) throws(ConsentForm.Unreadable) -> Int64? {
        guard let value = self[name] else { return nil }
        guard let number = value.integer.map({ Int64($0) }) ?? value.string.flatMap({ Int64($0) })
        else { throw ConsentForm.Unreadable(member: name) }
        return number
    }

    func list(_ name: String) throws(ConsentForm.Unreadable) -> [JSONValue] {
        guard let values = self[name]?.array else { throw ConsentForm.Unreadable(member: name) }
        return values
    }

    func texts(_ name: String) throws(ConsentForm.Unreadable) -> [String] {
        guard let texts = self[name]?.strings else { throw ConsentForm.Unreadable(member: name) }
        return texts
    }
}

import HTTP
import JSON
import Logins

/// One object of a consent, read member by member. What nobody asks for stays behind and is shown
/// at the end under its server's own name: nothing the server says of a consent is hidden.
///
/// A null member and an empty text are absent ones.
struct ConsentMembers {
    /// Where the object is, for problems: `Initiation.CreditorAccount`.
    let path: String
    private var rest: [JSONObject.Member]

    init(_ object: JSONObject, at path: String) {
        self.path = path
        rest = object.members
    }

    func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    mutating func take(_ name: String) -> JSONValue? {
        guard let index = rest.firstIndex(where: { $0.name == name }) else { return nil }
        let value = rest.remove(at: index).value
        return value.isNull ? nil : value
    }

    /// Takes texts that are not shown; each caller says why. Anything but a text is.
    mutating func drop(_ names: String...) throws(ConsentProblem) {
        for name in names { _ = try text(name) }
    }

    mutating func text(_ name: String) throws(ConsentProblem) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.string, text.unicodeScalars.count <= ConsentLimits.text else {
            throw .incomplete(place(name))
        }
        return text.isEmpty ? nil : text
    }

    mutating func requiredText(_ name: String) throws(ConsentProblem) -> String {
        guard let text = try text(name) else { throw .incomplete(place(name)) }
        return text
    }

    mutating func object(_ name: String) throws(ConsentProblem) -> ConsentMembers? {
        guard let value = take(name) else { return nil }
        guard let object = value.object else { throw .incomplete(place(name)) }
        return ConsentMembers(object, at: place(name))
    }

    mutating func requiredObject(_ name: String) throws(ConsentProblem) -> ConsentMembers {
        guard let object = try object(name) else { throw .incomplete(place(name)) }
        return object
    }

    /// The objects of a list, nothing when it is absent.
    mutating func objects(_ name: String) throws(ConsentProblem) -> [ConsentMembers] {
        guard let value = take(name) else { return [] }
        guard let values = value.array, values.count <= ConsentLimits.entries else {
            throw .incomplete(place(name))
        }
        var objects: [ConsentMembers] = []
        for (index, value) in values.enumerated() {
            let place = "\(place(name))[\(index)]"
            guard let object = value.object else { throw .incomplete(place) }
            objects.append(ConsentMembers(object, at: place))
        }
        return objects
    }

    /// The texts of a list, nil when it is absent.
    mutating func texts(_ name: String) throws(ConsentProblem) -> [String]? {
        guard let value = take(name) else { return nil }
        guard let values = value.array, values.count <= ConsentLimits.codes else {
            throw .incomplete(place(name))
        }
        var texts: [String] = []
        for (index, value) in values.enumerated() {
            guard let text = value.string, !text.isEmpty,
                text.unicodeScalars.count <= ConsentLimits.text
            else {
                throw .incomplete("\(place(name))[\(index)]")
            }
            texts.append(text)
        }
        return texts
    }

    /// What is asked for, by codes that all have words in `list`; at least one.
    mutating func permissions(
        _ name: String,
        _ list: Fact.Codes
    ) throws(ConsentProblem) -> Fact.Value {
        guard let codes = try texts(name), !codes.isEmpty else { throw .incomplete(place(name)) }
        guard codes.allSatisfy({ KnownCodes.contains($0, in: list) }) else {
            throw .unknownCode(place(name))
        }
        return .codes(codes, list)
    }

    /// `{Amount, Currency}`.
    mutating func money(_ name: String) throws(ConsentProblem) -> Money? {
        guard var object = try object(name) else { return nil }
        let money = try object.money("Amount", "Currency")
        try object.end()
        return money
    }

    mutating func requiredMoney(_ name: String) throws(ConsentProblem) -> Money {
        guard let money = try money(name) else { throw .incomplete(place(name)) }
        return money
    }

    /// Two members of this object that are an amount.
    mutating func money(_ amount: String, _ currency: String) throws(ConsentProblem) -> Money {
        let digits = try requiredText(amount)
        let code = try requiredText(currency)
        guard let money = Money(amount: digits, currency: code) else {
            throw .incomplete(place(amount))
        }
        return money
    }

    /// A date and time, or a day.
    mutating func moment(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        guard let text = try text(name) else { return nil }
        if let milliseconds = RFC3339.parse(text) {
            return .moment(Timestamp(milliseconds: milliseconds))
        }
        // A day is a date and time without the time.
        guard text.utf8.count == 10, RFC3339.parse(text + "T00:00:00Z") != nil else {
            throw .incomplete(place(name))
        }
        return .day(text)
    }

    mutating func requiredMoment(_ name: String) throws(ConsentProblem) -> Fact.Value {
        guard let moment = try moment(name) else { throw .incomplete(place(name)) }
        return moment
    }

    /// A date and time that something is reckoned with.
    mutating func timestamp(_ name: String) throws(ConsentProblem) -> Timestamp? {
        switch try moment(name) {
        case nil: nil
        case .moment(let timestamp): timestamp
        case .text, .money, .day, .number, .days, .codes, .account:
            throw .incomplete(place(name))
        }
    }

    /// A JSON number without sign and exponent, digits as they came.
    mutating func number(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        guard let value = take(name) else { return nil }
        guard case .number(let text) = value, Self.isPlainNumber(text) else {
            throw .incomplete(place(name))
        }
        return .number(text)
    }

    mutating func days(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        guard let value = take(name) else { return nil }
        guard let days = value.integer, (0...100_000).contains(days) else {
            throw .incomplete(place(name))
        }
        return .days(days)
    }

    static func isPlainNumber(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        return text.utf8.count <= ConsentLimits.number && (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
    }

    /// What is left over, shown as it is. What is empty says nothing. A prefix stands before each
    /// name where the name alone would not say whose it is.
    consuming func further(_ prefix: String = "") throws(ConsentProblem) -> [Fact] {
        guard rest.count <= ConsentLimits.further else { throw .incomplete(path) }
        var facts: [Fact] = []
        for member in rest where !Self.isEmpty(member.value) {
            let name = prefix.isEmpty ? member.name : "\(prefix).\(member.name)"
            guard name.unicodeScalars.count <= 200, let text = Self.shown(member.value) else {
                throw .incomplete(place(String(member.name.prefix(64))))
            }
            facts.append(Fact(.further(name), .text(text)))
        }
        return facts
    }

    /// Nothing may be left over where only known members can be shown.
    consuming func end() throws(ConsentProblem) {
        if let member = rest.first(where: { !Self.isEmpty($0.value) }) {
            throw .incomplete(place(String(member.name.prefix(64))))
        }
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .string(""): true
        case .bool, .number, .string: false
        case .array(let values): values.isEmpty
        case .object(let object): object.members.isEmpty
        }
    }

    private static func shown(_ value: JSONValue) -> String? {
        switch value {
        case .null: return nil
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let text): return text.utf8.count <= ConsentLimits.number ? text : nil
        case .string(let text): return text.unicodeScalars.count <= ConsentLimits.text ? text : nil
        case .array, .object:
            let bytes = value.bytes
            return bytes.count <= ConsentLimits.nested
                ? String(decoding: bytes, as: UTF8.self) : nil
        }
    }
}

extension [Fact] {
    mutating func add(_ label: Fact.Known, _ value: Fact.Value?) {
        if let value { append(Fact(.known(label), value)) }
    }

    mutating func add(_ label: Fact.Known, text: String?) {
        add(label, text.map { .text($0) })
    }

    mutating func add(_ label: Fact.Known, code: String?, _ list: Fact.Codes) {
        add(label, code.map { .codes([$0], list) })
    }
}

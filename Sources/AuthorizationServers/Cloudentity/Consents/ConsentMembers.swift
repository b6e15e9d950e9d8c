import HTTP
import JSON
import Logins
import Texts

/// One object of a consent, read member by member. `further()` returns what was not read, labelled
/// with the server's names, so that nothing is hidden from the user.
///
/// A member that is null or an empty text counts as absent.
struct ConsentMembers {
    /// Where the object is, for error messages: `Initiation.CreditorAccount`.
    let path: String
    private var rest: [JSONObject.Member]

    init(_ object: JSONObject, at path: String) {
        self.path = path
        rest = object.members
    }

    func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    mutating func take(_ name: String) -> JSONValue? {
        guard let index = rest.firstIndex(where: { $0.name.isExactly(name) }) else { return nil }
        let value = rest.remove(at: index).value
        return value.isNull ? nil : value
    }

    // MARK: Facts

    /// How a member becomes the value of a fact.
    indirect enum Reading {
        case text
        /// One code of a list.
        case code(Fact.Codes)
        /// Codes that must all be known, at least one.
        case permissions(PermissionList)
        /// `{Amount, Currency}`.
        case money
        /// A date, with a time or without.
        case moment
        /// A JSON number.
        case number
        /// A whole number that the standard writes as a text.
        case count
        /// A number of days.
        case days
        case required(Reading)
    }

    /// The facts that these members are, in this order. A member that is absent is left out, unless it
    /// is required.
    mutating func facts(
        _ rows: (label: Fact.Known, name: String, reading: Reading)...
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        for row in rows { facts.add(row.label, try value(row.name, row.reading)) }
        return facts
    }

    private mutating func value(
        _ name: String,
        _ reading: Reading
    ) throws(ConsentProblem) -> Fact.Value? {
        switch reading {
        case .text: return try text(name).map { .text($0) }
        case .code(let list): return try text(name).map { .codes([$0], list) }
        case .permissions(let list): return list.value(try permissionCodes(name, list))
        case .money: return try money(name).map { .money($0) }
        case .moment: return try moment(name)
        case .number: return try number(name)
        case .count: return try count(name)
        case .days: return try days(name)
        case .required(let reading):
            guard let value = try value(name, reading) else { throw .incomplete(place(name)) }
            return value
        }
    }

    // MARK: Members

    /// Reads texts that are not shown. Any other type of value throws. Each caller says why it may
    /// hide them.
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

    /// The objects in a list; empty when it is absent.
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

    /// The texts in a list; nil when it is absent.
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

    /// The codes of what is requested: at least one, and all of them in `list`.
    mutating func permissionCodes(
        _ name: String,
        _ list: PermissionList
    ) throws(ConsentProblem) -> [String] {
        guard let codes = try texts(name), !codes.isEmpty else { throw .incomplete(place(name)) }
        guard codes.allSatisfy(list.contains) else { throw .unknownCode(place(name)) }
        return codes
    }

    /// `{Amount, Currency}`.
    private mutating func money(_ name: String) throws(ConsentProblem) -> Money? {
        guard var object = try object(name) else { return nil }
        let money = try object.money("Amount", "Currency")
        try object.end()
        return money
    }

    /// An amount whose digits and currency are members of this object.
    mutating func money(_ amount: String, _ currency: String) throws(ConsentProblem) -> Money {
        let digits = try requiredText(amount)
        let code = try requiredText(currency)
        guard let money = Money(amount: digits, currency: code) else {
            throw .incomplete(place(amount))
        }
        return money
    }

    /// A date with a time, or a date alone.
    private mutating func moment(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        guard let text = try text(name) else { return nil }
        if let milliseconds = RFC3339.parse(text) {
            return .moment(Timestamp(milliseconds: milliseconds))
        }
        guard text.utf8.count == 10, RFC3339.parse(text + "T00:00:00Z") != nil else {
            throw .incomplete(place(name))
        }
        return .day(text)
    }

    /// A date with a time.
    mutating func timestamp(_ name: String) throws(ConsentProblem) -> Timestamp? {
        switch try moment(name) {
        case nil: nil
        case .moment(let timestamp): timestamp
        case .text, .money, .day, .number, .days, .codes, .account:
            throw .incomplete(place(name))
        }
    }

    /// Without sign and exponent. The digits are kept as they are.
    private mutating func number(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        guard let value = take(name) else { return nil }
        guard case .number(let text) = value, Self.isPlainNumber(text) else {
            throw .incomplete(place(name))
        }
        return .number(text)
    }

    private mutating func days(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        guard let value = take(name) else { return nil }
        guard let days = value.integer, (0...100_000).contains(days) else {
            throw .incomplete(place(name))
        }
        return .days(days)
    }

    private mutating func count(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        guard let value = take(name) else { return nil }
        guard let text = value.string, Self.isPlainNumber(text), !text.utf8.contains(0x2E) else {
            throw .incomplete(place(name))
        }
        return .number(text)
    }

    static func isPlainNumber(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        return text.utf8.count <= ConsentLimits.number && (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
    }

    /// The members that were not read, as facts; empty ones are left out. `prefix` precedes each name
    /// where the name alone would be ambiguous.
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

    /// Throws if a member was not read.
    consuming func end() throws(ConsentProblem) {
        if let member = rest.first(where: { !Self.isEmpty($0.value) }) {
            throw .incomplete(place(String(member.name.prefix(64))))
        }
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .string(let text): text.isEmpty
        case .bool, .number: false
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
}

/// The codes of a standard that users may be asked to permit, each with the group that it is shown
/// in. A code that is missing here makes the consent unusable.
struct PermissionList: Sendable {
    private let list: Fact.Codes
    private let groups: [ExactText: Fact.CodeGroup]

    init(_ list: Fact.Codes, _ codes: [Fact.CodeGroup: [String]]) {
        self.list = list
        groups = codes.reduce(into: [:]) { groups, entry in
            for code in entry.value { groups[code.exact] = entry.key }
        }
    }

    func contains(_ code: String) -> Bool { groups[code.exact] != nil }

    func value(_ codes: [String]) -> Fact.Value {
        .codes(codes, list, groups: codes.map { groups[$0.exact] ?? .other })
    }
}

import HTTP
import JSON
import Logins
import Texts

/// One object of a consent, read member by member. `further()` returns what was not read, labelled
/// with the server's names, so that nothing is hidden from the user.
///
/// A member that is null or a text that reads as empty counts as absent.
struct ConsentMembers {
    /// Where the object is, for error messages: `Initiation.CreditorAccount`.
    let path: String
    /// Whether they are of a payment, in which no member that says when, how often or how much may be
    /// left unread.
    private let isPayment: Bool
    private var rest: [JSONObject.Member]

    init(_ object: JSONObject, at path: String, ofPayment isPayment: Bool = false) {
        self.path = path
        self.isPayment = isPayment
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
        /// A text or a list of texts. A number is a text.
        case text
        /// The same, where a standard has a list.
        case texts
        /// A code of a list that others may extend. An unknown one is shown as it is.
        case code(Fact.Codes)
        /// A code that changes what is approved. An unknown one makes the consent unusable.
        case oneOf(ClosedList)
        /// A standing order's frequency, in the notation of version 3 of Open Banking.
        case frequency
        /// A Boolean, also as a text.
        case flag
        /// Codes that must all be known, at least one.
        case permissions(PermissionList)
        /// `{Amount, Currency}`, above zero.
        case money
        /// The same, or zero.
        case moneyOrZero
        /// `{Amount, Currency}`, or a number whose currency is not said.
        case moneyOrNumber
        /// A date, with a time or without.
        case moment
        /// A day of the standard's calendar, however it is written.
        case day(DayClock)
        /// A day if a day was meant, which the first or last second of one says, or else a time.
        case dayOrMoment
        /// A number, also as a text or with an exponent.
        case number
        /// A whole number, also as a text, with an exponent or with a fraction of nothing.
        case count
        /// The same, and not zero.
        case countAboveZero
        /// A count of days.
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
        case .text, .texts: return try textOrTexts(name)
        case .code(let list): return try text(name).map { .codes([$0], list) }
        case .oneOf(let list): return try code(name, in: list).map { .codes([$0], list.list) }
        case .frequency:
            guard let code = try text(name) else { return nil }
            guard StandingOrderFrequency(code) != nil else { throw .unknownCode(place(name)) }
            return .codes([code], .frequency)
        case .flag:
            guard let value = take(name) else { return nil }
            guard let flag = value.bool.map({ $0 ? "true" : "false" }) ?? value.string,
                flag.isExactly("true") || flag.isExactly("false")
            else { throw .incomplete(place(name)) }
            return .codes([flag], .yesNo)
        case .permissions(let list): return list.value(try permissionCodes(name, list))
        case .money: return try money(name).map { .money($0) }
        case .moneyOrZero: return try money(name, canBeZero: true).map { .money($0) }
        case .moneyOrNumber:
            return value(of: name)?.object == nil
                ? try number(name) : try money(name, canBeZero: true).map { .money($0) }
        case .moment: return try moment(name)
        case .day(let clock): return try day(name, clock)
        case .dayOrMoment: return try dayOrMoment(name)
        case .number: return try number(name)
        case .count: return try count(name)
        case .countAboveZero:
            let count = try count(name)
            guard count != .number("0") else { throw .incomplete(place(name)) }
            return count
        case .days: return try days(name)
        case .required(let reading):
            guard let value = try value(name, reading) else { throw .incomplete(place(name)) }
            return value
        }
    }

    /// A text or a list of texts; nil when it is absent or empty.
    mutating func textOrTexts(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        let lines = try lines(name)
        return lines.isEmpty ? nil : .group(lines)
    }

    /// The texts of a list, or the one that stands in its place.
    mutating func lines(_ name: String) throws(ConsentProblem) -> [Fact.Value] {
        (try texts(name) ?? []).compactMap(\.unlessEmpty).map { .text($0) }
    }

    private func value(of name: String) -> JSONValue? {
        rest.first { $0.name.isExactly(name) }?.value
    }

    // MARK: Members

    /// Reads texts that are not shown. Any other type of value throws. Each caller says why it may
    /// hide them.
    mutating func drop(_ names: String...) throws(ConsentProblem) {
        for name in names { _ = try text(name) }
    }

    /// Takes members of any type that say how far the consent is, and not what is approved.
    mutating func dropProgress(_ names: String...) {
        for name in names { _ = take(name) }
    }

    /// A text for people. One that reads as empty is absent, so that the next best is shown. A number
    /// is the text that was sent, and a list of one text is that text.
    mutating func text(_ name: String) throws(ConsentProblem) -> String? {
        guard let value = take(name), !Self.isEmpty(value) else { return nil }
        guard let text = Self.text(value) else { throw .incomplete(place(name)) }
        return text
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text):
            return text.unicodeScalars.count <= ConsentLimits.text ? text : nil
        case .number(let text): return text.utf8.count <= ConsentLimits.number ? text : nil
        case .array(let values):
            let values = values.filter { !isEmpty($0) }
            guard values.count == 1, values[0].array == nil else { return nil }
            return text(values[0])
        case .null, .bool, .object: return nil
        }
    }

    /// A text for people of any length that the answer has room for. Whoever shows it may have to cut
    /// it, and then shows elsewhere what is cut.
    mutating func wholeText(_ name: String) throws(ConsentProblem) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.string else { throw .incomplete(place(name)) }
        return text.unlessEmpty
    }

    /// A text that names something: only `""` is absent.
    mutating func exactText(_ name: String) throws(ConsentProblem) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.string, text.unicodeScalars.count <= ConsentLimits.text else {
            throw .incomplete(place(name))
        }
        return text.isEmpty ? nil : text
    }

    /// The digits of a whole number that stands in the place of a text; nil for anything else, which
    /// is left.
    mutating func wholeNumber(_ name: String) -> String? {
        guard case .number(let digits)? = value(of: name),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        _ = take(name)
        return digits
    }

    /// Whether the server said something in a member.
    func has(_ name: String) -> Bool { value(of: name).map { !Self.isEmpty($0) } ?? false }

    /// A code of a list to which its standard adds none.
    mutating func code(
        _ name: String,
        in list: ClosedList
    ) throws(ConsentProblem) -> String? {
        guard let code = try text(name) else { return nil }
        guard list.contains(code) else { throw .unknownCode(place(name)) }
        return code
    }

    mutating func requiredText(_ name: String) throws(ConsentProblem) -> String {
        guard let text = try text(name) else { throw .incomplete(place(name)) }
        return text
    }

    /// One in which nothing is said is absent.
    mutating func object(_ name: String) throws(ConsentProblem) -> ConsentMembers? {
        guard let value = take(name) else { return nil }
        if value.object != nil, Self.isEmpty(value) { return nil }
        guard let object = value.object else { throw .incomplete(place(name)) }
        return ConsentMembers(object, at: place(name), ofPayment: isPayment)
    }

    mutating func requiredObject(_ name: String) throws(ConsentProblem) -> ConsentMembers {
        guard let object = try object(name) else { throw .incomplete(place(name)) }
        return object
    }

    /// The objects in a list, or the one in its place; empty when it is absent. Those in which nothing is said are left out.
    mutating func objects(_ name: String) throws(ConsentProblem) -> [ConsentMembers] {
        guard let value = take(name) else { return [] }
        guard let values = value.object == nil ? value.array : [value],
            values.count <= ConsentLimits.entries
        else { throw .incomplete(place(name)) }
        var objects: [ConsentMembers] = []
        for (index, value) in values.enumerated() where !Self.isEmpty(value) {
            let place = "\(place(name))[\(index)]"
            guard let object = value.object else { throw .incomplete(place) }
            objects.append(ConsentMembers(object, at: place, ofPayment: isPayment))
        }
        return objects
    }

    /// The texts in a list, or the one in its place, without empty ones; nil when it is absent.
    mutating func texts(_ name: String) throws(ConsentProblem) -> [String]? {
        guard let value = take(name) else { return nil }
        let values = value.array ?? [value]
        guard values.count <= ConsentLimits.codes else { throw .incomplete(place(name)) }
        var texts: [String] = []
        for (index, value) in values.enumerated() where !Self.isEmpty(value) {
            guard value.array == nil, let text = Self.text(value) else {
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

    /// `{Amount, Currency}`. Only what is not paid may be in a currency that nobody knows.
    mutating func money(
        _ name: String,
        canBeZero: Bool = false,
        in currencies: ClosedList? = .currencies
    ) throws(ConsentProblem) -> Money? {
        guard var object = try object(name) else { return nil }
        let money = try object.money(
            "Amount",
            "Currency",
            canBeZero: canBeZero,
            in: currencies
        )
        try object.end()
        return money
    }

    /// An amount whose digits and currency are members of this object. The digits of a number are
    /// those that were sent, with its exponent written out.
    mutating func money(
        _ amount: String,
        _ currency: String,
        canBeZero: Bool = false,
        in currencies: ClosedList? = .currencies
    ) throws(ConsentProblem) -> Money {
        let isText = value(of: amount)?.string != nil
        let digits = isText ? try text(amount) : try self.digits(amount)
        guard let digits else { throw .incomplete(place(amount)) }
        let code = try requiredText(currency)
        if let currencies, !currencies.contains(code) { throw .unknownCode(place(currency)) }
        guard let money = Money(amount: digits, currency: code, canBeZero: canBeZero) else {
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

    private mutating func day(
        _ name: String,
        _ clock: DayClock
    ) throws(ConsentProblem) -> Fact.Value? {
        let written = value(of: name).flatMap(Self.text)
        guard let value = try moment(name) else { return nil }
        guard case .moment(let time) = value, let written else { return value }
        return .day(DayClock.wholeDay(written) ?? clock.day(of: time))
    }

    private mutating func dayOrMoment(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        let written = value(of: name).flatMap(Self.text)
        guard let value = try moment(name) else { return nil }
        return written.flatMap(DayClock.wholeDay).map { .day($0) } ?? value
    }

    /// A date with a time.
    mutating func timestamp(_ name: String) throws(ConsentProblem) -> Timestamp? {
        switch try moment(name) {
        case nil: nil
        case .moment(let timestamp): timestamp
        case .text, .money, .day, .number, .days, .codes, .account, .rate, .list:
            throw .incomplete(place(name))
        }
    }

    /// Without a sign and without superfluous zeros in front. An exponent is written out.
    private mutating func number(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        try digits(name).map { .number($0) }
    }

    /// A number as plain digits with at most one point.
    mutating func digits(_ name: String) throws(ConsentProblem) -> String? {
        guard let value = take(name), value.string?.isEmpty != true else { return nil }
        let text: String
        switch value {
        case .number(let number), .string(let number): text = number
        case .null, .bool, .array, .object: throw .incomplete(place(name))
        }
        guard let plain = PlainNumber.text(text) else { throw .incomplete(place(name)) }
        return plain
    }

    private mutating func days(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        guard let text = try whole(name) else { return nil }
        guard let days = Int(text), (0...100_000).contains(days) else {
            throw .incomplete(place(name))
        }
        return .days(days)
    }

    private mutating func count(_ name: String) throws(ConsentProblem) -> Fact.Value? {
        try whole(name).map { .number($0) }
    }

    private mutating func whole(_ name: String) throws(ConsentProblem) -> String? {
        guard let text = try digits(name) else { return nil }
        let parts = text.utf8.split(separator: 0x2E)
        guard parts.count == 1 || parts[1].allSatisfy({ $0 == 0x30 }) else {
            throw .incomplete(place(name))
        }
        return String(decoding: Array(parts[0]), as: UTF8.self)
    }

    /// The members that were not read, as facts; empty ones are left out. What is in objects and
    /// lists has a fact of its own, named by its path. `prefix` precedes each name where the name
    /// alone would be ambiguous. A payment must have no member of `PaymentTerms` among them.
    consuming func further(_ prefix: String = "") throws(ConsentProblem) -> [Fact] {
        guard rest.count <= ConsentLimits.further else { throw .incomplete(path) }
        var facts: [Fact] = []
        for member in rest {
            let name = prefix.isEmpty ? member.name : "\(prefix).\(member.name)"
            let place = place(member.name.firstBytes(64))
            if isPayment, Self.hasTerms(member, isOrder: prefix.isEmpty) { throw .misplaced(place) }
            do throws(ConsentProblem) {
                try Self.add(member.value, name, &facts)
            } catch {
                throw .incomplete(place)
            }
        }
        guard facts.count <= ConsentLimits.furtherValues else { throw .incomplete(path) }
        return facts
    }

    private static func hasTerms(_ member: JSONObject.Member, isOrder: Bool = false) -> Bool {
        guard !isEmpty(member.value) else { return false }
        return PaymentTerms.include(member.name, isOrder: isOrder) || hasTerms(in: member.value)
    }

    private static func hasTerms(in value: JSONValue) -> Bool {
        switch value {
        case .null, .bool, .number, .string: false
        case .array(let values): values.contains(where: hasTerms(in:))
        case .object(let object): object.members.contains { hasTerms($0) }
        }
    }

    private static func add(
        _ value: JSONValue,
        _ name: String,
        _ facts: inout [Fact]
    ) throws(ConsentProblem) {
        switch value {
        case .null: return
        case .string(let text) where text.readsAsEmpty: return
        case .bool, .number, .string:
            facts.append(try further(name, [value]))
        case .array(let values):
            guard values.count <= ConsentLimits.codes else { throw .incomplete(name) }
            let values = values.filter { !isEmpty($0) }
            guard !values.isEmpty else { return }
            if values.allSatisfy({ $0.array == nil && $0.object == nil }) {
                facts.append(try further(name, values))
            } else {
                for (index, value) in values.enumerated() {
                    try add(value, values.count == 1 ? name : "\(name)[\(index)]", &facts)
                }
            }
        case .object(let object):
            for member in object.members {
                try add(member.value, "\(name).\(member.name)", &facts)
                guard facts.count <= ConsentLimits.furtherValues else { throw .incomplete(name) }
            }
        }
    }

    private static func further(
        _ name: String,
        _ values: [JSONValue]
    ) throws(ConsentProblem) -> Fact {
        guard name.unicodeScalars.count <= 200 else { throw .incomplete(name) }
        var texts: [Fact.Value] = []
        for value in values {
            switch value {
            case .bool(let flag): texts.append(.text(flag ? "true" : "false"))
            case .number(let text) where text.utf8.count <= ConsentLimits.number:
                texts.append(.text(text))
            case .string(let text) where text.unicodeScalars.count <= ConsentLimits.text:
                texts.append(.text(text))
            case .null, .number, .string, .array, .object: throw .incomplete(name)
            }
        }
        return Fact(.further(name), .group(texts))
    }

    /// Throws if a member was not read.
    consuming func end() throws(ConsentProblem) {
        if let member = rest.first(where: { !Self.isEmpty($0.value) }) {
            throw .incomplete(place(member.name.firstBytes(64)))
        }
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .string(let text): text.readsAsEmpty
        case .bool, .number: false
        case .array(let values): values.allSatisfy(isEmpty)
        case .object(let object): object.members.allSatisfy { isEmpty($0.value) }
        }
    }
}

extension Fact.Value {
    /// Several values in one, or the only one itself.
    static func group(_ values: [Fact.Value]) -> Fact.Value {
        values.count == 1 ? values[0] : .list(values)
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

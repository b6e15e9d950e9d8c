import Texts

/// What some servers send in place of a value that they do not have: null, an empty text, or the
/// first moment of the year one, which is the zero of Go's and .NET's times.
public enum UnsetValue {
    /// Whether a text is a date or a date and time before the year two, in any zone and notation: no
    /// such time is meant. Of numbers, these are the first seconds or milliseconds of the year one,
    /// counted from 1970.
    public static func isTime(_ text: String) -> Bool {
        guard (10...64).contains(text.utf8.count) else { return false }
        if text.utf8.first == 0x2D { return isSeconds(text) }
        // Nearly every text ends here.
        var zeros = 0
        for byte in text.utf8 where zeros < 3 { zeros = byte == 0x30 ? zeros + 1 : 0 }
        guard zeros == 3 else { return false }
        let bytes = Array(text.utf8)
        return isISO(bytes) || isNamed(bytes)
    }

    /// In any zone, at most a day from it.
    private static func isSeconds(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ $0 &- 0x30 < 10 || "-.eE+".utf8.contains($0) }),
            let number = Double(text)
        else { return false }
        let first = -62_135_596_800.0
        return abs(number - first) <= 86_400 || abs(number / 1000 - first) <= 86_400
    }

    /// `0001-01-01T00:00:00Z`, and as Go and .NET print it.
    private static func isISO(_ bytes: [UInt8]) -> Bool {
        guard isFirstYear(bytes[..<4]) else { return false }
        func areDigits(_ places: [Int]) -> Bool { places.allSatisfy { bytes[$0] &- 0x30 < 10 } }
        var time: ArraySlice<UInt8>
        if bytes[4] == 0x2D, bytes[7] == 0x2D, areDigits([5, 6, 8, 9]) {
            time = bytes[10...]
            if time.isEmpty { return true }
        } else if areDigits([4, 5, 6, 7]) {
            time = bytes[8...]
        } else {
            return false
        }
        guard let separator = time.popFirst(), "Tt ".utf8.contains(separator) else { return false }
        while let last = time.last, last &- 0x41 < 26 || last == 0x7A { time.removeLast() }
        return time.first.map { $0 &- 0x30 < 10 } == true
            && time.allSatisfy { $0 &- 0x30 < 10 || ":.,+- ".utf8.contains($0) || $0 == 0x5A }
    }

    /// `Mon, 01 Jan 0001 00:00:00 GMT`, `Mon Jan  1 00:00:00 0001`, `1/1/0001 12:00:00 AM`: a year, a
    /// time, and other parts of a date.
    private static func isNamed(_ bytes: [UInt8]) -> Bool {
        var (clocks, years, days) = (0, 0, 0)
        for part in bytes.split(whereSeparator: { " ,/".utf8.contains($0) }) {
            let rest = part.filter { $0 &- 0x30 >= 10 }
            switch (rest, part.count) {
            case ([0x3A], _), ([0x3A, 0x3A], _): clocks += 1
            case ([], ...2): days += 1
            case ([], 4) where isFirstYear(part): years += 1
            case ([0x2B], _), ([0x2D], _): break
            default:
                guard names.contains(String(decoding: part, as: UTF8.self)) else { return false }
            }
        }
        return clocks == 1 && years == 1 && (1...2).contains(days)
    }

    private static func isFirstYear(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.starts(with: "000".utf8) && (bytes.last == 0x30 || bytes.last == 0x31)
    }

    private static let names = Set(
        """
        Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday Friday Saturday Sunday Jan Dec
        GMT UTC UT Z AM PM am pm
        """.split { $0 == " " || $0 == "\n" }.map(String.init)
    )

    /// Whether a text is empty, or such a time.
    public static func isText(_ text: String) -> Bool { text.isEmpty || isTime(text) }
}

extension JSONValue {
    /// The value without members and elements that are unset, at any depth. A member that is an
    /// object with unset members only is unset too. Such an element stays, as an empty object: its
    /// reader knows whether there can be less of what it lists.
    public var withoutUnset: JSONValue {
        switch self {
        case .null, .bool, .number, .string: return self
        case .array(let elements):
            return .array(elements.filter { !$0.isUnset }.map(\.withoutUnset))
        case .object(let object):
            return .object(
                JSONObject(
                    object.members.compactMap { member in
                        guard !member.value.isUnset else { return nil }
                        let value = member.value.withoutUnset
                        if value.object?.members.isEmpty == true,
                            member.value.object?.members.isEmpty == false
                        {
                            return nil
                        }
                        return JSONObject.Member(name: member.name, value: value)
                    }
                )
            )
        }
    }

    /// The same, with this member of the object as it is.
    public func withoutUnset(except name: String) -> JSONValue {
        guard let object, let own = object[name], let rest = withoutUnset.object else {
            return withoutUnset
        }
        var members = rest.members.filter { !$0.name.isExactly(name) }
        members.append(JSONObject.Member(name: name, value: own))
        return .object(JSONObject(members))
    }

    /// Whether it is null, an empty text or the first moment of the year one.
    public var isUnset: Bool {
        switch self {
        case .null: true
        case .string(let text): UnsetValue.isText(text)
        case .number(let text): UnsetValue.isTime(text)
        case .bool, .array, .object: false
        }
    }
}

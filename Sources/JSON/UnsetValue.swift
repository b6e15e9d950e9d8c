import Texts

/// What some servers send in place of a value that they do not have: null, an empty text, or the
/// first moment of the year one, which is the zero of Go's and .NET's times.
public enum UnsetValue {
    /// Whether a text is a date or a date and time before the year two, in any zone: no such time
    /// is meant.
    public static func isTime(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(40))
        guard bytes.count >= 10, bytes.starts(with: "000".utf8),
            bytes[3] == 0x30 || bytes[3] == 0x31, bytes[4] == 0x2D, bytes[7] == 0x2D
        else { return false }
        let digits = [5, 6, 8, 9]
        guard digits.allSatisfy({ bytes[$0] &- 0x30 < 10 }) else { return false }
        let time = bytes[10...]
        guard let separator = time.first else { return true }
        return "Tt ".utf8.contains(separator)
            && time.dropFirst().allSatisfy { byte in
                byte &- 0x30 < 10 || ":.,+-Zz".utf8.contains(byte)
            }
    }

    /// Whether a text is empty, or such a time.
    public static func isText(_ text: String) -> Bool { text.isEmpty || isTime(text) }
}

extension JSONValue {
    /// The value without members that are unset, at any depth. A member that is an object with unset
    /// members only is unset too. Elements of arrays stay: how many there are may matter.
    public var withoutUnset: JSONValue {
        switch self {
        case .null, .bool, .number, .string: return self
        case .array(let elements):
            return .array(elements.map(\.withoutUnset))
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

    private var isUnset: Bool {
        switch self {
        case .null: true
        case .string(let text): UnsetValue.isText(text)
        case .bool, .number, .array, .object: false
        }
    }
}

/// A JSON text as a tree (RFC 8259). For what is small or rare; the hot path uses `JSONScanner`.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// As it was written: no digit is lost to a binary float.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Parses one value and nothing after it.
    public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var scanner = JSONScanner(bytes, limits: limits)
        self = try scanner.value()
        try scanner.end()
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    public var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    /// The number, when it is a whole one that fits.
    public var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    public var isNull: Bool { self == .null }

    public subscript(name: String) -> JSONValue? { object?[name] }

    /// Its text, with members in the order they came.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}

/// Members in the order they came, each name once.
public struct JSONObject: Hashable, Sendable {
    public struct Member: Hashable, Sendable {
        public let name: String
        public let value: JSONValue
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var members: [Member]

    /// The caller vouches that no name comes twice.
    public init(_ members: [Member] = []) { self.members = members }

    public subscript(name: String) -> JSONValue? {
        members.first { $0.name == name }?.value
    }
}

/// What a text may cost.
public struct JSONLimits: Hashable, Sendable {
    public var depth: Int
    public init(depth: Int = 64) { self.depth = depth }
}

/// Why a text is not the JSON that was expected, and at which byte.
public struct JSONError: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case controlCharacterInString
        case badEscape
        case badUTF8
        case badNumber
        case tooDeep(limit: Int)
        case duplicateName(String)
        case trailingBytes
        case wrongType(expected: String)
    }

    public let reason: Reason
    public let offset: Int

    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// A sentence for whoever sent the text; it repeats none of it but a member's name.
    public var description: String {
        let what =
            switch reason {
            case .unexpectedEnd: "the text ends too early"
            case .unexpectedByte: "this byte cannot stand here"
            case .controlCharacterInString: "a control character in a string must be escaped"
            case .badEscape: "unknown or incomplete escape"
            case .badUTF8: "not valid UTF-8"
            case .badNumber: "not a number"
            case .tooDeep(let limit): "nested deeper than \(limit)"
            case .duplicateName(let name): "the member \"\(name.prefix(64))\" comes twice"
            case .trailingBytes: "there is something after the value"
            case .wrongType(let expected): "expected \(expected)"
            }
        return "not the JSON that is expected, at byte \(offset): \(what)"
    }
}

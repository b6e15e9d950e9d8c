import Texts

/// A JSON text as a tree (RFC 8259), for small or rare texts; routes with many requests use
/// `JSONScanner`.
public enum JSONValue: Hashable, Sendable {
    /// `null`, which is not the same as an absent member.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// The number as written, so that no digit is lost to a binary float.
    case number(String)
    /// A text without its escapes.
    case string(String)
    /// The elements in order.
    case array([JSONValue])
    /// The members in order, each name once.
    case object(JSONObject)

    /// Parses exactly one value.
    public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var scanner = JSONScanner(bytes, limits: limits)
        self = try scanner.value()
        try scanner.end()
    }

    /// The string; nil for any other value.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The Boolean; nil for any other value.
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    /// The elements; nil for any other value.
    public var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
    /// The object; nil for any other value.
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    /// The number, if it is written as an integer that fits.
    public var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    /// Whether this is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// The value of a member; nil when it is missing or this is not an object.
    public subscript(name: String) -> JSONValue? { object?[name] }

    /// Texts are compared by their bytes, numbers as they are written, members in their order.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left.isExactly(right)
        case (.string(let left), .string(let right)): left.isExactly(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let flag): hasher.combine(flag)
        case .number(let text), .string(let text): hasher.combine(text.exact)
        case .array(let values): hasher.combine(values)
        case .object(let object): hasher.combine(object)
        }
    }

    /// The JSON text, with the members in their order.
    public var bytes: [UInt8] {
        var writer = JSONWriter(reserving: 512)
        writer.value(self)
        return writer.bytes
    }
}

/// The members of an object, in their order, with unique names.
public struct JSONObject: Hashable, Sendable {
    /// A name and its value.
    public struct Member: Hashable, Sendable {
        /// The name.
        public let name: String
        /// The value.
        public let value: JSONValue
        /// A member.
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }

        public static func == (left: Self, right: Self) -> Bool {
            left.name.isExactly(right.name) && left.value == right.value
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(name.exact)
            hasher.combine(value)
        }
    }

    /// In the order of the text.
    public private(set) var members: [Member]

    /// The caller makes sure that names are unique.
    public init(_ members: [Member] = []) { self.members = members }

    /// The value of a member; nil when it is missing.
    public subscript(name: String) -> JSONValue? {
        for member in members where member.name.isExactly(name) { return member.value }
        return nil
    }
}

/// Limits for a parser.
public struct JSONLimits: Hashable, Sendable {
    /// How deeply arrays and objects may be nested.
    public var depth: Int
    /// By default 64 levels.
    public init(depth: Int = 64) { self.depth = depth }
}

/// Why a text is not the expected JSON, and at which byte.
public struct JSONError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// The text ends within a value.
        case unexpectedEnd
        /// A byte that the grammar does not allow there.
        case unexpectedByte(UInt8)
        /// A byte below 0x20 in a text (RFC 8259 §7).
        case controlCharacterInString
        /// An unknown or incomplete escape, or half a surrogate pair (RFC 8259 §7).
        case badEscape
        /// Bytes that are not UTF-8 (RFC 3629).
        case badUTF8
        /// Digits that are not a number (RFC 8259 §6).
        case badNumber
        /// More than `JSONLimits.depth` arrays and objects within each other.
        case tooDeep(limit: Int)
        /// A member's name that its object already has; RFC 8259 §4 leaves its meaning open.
        case duplicateName(String)
        /// Something after the value other than white space.
        case trailingBytes
        /// A value of another type than the caller reads.
        case wrongType(expected: String)
    }

    /// What is wrong.
    public let reason: Reason
    /// The position in the bytes, from zero.
    public let offset: Int

    /// An error.
    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// A sentence for the sender of the text. It contains nothing of the text but a member's name.
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
            case .duplicateName(let name): "the member \"\(name.firstBytes(64))\" comes twice"
            case .trailingBytes: "there is something after the value"
            case .wrongType(let expected): "expected \(expected)"
            }
        return "not the JSON that is expected, at byte \(offset): \(what)"
    }
}

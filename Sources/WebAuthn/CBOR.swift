internal import Texts

/// A value of CBOR (RFC 8949), as far as CTAP2 and WebAuthn use it. Floating-point numbers, tags and
/// simple values other than `false`, `true` and `null` are not read.
public enum CBOR: Hashable, Sendable {
    /// Major type 0.
    case unsigned(UInt64)
    /// Major type 1: the number is `-1 - value`.
    case negative(UInt64)
    /// Major type 2.
    case bytes([UInt8])
    /// Major type 3, valid UTF-8.
    case text(String)
    /// Major type 4, in order.
    case array([CBOR])
    /// Major type 5, in the order of the bytes; each key is there once.
    case map([Entry])
    /// Simple values 20 and 21.
    case bool(Bool)
    /// Simple value 22.
    case null

    /// A key, which is a number or a text, and its value.
    public struct Entry: Hashable, Sendable {
        /// The key.
        public let key: CBOR
        /// The value.
        public let value: CBOR

        /// An entry of a map.
        public init(_ key: CBOR, _ value: CBOR) {
            self.key = key
            self.value = value
        }
    }

    /// Reads exactly one value.
    ///
    /// - Throws: `CBORError`.
    public init(_ bytes: [UInt8], order: CBORDecoder.Order = .canonical) throws(CBORError) {
        var decoder = CBORDecoder(bytes, order: order)
        self = try decoder.value()
        try decoder.end()
    }

    /// The number, if it fits.
    public var integer: Int? {
        switch self {
        case .unsigned(let value): Int(exactly: value)
        case .negative(let value): Int(exactly: value).map { -1 - $0 }
        case .bytes, .text, .array, .map, .bool, .null: nil
        }
    }

    /// The bytes; nil for any other value.
    public var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
    /// The text; nil for any other value.
    public var text: String? { if case .text(let text) = self { text } else { nil } }
    /// The entries; nil for any other value.
    public var entries: [Entry]? { if case .map(let entries) = self { entries } else { nil } }

    /// The value with this number as its key; nil when it is missing or this is not a map.
    public subscript(key: Int) -> CBOR? {
        entries?.first { $0.key.integer == key }?.value
    }

    /// The value with this text as its key; nil when it is missing or this is not a map.
    public subscript(key: String) -> CBOR? {
        entries?.first { $0.key.text?.isExactly(key) ?? false }?.value
    }

    /// Texts are compared by their bytes.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.unsigned(let left), .unsigned(let right)): left == right
        case (.negative(let left), .negative(let right)): left == right
        case (.bytes(let left), .bytes(let right)): left == right
        case (.text(let left), .text(let right)): left.isExactly(right)
        case (.array(let left), .array(let right)): left == right
        case (.map(let left), .map(let right)): left == right
        case (.bool(let left), .bool(let right)): left == right
        case (.null, .null): true
        case (.unsigned, _), (.negative, _), (.bytes, _), (.text, _), (.array, _), (.map, _),
            (.bool, _), (.null, _):
            false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .unsigned(let value), .negative(let value): hasher.combine(value)
        case .bytes(let bytes): hasher.combine(bytes)
        case .text(let text): hasher.combine(text.exact)
        case .array(let values): hasher.combine(values)
        case .map(let entries): hasher.combine(entries)
        case .bool(let flag): hasher.combine(flag)
        case .null: hasher.combine(0)
        }
    }
}

/// Why bytes are not the CBOR that is read here, and where.
public struct CBORError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// The bytes end within a value, or a length goes beyond their end.
        case unexpectedEnd
        /// Something after the value.
        case trailingBytes
        /// A length or number that has a shorter form (CTAP2 §8).
        case notShortest
        /// A length that is not stated at the beginning (CTAP2 §8).
        case indefiniteLength
        /// A tag, a floating-point number, or a simple value that is not read here.
        case unsupported
        /// Arrays and maps nested deeper than `CBORDecoder.depth`.
        case tooDeep
        /// A key that is neither a number nor a text.
        case badKey
        /// A key that its map already has.
        case duplicateKey
        /// Keys that are not in the canonical order (CTAP2 §8).
        case unsorted
        /// A text that is not UTF-8.
        case badUTF8
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

extension CBORError: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        let what =
            switch reason {
            case .unexpectedEnd: "it ends too early"
            case .trailingBytes: "there is something after the value"
            case .notShortest: "a number has a shorter form"
            case .indefiniteLength: "a length is not stated"
            case .unsupported: "a kind of value that is not read"
            case .tooDeep: "nested deeper than \(CBORDecoder.depth)"
            case .badKey: "a key is neither a number nor a text"
            case .duplicateKey: "a key comes twice"
            case .unsorted: "keys are not in their order"
            case .badUTF8: "not valid UTF-8"
            }
        return "not the CBOR that is expected, at byte \(offset): \(what)"
    }
}

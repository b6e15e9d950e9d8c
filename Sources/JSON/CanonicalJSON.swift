import Texts

/// One text for each JSON value: the JSON Canonicalization Scheme (RFC 8785).
///
/// Members are sorted by the UTF-16 code units of their names, numbers are written as ECMAScript
/// writes them, and strings have no unnecessary escapes. So a hash of these bytes depends on the
/// value and not on how it was written.
public struct CanonicalJSON: Sendable {
    /// What happens to a number that a double cannot represent exactly.
    public enum Numbers: Hashable, Sendable {
        /// It is rounded to the nearest double (RFC 8785 §3.2.2.3): `1.0000000000000000001` and `1`
        /// have the same canonical form.
        case nearest
        /// It is refused, so that two different amounts never have the same form.
        case exact
        /// It stands as it was written, so that two different amounts never
        /// have the same form.
        case written
    }

    /// What happens to a noncharacter, a code point that Unicode assigns to no character.
    public enum Noncharacters: Hashable, Sendable {
        /// It is refused, as I-JSON requires (RFC 7493 §2.1).
        case refused
        /// It is allowed, so that every text has a form.
        case kept
    }

    private let numbers: Numbers
    private let noncharacters: Noncharacters
    private var bytes: [UInt8] = []

    private init(numbers: Numbers, noncharacters: Noncharacters) {
        self.numbers = numbers
        self.noncharacters = noncharacters
    }

    /// The canonical form of `value`, in UTF-8.
    ///
    /// - Throws: `CanonicalJSONError` when the value is not I-JSON (RFC 7493 §2). A lone surrogate
    ///   cannot be in a `String`; `JSONScanner` refuses its escape.
    public static func bytes(
        of value: JSONValue,
        numbers: Numbers = .nearest,
        noncharacters: Noncharacters = .refused
    ) throws(CanonicalJSONError) -> [UInt8] {
        var canonical = CanonicalJSON(numbers: numbers, noncharacters: noncharacters)
        try canonical.append(value)
        return canonical.bytes
    }

    private mutating func append(_ value: JSONValue) throws(CanonicalJSONError) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let text): try append(number: text)
        case .string(let text): try append(string: text)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try append(value)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object): try append(object)
        }
    }

    private mutating func append(_ object: JSONObject) throws(CanonicalJSONError) {
        // The code units are computed once for each name, not for each comparison.
        let members = object.members.map { (key: Array($0.name.utf16), member: $0) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        bytes.append(UInt8(ascii: "{"))
        for (index, entry) in members.enumerated() {
            if index > 0 {
                guard members[index - 1].key != entry.key else {
                    throw .duplicateName(entry.member.name)
                }
                bytes.append(UInt8(ascii: ","))
            }
            try append(string: entry.member.name)
            bytes.append(UInt8(ascii: ":"))
            try append(entry.member.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Escapes only what must be escaped, in the shortest way (RFC 8785 §3.2.2.2).
    private mutating func append(string text: String) throws(CanonicalJSONError) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: bytes += [UInt8(ascii: "\\"), UInt8(scalar.value)]
            case 0x08: bytes.append(contentsOf: "\\b".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0C: bytes.append(contentsOf: "\\f".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0..<0x20:
                let digits = String(scalar.value, radix: 16)
                bytes.append(contentsOf: (scalar.value < 16 ? "\\u000" : "\\u00").utf8)
                bytes.append(contentsOf: digits.utf8)
            default:
                guard noncharacters == .kept || !Self.isNoncharacter(scalar) else {
                    throw .noncharacter(scalar.value)
                }
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// RFC 7493 §2.1 forbids them, as it does surrogates.
    private static func isNoncharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar.value)
    }

    private mutating func append(number text: String) throws(CanonicalJSONError) {
        if numbers == .written { return append(written: text) }
        guard let written = DecimalNumber(text), let value = Double(text), value.isFinite else {
            throw .number(text.firstBytes(64))
        }
        // Swift's description has the fewest digits that parse to the value and, of those, the
        // nearest ones, as ECMAScript requires; only the layout differs.
        guard let shortest = DecimalNumber("\(value)") else {
            throw .number(text.firstBytes(64))
        }
        if numbers == .exact, written != shortest { throw .inexactNumber(text.firstBytes(64)) }
        bytes.append(contentsOf: shortest.ecmaScript.utf8)
    }

    private mutating func append(written text: String) {
        if let written = DecimalNumber(text), let value = Double(text), value.isFinite,
            let shortest = DecimalNumber("\(value)"), shortest == written
        {
            bytes.append(contentsOf: shortest.ecmaScript.utf8)
        } else {
            bytes.append(contentsOf: text.utf8)
        }
    }
}

/// Why a value has no canonical form.
public enum CanonicalJSONError: Error, Hashable, Sendable {
    /// A name is repeated in an object.
    case duplicateName(String)
    /// A string contains a noncharacter.
    case noncharacter(UInt32)
    /// A number is not valid JSON, or is out of the range of a double.
    case number(String)
    /// A number has more digits than a double, and exact numbers are required.
    case inexactNumber(String)
}

extension CanonicalJSONError: CustomStringConvertible {
    /// A sentence for the sender of the value.
    public var description: String {
        switch self {
        case .duplicateName(let name): "the member \"\(name.firstBytes(64))\" comes twice"
        case .noncharacter(let code):
            "a string has U+\(String(code, radix: 16, uppercase: true)), which is no character"
        case .number(let text): "\(text) is not a number that a double can hold"
        case .inexactNumber(let text): "\(text) has more digits than a double can hold"
        }
    }
}

/// Writes JSON to bytes, with the separators.
///
///     var json = JSONWriter()
///     json.object { json in
///         json.member("valid", true)
///     }
public struct JSONWriter: Sendable {
    /// The text so far.
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    /// An empty text. `capacity` is the expected size in bytes.
    public init(reserving capacity: Int = 128) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Writes an object; `members` writes its members.
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(0x7B)
        needsComma = false
        members(&self)
        bytes.append(0x7D)
        needsComma = true
    }

    /// Writes an array; `elements` writes its elements.
    public mutating func array(_ elements: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(0x5B)
        needsComma = false
        elements(&self)
        bytes.append(0x5D)
        needsComma = true
    }

    /// Writes a member's name. Its value must follow.
    public mutating func name(_ name: String) {
        string(name)
        bytes.append(0x3A)
        needsComma = false
    }

    /// Writes a string.
    public mutating func string(_ text: String) {
        separate()
        bytes.append(0x22)
        if Self.isPlain(text.utf8Span.span) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for byte in text.utf8 { append(escaping: byte) }
        }
        bytes.append(0x22)
        needsComma = true
    }

    /// Writes an integer.
    public mutating func integer(_ number: Int) { raw(String(number)) }
    /// Writes `true` or `false`.
    public mutating func bool(_ flag: Bool) { raw(flag ? "true" : "false") }
    /// Writes `null`.
    public mutating func null() { raw("null") }

    /// Writes a tree.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .number(let text): raw(text)
        case .string(let text): string(text)
        case .array(let values): array { json in values.forEach { json.value($0) } }
        case .object(let object):
            self.object { json in
                for member in object.members {
                    json.name(member.name)
                    json.value(member.value)
                }
            }
        }
    }

    /// Writes text that is already JSON.
    public mutating func raw(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    // MARK: Members; nil omits the member

    /// Writes a member that is a text.
    public mutating func member(_ name: String, _ text: String?) {
        guard let text else { return }
        self.name(name)
        string(text)
    }

    /// Writes a member that is a whole number.
    public mutating func member(_ name: String, _ number: Int?) {
        guard let number else { return }
        self.name(name)
        integer(number)
    }

    /// Writes a member that is true or false.
    public mutating func member(_ name: String, _ flag: Bool?) {
        guard let flag else { return }
        self.name(name)
        bool(flag)
    }

    /// Writes a member that is an array of texts.
    public mutating func member(_ name: String, _ texts: [String]) {
        self.name(name)
        array { json in texts.forEach { json.string($0) } }
    }

    /// Writes a member that is a tree.
    public mutating func member(_ name: String, _ value: JSONValue) {
        self.name(name)
        self.value(value)
    }

    /// Writes a member that is an object, whose members the closure writes.
    public mutating func member(_ name: String, object members: (inout JSONWriter) -> Void) {
        self.name(name)
        object(members)
    }

    /// Writes a member that is an array, whose elements the closure writes.
    public mutating func member(_ name: String, array elements: (inout JSONWriter) -> Void) {
        self.name(name)
        array(elements)
    }

    // MARK: Bytes

    private mutating func separate() {
        if needsComma { bytes.append(0x2C) }
    }

    /// Whether every byte of a text stands for itself.
    private static func isPlain(_ text: borrowing Span<UInt8>) -> Bool {
        // Eight bytes at a time: a byte that is zero after the exclusive or, or below 0x20, sets its
        // top bit.
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = 0
        while index + 8 <= text.count {
            let word = text.bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index,
                as: UInt64.self
            )
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            let deleted = word ^ (ones &* 0x7F)
            let low = (word &- ones &* 0x20) & ~word
            let hits =
                (quote &- ones) & ~quote | (slash &- ones) & ~slash
                | (deleted &- ones) & ~deleted | low
            guard hits & (ones &* 0x80) == 0 else { return false }
            index += 8
        }
        while index < text.count {
            let byte = text[index]
            guard byte >= 0x20, byte != 0x22, byte != 0x5C, byte != 0x7F else { return false }
            index += 1
        }
        return true
    }

    private mutating func append(escaping byte: UInt8) {
        switch byte {
        case 0x22, 0x5C:
            bytes.append(0x5C)
            bytes.append(byte)
        case 0x0A:
            bytes.append(0x5C)
            bytes.append(0x6E)
        case 0..<0x20, 0x7F:
            let digits: StaticString = "0123456789abcdef"
            bytes.append(contentsOf: "\\u00".utf8)
            digits.withUTF8Buffer { digits in
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            }
        default: bytes.append(byte)
        }
    }
}

import Texts

/// A strict pull parser over bytes (RFC 8259): no tree, no copies but the strings that are asked
/// for.
///
/// Names within an object must differ, text must be UTF-8, and nesting is bounded.
public struct JSONScanner: Sendable {
    let bytes: [UInt8]
    let limit: Int
    private let limits: JSONLimits
    private var depth = 0
    /// Where the next byte is read, in `bytes`.
    public internal(set) var offset: Int
    /// Whether JSON5 is accepted; see `init(json5:limits:)`.
    var isLenient = false

    /// Reads all of the bytes, as strict JSON (RFC 8259).
    public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) {
        self.init(bytes, in: bytes.startIndex..<bytes.endIndex, limits: limits)
    }

    /// Reads only the given part, sharing the array's storage.
    public init(_ bytes: [UInt8], in range: Range<Int>, limits: JSONLimits = JSONLimits()) {
        // allowed: the range is that of a body that the parser found in these bytes.
        precondition(range.upperBound <= bytes.count, "the range lies within the bytes")
        self.bytes = bytes
        self.limit = range.upperBound
        self.limits = limits
        self.offset = range.lowerBound
    }

    /// The kind of the value that comes next, by its first byte.
    public enum Kind: Hashable, Sendable { case object, array, string, number, bool, null }

    /// The kind of the next value, which is not read yet.
    ///
    /// - Throws: `unexpectedEnd`, or `unexpectedByte` where no value begins.
    public mutating func kind() throws(JSONError) -> Kind {
        switch try peek() {
        case 0x7B: return .object
        case 0x5B: return .array
        case 0x22: return .string
        case 0x74, 0x66: return .bool
        case 0x6E: return .null
        case 0x2D, 0x30...0x39: return .number
        case 0x27 where isLenient: return .string
        case 0x2B, 0x2E:
            if isLenient { return .number }
            throw JSONError(.unexpectedByte(bytes[offset]), at: offset)
        case let byte: throw JSONError(.unexpectedByte(byte), at: offset)
        }
    }

    /// Calls `member` at each member, positioned at its value, which `member` must consume.
    public mutating func object(
        _ member: (inout JSONScanner, String) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(0x7B, expected: "an object")
        if try close(0x7D) { return }
        var names = DistinctNames()
        while true {
            try skipSpace()
            let start = offset
            let name = try string()
            guard names.insert(name) else {
                throw JSONError(.duplicateName(name), at: start)
            }
            try expect(0x3A)
            try skipSpace()
            try member(&self, name)
            if try closeOrComma(0x7D) { return }
        }
    }

    /// Calls `element` at each element, which `element` must consume.
    public mutating func array(
        _ element: (inout JSONScanner) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(0x5B, expected: "an array")
        if try close(0x5D) { return }
        while true {
            try skipSpace()
            try element(&self)
            if try closeOrComma(0x5D) { return }
        }
    }

    /// Reads a text (RFC 8259 §7) and returns it without its escapes.
    ///
    /// - Throws: `wrongType` for another value; `badEscape`, `badUTF8`, `controlCharacterInString` or
    ///   `unexpectedEnd` for an invalid text.
    public mutating func string() throws(JSONError) -> String {
        guard try peek() == 0x22 else {
            if isLenient { return try lenientString() }
            throw JSONError(.wrongType(expected: "a string"), at: offset)
        }
        offset += 1
        let start = offset
        offset = endOfPlainText(from: start)
        guard offset < limit else { throw JSONError(.unexpectedEnd, at: offset) }
        switch bytes[offset] {
        case 0x22:
            defer { offset += 1 }
            return try text(bytes.span.extracting(start..<offset), at: start)
        case 0x5C: return try escapedString(from: start)
        case let byte where allowsInText(byte): return try escapedString(from: start)
        default: throw JSONError(.controlCharacterInString, at: offset)
        }
    }

    /// Where a quotation mark, a backslash or a control character stands next, or the end.
    private func endOfPlainText(from start: Int) -> Int {
        let span = bytes.span
        var index = start
        // Eight bytes at a time: a byte that is zero after the exclusive or, or below 0x20, sets
        // its top bit. Borrows only spoil the bytes after the first one found.
        let ones: UInt64 = 0x0101_0101_0101_0101
        while index + 8 <= limit {
            let word = UInt64(
                littleEndian: span.bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: index,
                    as: UInt64.self
                )
            )
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            let low = (word &- ones &* 0x20) & ~word
            let hits = (quote &- ones) & ~quote | (slash &- ones) & ~slash | low
            let found = hits & (ones &* 0x80)
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < limit {
            let byte = span[unchecked: index]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 { break }
            index += 1
        }
        return index
    }

    /// Reads `true` or `false`.
    ///
    /// - Throws: `wrongType` for another value.
    public mutating func bool() throws(JSONError) -> Bool {
        switch try peek() {
        case 0x74:
            try literal("true")
            return true
        case 0x66:
            try literal("false")
            return false
        default: throw JSONError(.wrongType(expected: "true or false"), at: offset)
        }
    }

    /// Reads `null`.
    ///
    /// - Throws: `unexpectedByte` or `unexpectedEnd` for anything else.
    public mutating func null() throws(JSONError) {
        try skipSpace()
        try literal("null")
    }

    /// A number's text, checked against the grammar.
    public mutating func number() throws(JSONError) -> String {
        _ = try peek()
        if isLenient { return try lenientNumber() }
        let start = offset
        if offset < limit, bytes[offset] == 0x2D { offset += 1 }
        if offset < limit, bytes[offset] == 0x30 { offset += 1 } else { try digits() }
        if offset < limit, bytes[offset] == 0x2E {
            offset += 1
            try digits()
        }
        if offset < limit, bytes[offset] | 0x20 == 0x65 {
            offset += 1
            if offset < limit, bytes[offset] == 0x2B || bytes[offset] == 0x2D { offset += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// The next value as a tree.
    public mutating func value() throws(JSONError) -> JSONValue {
        switch try kind() {
        case .null:
            try null()
            return .null
        case .bool: return .bool(try bool())
        case .number: return .number(try number())
        case .string: return .string(try string())
        case .array:
            var values: [JSONValue] = []
            try array { (scanner) throws(JSONError) in values.append(try scanner.value()) }
            return .array(values)
        case .object:
            var members: [JSONObject.Member] = []
            try object { (scanner, name) throws(JSONError) in
                members.append(.init(name: name, value: try scanner.value()))
            }
            return .object(JSONObject(members))
        }
    }

    /// Passes over the next value, checking all of it.
    public mutating func skip() throws(JSONError) {
        switch try kind() {
        case .null: try null()
        case .bool: _ = try bool()
        case .number: _ = try number()
        case .string: _ = try string()
        case .array: try array { (scanner) throws(JSONError) in try scanner.skip() }
        case .object: try object { (scanner, _) throws(JSONError) in try scanner.skip() }
        }
    }

    /// Nothing but white space may be left.
    public mutating func end() throws(JSONError) {
        while offset < limit, Self.isSpace(bytes[offset]) { offset += 1 }
        if offset < limit { throw JSONError(.trailingBytes, at: offset) }
    }

    // MARK: Bytes

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    @inline(__always)
    private mutating func skipSpace() throws(JSONError) {
        // Mostly there is none, and no byte above it is.
        if offset < limit, bytes[offset] > 0x20 { return }
        try skipSomeSpace()
    }

    @inline(never)
    private mutating func skipSomeSpace() throws(JSONError) {
        while offset < limit, Self.isSpace(bytes[offset]) { offset += 1 }
        if offset == limit { throw JSONError(.unexpectedEnd, at: offset) }
    }

    private mutating func peek() throws(JSONError) -> UInt8 {
        try skipSpace()
        return bytes[offset]
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        let found = try peek()
        guard found == byte else { throw JSONError(.unexpectedByte(found), at: offset) }
        offset += 1
    }

    private mutating func open(_ byte: UInt8, expected: String) throws(JSONError) {
        guard try peek() == byte else {
            throw JSONError(.wrongType(expected: expected), at: offset)
        }
        guard depth < limits.depth else {
            throw JSONError(.tooDeep(limit: limits.depth), at: offset)
        }
        depth += 1
        offset += 1
    }

    private mutating func close(_ byte: UInt8) throws(JSONError) -> Bool {
        guard try peek() == byte else { return false }
        offset += 1
        depth -= 1
        return true
    }

    private mutating func closeOrComma(_ byte: UInt8) throws(JSONError) -> Bool {
        if try close(byte) { return true }
        try expect(0x2C)
        return false
    }

    private mutating func literal(_ text: StaticString) throws(JSONError) {
        let start = offset
        let matches = text.withUTF8Buffer { wanted in
            guard limit - offset >= wanted.count else { return false }
            for index in 0..<wanted.count where bytes[offset + index] != wanted[index] {
                return false
            }
            return true
        }
        guard matches else { throw JSONError(.unexpectedByte(bytes[start]), at: start) }
        offset += text.utf8CodeUnitCount
    }

    private mutating func digits() throws(JSONError) {
        let start = offset
        while offset < limit, bytes[offset] &- 0x30 < 10 { offset += 1 }
        if offset == start { throw JSONError(.badNumber, at: offset) }
    }

    /// `UTF8Span`, because `String(validating:as:)` goes through unspecialised generics.
    func text(_ span: borrowing Span<UInt8>, at start: Int) throws(JSONError) -> String {
        do {
            return String(copying: try UTF8Span(validating: copy span))
        } catch {
            throw JSONError(.badUTF8, at: start)
        }
    }

    mutating func escapedString(
        from start: Int,
        quote: UInt8 = 0x22
    ) throws(JSONError) -> String {
        var unescaped = [UInt8](bytes[start..<offset])
        while offset < limit {
            let byte = bytes[offset]
            switch byte {
            case quote:
                offset += 1
                return try text(unescaped.span, at: start)
            case 0x5C:
                offset += 1
                try unescape(into: &unescaped)
            case 0..<0x20 where !allowsInText(byte):
                throw JSONError(.controlCharacterInString, at: offset)
            default:
                unescaped.append(byte)
                offset += 1
            }
        }
        throw JSONError(.unexpectedEnd, at: offset)
    }

    private mutating func unescape(into text: inout [UInt8]) throws(JSONError) {
        guard offset < limit else { throw JSONError(.unexpectedEnd, at: offset) }
        let letter = bytes[offset]
        offset += 1
        switch letter {
        case 0x22, 0x5C, 0x2F: text.append(letter)
        case 0x62: text.append(0x08)
        case 0x66: text.append(0x0C)
        case 0x6E: text.append(0x0A)
        case 0x72: text.append(0x0D)
        case 0x74: text.append(0x09)
        case 0x75: text.append(contentsOf: Array(Character(try unicodeEscape()).utf8))
        default:
            guard isLenient else { throw JSONError(.badEscape, at: offset - 1) }
            try lenientEscape(letter, into: &text)
        }
    }

    /// After `\u`; a surrogate must have its other half.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let start = offset
        let first = try hexadecimal()
        var code = UInt32(first)
        if (0xD800..<0xDC00).contains(first) {
            guard offset + 1 < limit, bytes[offset] == 0x5C, bytes[offset + 1] == 0x75 else {
                throw JSONError(.badEscape, at: start)
            }
            offset += 2
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second) else {
                throw JSONError(.badEscape, at: start)
            }
            code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw JSONError(.badEscape, at: start) }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt16 {
        guard limit - offset >= 4 else { throw JSONError(.unexpectedEnd, at: limit) }
        var value: UInt16 = 0
        for _ in 0..<4 {
            let byte = bytes[offset]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x37
            case 0x61...0x66: digit = byte - 0x57
            default: throw JSONError(.badEscape, at: offset)
            }
            value = value << 4 | UInt16(digit)
            offset += 1
        }
        return value
    }
}

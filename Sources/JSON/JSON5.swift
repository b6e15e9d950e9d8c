// JSON5 (spec.json5.org), the lenient mode of the scanner, for files that people write. It also
// accepts comments, trailing commas, names without quotes, texts in single quotes, more escapes,
// and numbers with a plus sign, with a point first or last, or hexadecimal. `Infinity` and `NaN`
// are refused: no setting can mean them.

extension JSONScanner {
    /// Reads JSON5. Offsets are those of `bytes`.
    public init(json5 bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        self.init(try Self.blanked(bytes), limits: limits)
        isLenient = true
    }

    /// The bytes with spaces instead of comments, of white space that JSON does not have, and of
    /// trailing commas. Line breaks stay.
    private static func blanked(_ bytes: [UInt8]) throws(JSONError) -> [UInt8] {
        var result = bytes
        /// The last byte that is neither white space nor part of a comment.
        var last: UInt8 = 0
        /// Where a comma follows a value, and nothing follows the comma so far.
        var comma: Int?
        var index = 0
        while index < bytes.count {
            let start = index
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: continue
            case 0x2F where index < bytes.count && bytes[index] == 0x2F:
                while index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
                blank(&result, start..<index)
                continue
            case 0x2F where index < bytes.count && bytes[index] == 0x2A:
                index += 1
                while index + 1 < bytes.count, bytes[index] != 0x2A || bytes[index + 1] != 0x2F {
                    index += 1
                }
                guard index + 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: start) }
                index += 2
                blank(&result, start..<index)
                continue
            case 0x22, 0x27:
                while index < bytes.count, bytes[index] != byte, bytes[index] != 0x0A {
                    index += bytes[index] == 0x5C ? 2 : 1
                }
                index += 1
                comma = nil
            case 0x2C: comma = [0, 0x2C, 0x3A, 0x5B, 0x7B].contains(last) ? nil : start
            case 0x5D, 0x7D:
                if let comma { result[comma] = 0x20 }
                comma = nil
            default:
                while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
                if byte < 0x20 || byte >= 0x80, isSpace(bytes[start..<index]) {
                    blank(&result, start..<index)
                    continue
                }
                comma = nil
            }
            last = byte
        }
        return result
    }

    private static func blank(_ bytes: inout [UInt8], _ range: Range<Int>) {
        for index in range where bytes[index] != 0x0A && bytes[index] != 0x0D {
            bytes[index] = 0x20
        }
    }

    /// Whether a character is white space that JSON does not have, or a byte order mark.
    private static func isSpace(_ character: ArraySlice<UInt8>) -> Bool {
        guard let scalar = String(decoding: character, as: UTF8.self).unicodeScalars.first else {
            return false
        }
        return scalar.properties.isWhitespace || scalar == "\u{FEFF}"
    }

    /// Whether a control character may be part of a text: not in JSON, and no line break in JSON5.
    func allowsInText(_ byte: UInt8) -> Bool { isLenient && byte != 0x0A && byte != 0x0D }

    /// A text in single quotes, or a name without quotes.
    mutating func lenientString() throws(JSONError) -> String {
        let start = offset
        if bytes[start] == 0x27 {
            offset += 1
            return try escapedString(from: offset, quote: 0x27)
        }
        while offset < limit, Self.isNamePart(bytes[offset]) { offset += 1 }
        guard offset > start, bytes[start] &- 0x30 >= 10 else {
            throw JSONError(.wrongType(expected: "a string"), at: start)
        }
        return try text(bytes.span.extracting(start..<offset), at: start)
    }

    /// A number, as JSON writes it.
    mutating func lenientNumber() throws(JSONError) -> String {
        let start = offset
        while offset < limit,
            Self.isNamePart(bytes[offset]) || [0x2B, 0x2D, 0x2E].contains(bytes[offset])
        {
            offset += 1
        }
        guard let number = Self.plain(String(decoding: bytes[start..<offset], as: UTF8.self)) else {
            throw JSONError(.badNumber, at: start)
        }
        return number
    }

    private static func plain(_ text: String) -> String? {
        let sign = text.hasPrefix("-") ? "-" : ""
        var digits = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.dropFirst()) : text
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
            let hexadecimal = digits.dropFirst(2)
            guard hexadecimal.first?.isHexDigit ?? false else { return nil }
            return UInt64(hexadecimal, radix: 16).map { "\(sign)\($0)" }
        }
        if digits.hasPrefix(".") { digits = "0" + digits }
        if digits.hasSuffix(".") { digits += "0" }
        var strict = JSONScanner(Array(digits.utf8))
        guard !digits.hasPrefix("-"), let number = try? strict.number(), number == digits else {
            return nil
        }
        return sign + number
    }

    /// What JSON does not have as an escape. `letter` stands before the offset.
    mutating func lenientEscape(
        _ letter: UInt8,
        into text: inout [UInt8]
    ) throws(JSONError) {
        switch letter {
        case 0x76: text.append(0x0B)
        case 0x30 where offset == limit || bytes[offset] &- 0x30 >= 10: text.append(0)
        case 0x30...0x39: throw JSONError(.badEscape, at: offset - 1)
        case 0x78:
            let digits = String(decoding: bytes[offset..<min(offset + 2, limit)], as: UTF8.self)
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
                let code = UInt8(digits, radix: 16)
            else { throw JSONError(.badEscape, at: offset - 1) }
            text += Array(Character(Unicode.Scalar(code)).utf8)
            offset += 2
        // An escaped line break continues the text on the next line.
        case 0x0D: if offset < limit, bytes[offset] == 0x0A { offset += 1 }
        case 0x0A: break
        case 0xE2
        where limit - offset >= 2 && bytes[offset] == 0x80
            && (bytes[offset + 1] == 0xA8 || bytes[offset + 1] == 0xA9):
            offset += 2
        default: text.append(letter)
        }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte == 0x24
            || byte >= 0x80
    }
}

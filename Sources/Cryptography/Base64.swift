/// Base 64 (RFC 4648 §4), strict: padding required, no white space, no stray bits.
public enum Base64 {
    /// With padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        Base64Coding.encode(bytes, alphabet: Base64Coding.standard, padded: true)
    }

    /// Nil when the text is not valid.
    public static func decode(_ text: String) -> [UInt8]? {
        Base64Coding.decode(Array(text.utf8).span, Base64Coding.standardValues, padded: true)
    }

    /// Nil when the bytes are not valid.
    public static func decode(_ text: borrowing Span<UInt8>) -> [UInt8]? {
        Base64Coding.decode(text, Base64Coding.standardValues, padded: true)
    }
}

/// Base 64 for URLs (RFC 4648 §5) without padding, as JOSE uses it; strict likewise.
public enum Base64URL {
    /// Without padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        Base64Coding.encode(bytes, alphabet: Base64Coding.urlSafe, padded: false)
    }

    /// Nil when the text is not valid.
    public static func decode(_ text: String) -> [UInt8]? {
        Base64Coding.decode(Array(text.utf8).span, Base64Coding.urlSafeValues, padded: false)
    }

    /// Nil when the bytes are not valid.
    public static func decode(_ text: borrowing Span<UInt8>) -> [UInt8]? {
        Base64Coding.decode(text, Base64Coding.urlSafeValues, padded: false)
    }
}

enum Base64Coding {
    static let standard = alphabet(ending: "+/")
    static let urlSafe = alphabet(ending: "-_")
    static let standardValues = values(of: standard)
    static let urlSafeValues = values(of: urlSafe)
    private static let invalid: UInt8 = 0xFF

    private static func alphabet(ending: String) -> [UInt8] {
        Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(ending)".utf8
        )
    }

    private static func values(of alphabet: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: invalid, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }

    static func encode(_ bytes: [UInt8], alphabet: [UInt8], padded: Bool) -> String {
        let groups = bytes.count / 3
        let rest = bytes.count % 3
        let length = groups * 4 + (rest == 0 ? 0 : padded ? 4 : rest + 1)
        let (bytes, letters) = (bytes.span, alphabet.span)
        let text = [UInt8](capacity: length) { text in
            for group in 0..<groups {
                let first = bytes[group &* 3]
                let second = bytes[group &* 3 &+ 1]
                let third = bytes[group &* 3 &+ 2]
                text.append(letters[Int(first &>> 2)])
                text.append(letters[Int((first &<< 4 | second &>> 4) & 63)])
                text.append(letters[Int((second &<< 2 | third &>> 6) & 63)])
                text.append(letters[Int(third & 63)])
            }
            guard rest > 0 else { return }
            let first = bytes[groups * 3]
            let second = rest == 2 ? bytes[groups * 3 + 1] : 0
            text.append(letters[Int(first &>> 2)])
            text.append(letters[Int((first &<< 4 | second &>> 4) & 63)])
            if rest == 2 { text.append(letters[Int(second &<< 2 & 63)]) }
            if padded { for _ in rest..<3 { text.append(UInt8(ascii: "=")) } }
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: borrowing Span<UInt8>, _ values: [UInt8], padded: Bool) -> [UInt8]? {
        var count = text.count
        if padded {
            guard count.isMultiple(of: 4) else { return nil }
            while count > 0, text.count - count < 2, text[count - 1] == UInt8(ascii: "=") {
                count -= 1
            }
        }
        guard count % 4 != 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: count * 3 / 4)
        var room = bytes.mutableSpan
        let values = values.span
        var length = 0
        var index = 0
        // Complete groups first: the value of an invalid letter has more than six bits.
        while index + 4 <= count {
            let group = text.extracting(index..<(index + 4))
            let first = values[Int(group[0])]
            let second = values[Int(group[1])]
            let third = values[Int(group[2])]
            let fourth = values[Int(group[3])]
            guard first | second | third | fourth < 64 else { return nil }
            room[length] = first &<< 2 | second &>> 4
            room[length &+ 1] = second &<< 4 | third &>> 2
            room[length &+ 2] = third &<< 6 | fourth
            length &+= 3
            index &+= 4
        }
        var bits: UInt32 = 0
        var held = 0
        while index < count {
            let value = values[Int(text[index])]
            guard value != invalid else { return nil }
            bits = bits << 6 | UInt32(value)
            held += 6
            if held >= 8 {
                held -= 8
                room[length] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                length += 1
            }
            index += 1
        }
        // Unused bits must be zero, or two texts would decode to the same bytes.
        guard bits & (1 << UInt32(held) - 1) == 0 else { return nil }
        return bytes
    }
}

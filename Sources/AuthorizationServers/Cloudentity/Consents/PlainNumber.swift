/// Numbers as a person writes them.
enum PlainNumber {
    /// Digits with at most one point, for a number without sign; an exponent is written out. Nil for
    /// anything else, and for a number with more than `ConsentLimits.number` characters.
    static func text(_ number: String) -> String? {
        guard number.utf8.count <= ConsentLimits.number else { return nil }
        let bytes = Array(number.utf8)
        guard let mark = bytes.firstIndex(where: { $0 | 0x20 == 0x65 }) else {
            return isPlain(number) ? withoutLeadingZeros(number) : nil
        }
        let mantissa = String(decoding: bytes[..<mark], as: UTF8.self)
        let exponent = String(decoding: bytes[(mark + 1)...], as: UTF8.self)
        // The limit on characters bounds what can be shown anyway.
        guard isPlain(mantissa), let power = Int(exponent), power.magnitude <= 32 else {
            return nil
        }
        let parts = mantissa.split(separator: ".")
        var whole = String(parts[0])
        var fraction = parts.count == 2 ? String(parts[1]) : ""
        if power > 0 {
            fraction += String(repeating: "0", count: max(0, power - fraction.utf8.count))
            whole += fraction.prefix(power)
            fraction = String(fraction.dropFirst(power))
        } else {
            let shift = -power
            whole = String(repeating: "0", count: max(0, shift - whole.utf8.count + 1)) + whole
            fraction = whole.suffix(shift) + fraction
            whole = String(whole.dropLast(shift))
        }
        let text = withoutLeadingZeros(whole + (fraction.isEmpty ? "" : "." + fraction))
        return text.utf8.count <= ConsentLimits.number ? text : nil
    }

    /// The same plain number without zeros at its end that say nothing.
    static func significant(_ number: String) -> String {
        guard number.contains(".") else { return number }
        var text = number
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }

    /// Whether a plain number is zero.
    static func isZero(_ number: String) -> Bool {
        number.utf8.allSatisfy { "0.".utf8.contains($0) }
    }

    private static func withoutLeadingZeros(_ number: String) -> String {
        let text = number.drop { $0 == "0" }
        return (text.first.map { $0 == "." } ?? true ? "0" : "") + text
    }

    private static func isPlain(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        return (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
    }
}

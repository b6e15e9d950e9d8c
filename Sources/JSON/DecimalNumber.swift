/// A decimal number by its significant digits: `0.«digits» × 10^point`, so that two ways to write a
/// number compare as equal.
public struct DecimalNumber: Hashable, Sendable, Comparable {
    /// Zero.
    public static let zero = DecimalNumber()

    private var isNegative = false
    /// ASCII digits without zeros at either end; empty for zero.
    private var digits: [UInt8] = []
    /// The position of the decimal point, counted from before the first digit.
    private var point = 0

    private init() {}

    /// Parses a JSON number (RFC 8259 §6); nil for anything else, and for exponents that are too
    /// large.
    public init?(_ text: String) {
        var scanner = JSONScanner(Array(text.utf8))
        guard let number = try? scanner.number(), number.utf8.count == text.utf8.count else {
            return nil
        }
        let parts = text.utf8.split(maxSplits: 1) { $0 | 0x20 == UInt8(ascii: "e") }
        var exponent = 0
        if parts.count == 2 {
            // A range, because `abs` traps for the smallest integer.
            guard let written = Int(String(Substring(parts[1]))),
                (-999_999_999...999_999_999).contains(written)
            else { return nil }
            exponent = written
        }
        isNegative = parts[0].first == UInt8(ascii: "-")
        let mantissa = Array(isNegative ? parts[0].dropFirst() : parts[0])
        let whole = mantissa.prefix { $0 != UInt8(ascii: ".") }
        let all = Array(whole + mantissa.dropFirst(whole.count + 1))
        let zero = UInt8(ascii: "0")
        guard let first = all.firstIndex(where: { $0 != zero }),
            let last = all.lastIndex(where: { $0 != zero })
        else {
            isNegative = false
            return
        }
        digits = Array(all[first...last])
        point = whole.count - first + exponent
    }

    /// Compares exactly, digit by digit.
    public static func < (one: DecimalNumber, other: DecimalNumber) -> Bool {
        guard one.isNegative == other.isNegative else { return one.isNegative }
        return one.isNegative
            ? other.isNearerToZero(than: one) : one.isNearerToZero(than: other)
    }

    private func isNearerToZero(than other: DecimalNumber) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return !other.digits.isEmpty }
        if point != other.point { return point < other.point }
        return digits.lexicographicallyPrecedes(other.digits)
    }

    /// The layout of ECMAScript's `Number::toString` (ECMA-262 §6.1.6.1.20) for these digits.
    var ecmaScript: String {
        guard !digits.isEmpty else { return "0" }
        let sign = isNegative ? "-" : ""
        let text = String(decoding: digits, as: UTF8.self)
        func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
        if point > 21 || point <= -6 {
            let fraction = digits.count > 1 ? "." + text.dropFirst() : ""
            let exponent = point - 1
            return sign + text.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+")
                + "\(abs(exponent))"
        }
        if point <= 0 { return sign + "0." + zeros(-point) + text }
        if point < digits.count { return sign + text.prefix(point) + "." + text.dropFirst(point) }
        return sign + text + zeros(point - digits.count)
    }
}

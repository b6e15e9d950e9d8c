/// An amount of money, digit by digit as the server wrote it. It is never a binary float.
public struct Money: Hashable, Sendable {
    /// The most digits, and the most of them after the decimal point (ISO 20022). A longer amount is
    /// only meant to confuse its reader.
    public static let maximumDigits = 18
    public static let maximumFractionDigits = 5

    /// Such as `165.88`: no sign, no exponent, no superfluous leading zero.
    public let amount: String
    /// Three capital letters (ISO 4217).
    public let currency: String

    /// Nil unless both have the standards' form and the amount is above zero, or zero where that
    /// `canBeZero`. Superfluous leading zeros are removed.
    public init?(amount: String, currency: String, canBeZero: Bool = false) {
        guard let amount = Self.normalized(amount), currency.utf8.count == 3,
            currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) }),
            canBeZero || amount.utf8.contains(where: { (0x31...0x39).contains($0) })
        else { return nil }
        self.amount = amount
        self.currency = currency
    }

    private static func normalized(_ text: String) -> String? {
        // Longer texts are not worth reading.
        guard text.utf8.count <= 64 else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            parts.allSatisfy({ part in
                !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            })
        else { return nil }
        let significant = parts[0].drop { $0 == "0" }
        let whole = significant.isEmpty ? "0" : String(significant)
        guard parts.count == 2 else { return whole.utf8.count <= maximumDigits ? whole : nil }
        guard parts[1].utf8.count <= maximumFractionDigits,
            whole.utf8.count + parts[1].utf8.count <= maximumDigits
        else { return nil }
        return whole + "." + parts[1]
    }
}

extension Money {
    /// Compares the amounts and ignores the currencies.
    public func isMore(than other: Money) -> Bool {
        let (one, two) = (parts, other.parts)
        if one.whole.count != two.whole.count { return one.whole.count > two.whole.count }
        return one.whole + one.fraction > two.whole + two.fraction
    }

    /// The whole part has no leading zero; the fraction is padded to one length.
    private var parts: (whole: String, fraction: String) {
        let parts = amount.split(separator: ".")
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        let zeros = String(repeating: "0", count: Self.maximumFractionDigits - fraction.count)
        return (String(parts[0]), fraction + zeros)
    }
}

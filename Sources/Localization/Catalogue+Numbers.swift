public import Logins

/// Numbers are written from their digits: none is rounded, and none passes through a binary float.
/// Only zeros at the end of an amount are added or dropped.
extension Catalogue {
    /// `1,234.5` for `1234.5`; nil unless the text is plain digits with at most one point. A leading
    /// zero is not dropped, so such a text is not a number either.
    public func number(_ text: String) -> String? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            parts.allSatisfy({ part in
                !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }),
            parts[0].utf8.count == 1 || parts[0].first != "0"
        else { return nil }
        let whole = grouped(parts[0])
        return digits.written(parts.count == 2 ? whole + decimalMark + parts[1] : whole)
    }

    /// An exchange rate: a number with two digits after the point, or with all that were sent if they
    /// are more.
    public func exchangeRate(_ text: String) -> String? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        let zeros = String(repeating: "0", count: max(0, 2 - fraction.utf8.count))
        return number(parts.count == 1 ? text + "." + zeros : text + zeros)
    }

    private var decimalMark: String { digits == .arabicIndic ? "\u{66B}" : data.decimalMark }
    private var groupMark: String { digits == .arabicIndic ? "\u{66C}" : data.groupMark }

    /// An amount with its currency symbol, or with the ISO 4217 code where the language has no
    /// symbol for the currency (CLDR standard currency pattern).
    public func money(_ money: Money) -> String {
        let symbol = CatalogueData.value(money.currency, in: data.currencySymbols) ?? money.currency
        // CLDR currencySpacing: letters are kept apart from the digits that follow.
        let isSymbol = symbol.unicodeScalars.last?.properties.generalCategory == .currencySymbol
        let isAdjacent = data.money.contains("{symbol}{number}")
        return Self.fill(
            data.money,
            [
                "symbol": isAdjacent && !isSymbol ? symbol + "\u{A0}" : symbol,
                "number": number(Self.amount(of: money)) ?? money.amount,
            ]
        )
    }

    /// The amount with as many digits after the point as its currency has, or with all that were sent
    /// if others than zeros are beyond them. Of a currency that has no number of them, only what was
    /// sent.
    private static func amount(of money: Money) -> String {
        let parts = money.amount.split(separator: ".")
        guard let whole = parts.first else { return money.amount }
        guard let digits = minorDigits(of: money.currency) else { return money.amount }
        var fraction = Substring(parts.count > 1 ? parts[1] : "")
        if fraction.dropFirst(digits).allSatisfy({ $0 == "0" }) {
            fraction = fraction.prefix(digits)
        }
        let zeros = String(repeating: "0", count: max(0, digits - fraction.utf8.count))
        let minor = fraction + zeros
        return minor.isEmpty ? String(whole) : "\(whole).\(minor)"
    }

    /// ISO 4217, minor unit: nil where it has `N.A.`, two for all other currencies.
    private static func minorDigits(of currency: String) -> Int? {
        switch currency {
        case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
            "VND", "VUV", "XAF", "XOF", "XPF":
            0
        case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
        case "CLF", "UYW": 4
        case "XAD", "XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS",
            "XUA", "XXX":
            nil
        default: 2
        }
    }

    private func grouped(_ digits: Substring) -> String {
        guard digits.utf8.count >= 3 + data.minimumGroupingDigits else { return String(digits) }
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.utf8.count - index).isMultiple(of: 3) { text += groupMark }
            text.append(digit)
        }
        return text
    }
}

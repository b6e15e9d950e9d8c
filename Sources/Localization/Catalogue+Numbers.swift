import Logins

/// Numbers as a language writes them, made from their digits: none is added, dropped or rounded,
/// and none passes through a binary float.
enum NumberText {
    /// `1,234.5` for `1234.5`; nil when the text is not plain digits with at most one point, or has
    /// a zero in front that a person should see.
    static func decimal(_ text: String, _ language: Language) -> String? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            parts.allSatisfy({ part in
                !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }),
            parts[0].utf8.count == 1 || parts[0].first != "0"
        else { return nil }
        let whole = grouped(parts[0], language)
        return parts.count == 2 ? whole + language.decimalMark + parts[1] : whole
    }

    private static func grouped(_ digits: Substring, _ language: Language) -> String {
        guard digits.utf8.count >= 3 + language.minimumGroupingDigits else { return String(digits) }
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.utf8.count - index).isMultiple(of: 3) {
                text += language.groupMark
            }
            text.append(digit)
        }
        return text
    }

    /// An amount with its currency (CLDR standard currency pattern and symbol; the code where a
    /// language has no symbol of its own).
    static func money(_ money: Money, _ language: Language) -> String {
        let number = decimal(money.amount, language) ?? money.amount
        let symbol = language.currencySymbols[money.currency] ?? money.currency
        switch language {
        case .english:
            // CLDR currencySpacing: what does not end in a symbol is kept apart from the digits.
            let isSymbol = symbol.unicodeScalars.last?.properties.generalCategory == .currencySymbol
            return isSymbol ? symbol + number : symbol + "\u{A0}" + number
        case .portuguese: return symbol + "\u{A0}" + number
        case .spanish, .french, .german: return number + "\u{A0}" + symbol
        case .arabic: return "\u{200F}" + number + "\u{A0}" + symbol
        }
    }
}

extension Language {
    /// Where the symbol is not the ISO 4217 code (CLDR 47), without currencies of the past.
    var currencySymbols: [String: String] {
        switch self {
        case .english: Self.englishSymbols
        case .portuguese: Self.portugueseSymbols
        case .spanish: Self.spanishSymbols
        case .french: Self.frenchSymbols
        case .german: Self.germanSymbols
        case .arabic: Self.arabicSymbols
        }
    }

    private static let englishSymbols = [
        "AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£",
        "HKD": "HK$", "ILS": "₪", "INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$",
        "PHP": "₱", "TWD": "NT$", "USD": "$", "VND": "₫", "XAF": "FCFA", "XCD": "EC$",
        "XCG": "Cg.", "XOF": "F\u{202F}CFA", "XPF": "CFPF",
    ]
    private static let portugueseSymbols = [
        "AUD": "AU$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£",
        "HKD": "HK$", "ILS": "₪", "INR": "₹", "JPY": "JP¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$",
        "THB": "฿", "TWD": "NT$", "USD": "US$", "VND": "₫", "XAF": "FCFA", "XCD": "EC$",
        "XCG": "Cg.", "XOF": "F\u{202F}CFA", "XPF": "CFPF",
    ]
    private static let spanishSymbols = [
        "EUR": "€", "THB": "฿", "USD": "US$", "VND": "₫", "XCG": "Cg.", "XPF": "CFPF",
    ]
    private static let frenchSymbols = [
        "ARS": "$AR", "AUD": "$AU", "BMD": "$BM", "BND": "$BN", "BRL": "R$", "BZD": "$BZ",
        "CAD": "$CA", "CLP": "$CL", "COP": "$CO", "EUR": "€", "FJD": "$FJ", "FKP": "£FK",
        "GBP": "£GB", "GIP": "£GI", "ILS": "₪", "INR": "₹", "KRW": "₩", "LBP": "£LB", "MXN": "$MX",
        "NAD": "$NA", "NZD": "$NZ", "SBD": "$SB", "SGD": "$SG", "SRD": "$SR", "TTD": "$TT",
        "USD": "$US", "UYU": "$UY", "VND": "₫", "WST": "$WS", "XAF": "FCFA", "XCG": "Cg.",
        "XOF": "F\u{202F}CFA", "XPF": "FCFP",
    ]
    private static let germanSymbols = [
        "AUD": "AU$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£",
        "HKD": "HK$", "ILS": "₪", "INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$",
        "THB": "฿", "TWD": "NT$", "USD": "$", "VND": "₫", "XAF": "FCFA", "XCD": "EC$",
        "XCG": "Cg.", "XOF": "F\u{202F}CFA", "XPF": "CFPF",
    ]
    /// Where letters end in a full stop, a mark keeps that to their left (CLDR has it so).
    private static let arabicSymbols = [
        "AED": "د.إ.\u{200F}", "AUD": "AU$", "BHD": "د.ب.\u{200F}", "BRL": "R$", "CAD": "CA$",
        "CNY": "CN¥", "DZD": "د.ج.\u{200F}", "EGP": "ج.م.\u{200F}", "EUR": "€", "GBP": "UK£",
        "HKD": "HK$", "ILS": "₪", "INR": "₹", "IQD": "د.ع.\u{200F}", "IRR": "ر.إ.",
        "JOD": "د.أ.\u{200F}", "JPY": "JP¥", "KRW": "₩", "KWD": "د.ك.\u{200F}",
        "LBP": "ل.ل.\u{200F}", "LYD": "د.ل.\u{200F}", "MAD": "د.م.\u{200F}", "MRU": "أ.م.",
        "MXN": "MX$", "NZD": "NZ$", "OMR": "ر.ع.\u{200F}", "QAR": "ر.ق.\u{200F}",
        "SAR": "ر.س.\u{200F}", "SDG": "ج.س.", "SYP": "ل.س.\u{200F}", "THB": "฿",
        "TND": "د.ت.\u{200F}", "TWD": "NT$", "USD": "US$", "VND": "₫", "XAF": "FCFA",
        "XCD": "EC$", "XCG": "Cg.", "XOF": "F\u{202F}CFA", "XPF": "CFPF", "YER": "ر.ي.\u{200F}",
    ]
}

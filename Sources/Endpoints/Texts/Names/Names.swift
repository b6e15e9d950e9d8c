/// What each language calls countries and currencies. The tables are one text each, because they
/// are long and hardly ever read: `GB United Kingdom;` and so on.
enum Names {
    /// ISO 3166-1 alpha-2.
    static func country(_ code: String, _ language: Language) -> String? {
        find(code, in: countries(language))
    }

    /// ISO 4217.
    static func currency(_ code: String, _ language: Language) -> String? {
        find(code, in: currencies(language))
    }

    private static func find(_ code: String, in table: String) -> String? {
        for entry in table.utf8.split(separator: 0x3B) {
            guard let space = entry.firstIndex(of: 0x20), entry[..<space].elementsEqual(code.utf8)
            else { continue }
            return String(Substring(entry[entry.index(after: space)...]))
        }
        return nil
    }

    private static func countries(_ language: Language) -> String {
        switch language {
        case .english: englishCountries
        case .portuguese: portugueseCountries
        case .spanish: spanishCountries
        case .french: frenchCountries
        case .german: germanCountries
        case .arabic: arabicCountries
        }
    }

    private static func currencies(_ language: Language) -> String {
        switch language {
        case .english: englishCurrencies
        case .portuguese: portugueseCurrencies
        case .spanish: spanishCurrencies
        case .french: frenchCurrencies
        case .german: germanCurrencies
        case .arabic: arabicCurrencies
        }
    }
}

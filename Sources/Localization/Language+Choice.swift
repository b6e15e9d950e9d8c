/// A language that the pages speak. The raw value is its BCP 47 tag.
enum Language: String, CaseIterable, Sendable {
    case english = "en"
    /// As it is written in Brasil.
    case portuguese = "pt-BR"
    case spanish = "es"
    case french = "fr"
    case german = "de"
    case arabic = "ar"

    /// The way its script runs, as HTML's `dir` says it.
    var direction: String {
        switch self {
        case .english, .portuguese, .spanish, .french, .german: "ltr"
        case .arabic: "rtl"
        }
    }

    /// The person's own choice first, then what their browser asks for, then English.
    static func best(chosen: String?, acceptLanguage: String?) -> Language {
        if let chosen, let language = lookUp(chosen) { return language }
        for tag in preferences(acceptLanguage ?? "") {
            if let language = lookUp(tag) { return language }
        }
        return .english
    }

    /// Cuts the tag from the right until it is one of ours (RFC 4647 §3.4).
    private static func lookUp(_ tag: String) -> Language? {
        var parts = tag.lowercased().split(whereSeparator: { $0 == "-" || $0 == "_" })
        while !parts.isEmpty {
            let shorter = parts.joined(separator: "-")
            if let language = allCases.first(where: { $0.rawValue.lowercased() == shorter }) {
                return language
            }
            parts.removeLast()
        }
        // There is one Portuguese here, for everybody who reads any.
        return tag.lowercased().prefix { $0.isLetter } == "pt" ? .portuguese : nil
    }

    /// The tags of an `Accept-Language` field, the most wanted first (RFC 9110 §12.5.4).
    private static func preferences(_ field: String) -> [String] {
        let wanted = field.split(separator: ",").prefix(32).compactMap {
            item -> (String, Double)? in
            let parts = item.filter { $0 != " " && $0 != "\t" }.split(separator: ";")
            guard let tag = parts.first else { return nil }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
                .map { Double($0.dropFirst(2)) ?? 0 }
            return (String(tag), weight ?? 1)
        }
        return wanted.enumerated()
            .filter { $0.element.1 > 0 }
            .sorted { ($0.element.1, $1.offset) > ($1.element.1, $0.offset) }
            .map(\.element.0)
    }
}

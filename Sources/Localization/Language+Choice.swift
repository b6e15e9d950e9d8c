import Texts

extension Language {
    /// The user's own choice, else the first language that the browser accepts, else English.
    public static func best(chosen: String?, acceptLanguage: String?) -> Language {
        bestCatalogue(chosen: chosen, acceptLanguage: acceptLanguage).language
    }

    /// The texts of that language, with the digits of its tag.
    public static func bestCatalogue(chosen: String?, acceptLanguage: String?) -> Catalogue {
        if let chosen, let language = lookUp(chosen) {
            return Catalogue(language, digits: Digits(of: chosen))
        }
        for tag in preferences(acceptLanguage ?? "") {
            if let language = lookUp(tag) { return Catalogue(language, digits: Digits(of: tag)) }
        }
        return Catalogue(.en)
    }

    /// The language of the pages for a tag (RFC 4647 §3.4); nil if they are in none that would be
    /// understood.
    public static func named(_ tag: String) -> Language? { lookUp(tag) }

    /// Longer tags are ignored, because looking one up takes quadratic time. Every registered tag is
    /// shorter (RFC 5646 §4.4.1).
    private static let longestTag = 35

    /// Cuts the tag from the right until it is one of ours (RFC 4647 §3.4); else any of ours with
    /// the same primary subtag, such as `pt-BR` for `pt-PT`.
    private static func lookUp(_ tag: some StringProtocol) -> Language? {
        guard tag.utf8.count <= longestTag, tag.isASCII else { return nil }
        var parts = tag.lowercased().split(whereSeparator: { $0 == "-" || $0 == "_" })
        guard let primary = parts.first else { return nil }
        while !parts.isEmpty {
            let shorter = parts.joined(separator: "-")
            if let language = allCases.first(where: { $0.rawValue.lowercased() == shorter }) {
                return language
            }
            parts.removeLast()
        }
        return allCases.first { $0.rawValue.prefix { $0 != "-" } == primary }
    }

    /// The tags of an `Accept-Language` field, the most wanted first (RFC 9110 §12.5.4). Only so many
    /// are read, each with a weight of at most five bytes (§12.4.2).
    private static func preferences(_ field: String) -> [Substring] {
        let wanted = field.split(byte: ",", maxSplits: 32).prefix(32).compactMap {
            item -> (Substring, Double)? in
            let parts = item.split(byte: ";", maxSplits: 2).map(trimmed)
            guard let tag = parts.first else { return nil }
            let weight = parts.dropFirst().first { $0.startsExactly(with: "q=") }
                .map { weight in weight.utf8.count <= 7 ? Double(weight.dropFirst(2)) ?? 0 : 0 }
            return (tag, weight ?? 1)
        }
        return wanted.enumerated()
            .filter { $0.element.1 > 0 }
            .sorted { ($0.element.1, $1.offset) > ($1.element.1, $0.offset) }
            .map(\.element.0)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.utf8[...]
        while text.first == 0x20 || text.first == 0x09 { text.removeFirst() }
        while text.last == 0x20 || text.last == 0x09 { text.removeLast() }
        return Substring(text)
    }
}

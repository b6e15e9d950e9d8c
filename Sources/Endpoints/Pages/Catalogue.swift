/// The texts of one language. Pages take every word from here.
struct Catalogue: Sendable {
    let language: Language
    private let texts: [Phrase: String]

    init(_ language: Language) {
        self.language = language
        texts = Self.table(language)
    }

    /// Adding a language is adding its case and its table; a test finds what is left out.
    static func table(_ language: Language) -> [Phrase: String] {
        switch language {
        case .english: english
        }
    }

    /// The text as it stands, with its placeholders. One that is missing in this language is
    /// English, and one that is missing there too is empty.
    func text(_ phrase: Phrase) -> String {
        texts[phrase] ?? Self.english[phrase] ?? ""
    }

    /// The text with its placeholders filled in; the text itself is escaped.
    func html(_ phrase: Phrase, _ values: [String: HTML] = [:]) -> HTML {
        var html = HTML.empty
        for part in Self.parts(of: text(phrase)) {
            switch part {
            case .literal(let text): html += .text(text)
            case .placeholder(let name): html += values[name] ?? .empty
            }
        }
        return html
    }

    /// The names of the placeholders in a text, as often as they occur.
    static func placeholders(in text: String) -> [String] {
        parts(of: text).compactMap { part in
            if case .placeholder(let name) = part { name } else { nil }
        }
    }

    private enum Part {
        case literal(String)
        case placeholder(String)
    }

    private static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{"),
            let close = rest[open...].firstIndex(of: "}")
        {
            if open > rest.startIndex { parts.append(.literal(String(rest[..<open]))) }
            parts.append(.placeholder(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        return parts
    }
}

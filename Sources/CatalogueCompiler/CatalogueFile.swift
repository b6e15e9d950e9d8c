/// A gettext catalogue: the header and the entries of one `.po` file.
///
/// It reads the part of the format that translators' tools write: comments, `msgctxt`, `msgid`,
/// `msgid_plural` and `msgstr`, each with a string that may go on over several lines.
struct CatalogueFile {
    /// One text with its key and its place in the file.
    struct Entry {
        /// `list/name`, such as `page/approve`.
        var key = ""
        var english = ""
        var englishPlural: String?
        /// One text, or one for each plural form.
        var texts: [String] = []
        var line = 0
        var isFuzzy = false

        var list: Substring { key.prefix { $0 != "/" } }
        var name: Substring { key.dropFirst(list.count + 1) }
    }

    /// Something in a file that a translator has to correct.
    struct Problem: Error {
        let path: String
        let line: Int
        let text: String

        var description: String { "\(path):\(line): error: \(text)\n" }
    }

    let path: String
    /// The fields of the header, such as `Language`.
    let header: [String: String]
    let entries: [Entry]

    init(path: String, text: String) throws(Problem) {
        var reader = Reader(path: path)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            try reader.read(line)
        }
        try reader.endEntry()
        guard let first = reader.entries.first, first.key.isEmpty, first.english.isEmpty else {
            throw Problem(path: path, line: 1, text: "the header is missing")
        }
        self.path = path
        var header: [String: String] = [:]
        for field in (first.texts.first ?? "").split(separator: "\n") {
            guard let colon = field.firstIndex(of: ":") else { continue }
            // A no-break space may be part of a value.
            header[String(field[..<colon])] = String(
                field[field.index(after: colon)...].drop { $0 == " " }
            )
        }
        self.header = header
        entries = Array(reader.entries.dropFirst())
    }

    func problem(_ line: Int, _ text: String) -> Problem {
        Problem(path: path, line: line, text: text)
    }

    /// A field of the header.
    func field(_ name: String) throws(Problem) -> String {
        guard let value = header[name], !value.isEmpty else {
            throw problem(1, "the header has no \(name)")
        }
        return value
    }

    /// Collects entries line by line.
    private struct Reader {
        /// The string that continuation lines belong to.
        private enum Part { case none, context, english, englishPlural, text(Int) }

        let path: String
        var entries: [Entry] = []
        private var entry = Entry()
        private var part = Part.none
        private var line = 0

        init(path: String) { self.path = path }

        mutating func read(_ text: Substring) throws(Problem) {
            line += 1
            if text.isEmpty { return }
            if text.hasPrefix("#") {
                if case .text = part { try endEntry() }
                if text.hasPrefix("#,"), text.contains("fuzzy") { entry.isFuzzy = true }
                return
            }
            guard let quote = text.firstIndex(of: "\""), text.count > 1, text.last == "\"" else {
                throw problem("expected a keyword and a string in quotation marks")
            }
            try begin(text[..<quote].split(separator: " ").first ?? "")
            try append(unescaped(text[text.index(after: quote)...].dropLast()))
        }

        mutating func endEntry() throws(Problem) {
            defer {
                entry = Entry()
                part = .none
            }
            if case .none = part { return }
            guard case .text = part else { throw problem("msgstr is missing") }
            entries.append(entry)
        }

        private mutating func begin(_ keyword: Substring) throws(Problem) {
            switch (keyword, part) {
            case ("", .none): throw problem("a string without a keyword")
            case ("", _): return
            case ("msgctxt", .text), ("msgid", .text):
                try endEntry()
                try begin(keyword)
                return
            case ("msgctxt", .none): part = .context
            case ("msgid", .none), ("msgid", .context): part = .english
            case ("msgid_plural", .english):
                part = .englishPlural
                entry.englishPlural = ""
                return
            case ("msgstr", .english), ("msgstr[0]", .englishPlural): part = .text(0)
            case (_, .text(let index)) where keyword == "msgstr[\(index + 1)]":
                part = .text(index + 1)
            default: throw problem("\(keyword) does not belong here")
            }
            if case .text = part { entry.texts.append("") }
            if entry.line == 0 { entry.line = line }
        }

        private mutating func append(_ text: String) throws(Problem) {
            switch part {
            case .none: throw problem("a string without a keyword")
            case .context: entry.key += text
            case .english: entry.english += text
            case .englishPlural: entry.englishPlural? += text
            case .text(let index): entry.texts[index] += text
            }
        }

        private func unescaped(_ text: Substring) throws(Problem) -> String {
            var result = ""
            var isEscaped = false
            for character in text {
                switch (isEscaped, character) {
                case (false, "\\"): isEscaped = true
                case (false, "\""): throw problem("a quotation mark needs a backslash")
                case (false, _): result.append(character)
                case (true, "n"):
                    result.append("\n")
                    isEscaped = false
                case (true, "\\"), (true, "\""):
                    result.append(character)
                    isEscaped = false
                default: throw problem("unknown escape \\\(character)")
                }
            }
            return result
        }

        private func problem(_ text: String) -> Problem {
            Problem(path: path, line: max(line, 1), text: text)
        }
    }
}

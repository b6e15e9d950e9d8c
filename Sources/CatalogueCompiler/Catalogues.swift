/// All catalogues together. English is the source: the others must have its keys, its English
/// texts and its placeholders, and nothing else.
struct Catalogues {
    private let english: CatalogueFile
    private let languages: [(file: CatalogueFile, rule: PluralRule)]
    /// Texts without plural forms, in the order of their index.
    private let single: [CatalogueFile.Entry]
    private let plural: [CatalogueFile.Entry]

    /// Lists whose entries the sources name one by one; the entries of all others are codes.
    private static let named = ["page", "label", "month", "weekday", "onWeekday"]

    /// Checks every file and reports everything that is wrong.
    init(_ files: [CatalogueFile]) throws(Failure) {
        guard let english = files.first(where: { $0.header["Language"] == "en" }) else {
            throw Failure(problems: [.init(path: "en.po", line: 1, text: "there is no English")])
        }
        self.english = english
        var problems = Self.problems(ofKeysIn: english)
        var languages: [(CatalogueFile, PluralRule)] = []
        for file in files.sorted(by: { $0.path < $1.path }) {
            do throws(CatalogueFile.Problem) {
                let rule = try Self.rule(of: file)
                languages.append((file, rule))
                problems += Self.problems(in: file, rule, english)
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else { throw Failure(problems: problems) }
        self.languages = languages
        let codes = english.entries.filter {
            $0.englishPlural == nil && !Self.named.contains(String($0.list))
        }
        single =
            Self.named.flatMap { list in english.entries.filter { $0.list == list } }
            + codes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        plural = english.entries.filter { $0.englishPlural != nil }
    }

    struct Failure: Error { let problems: [CatalogueFile.Problem] }

    // MARK: Checking

    private static func rule(of file: CatalogueFile) throws(CatalogueFile.Problem) -> PluralRule {
        guard let rule = PluralRule(try file.field("Plural-Forms")) else {
            throw file.problem(1, "Plural-Forms cannot be read")
        }
        guard (0...1000).allSatisfy({ (0..<rule.count).contains(rule.form($0)) }) else {
            throw file.problem(1, "Plural-Forms gives a number a form that does not exist")
        }
        return rule
    }

    private static func problems(ofKeysIn english: CatalogueFile) -> [CatalogueFile.Problem] {
        var seen: Set<String> = []
        return english.entries.compactMap { entry in
            guard !entry.name.isEmpty, entry.name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                return english.problem(entry.line, "msgctxt must be LIST/NAME")
            }
            guard seen.insert(entry.key).inserted else {
                return english.problem(entry.line, "\(entry.key) is there twice")
            }
            return nil
        }
    }

    private static func problems(
        in file: CatalogueFile,
        _ rule: PluralRule,
        _ english: CatalogueFile
    ) -> [CatalogueFile.Problem] {
        let isEnglish = file.path == english.path
        var translations: [String: CatalogueFile.Entry] = [:]
        var problems: [CatalogueFile.Problem] = []
        for entry in file.entries where translations.updateValue(entry, forKey: entry.key) != nil {
            problems.append(file.problem(entry.line, "\(entry.key) is there twice"))
        }
        for source in english.entries {
            guard let entry = translations.removeValue(forKey: source.key) else {
                problems.append(file.problem(1, "\(source.key) is missing"))
                continue
            }
            let text: String? =
                if entry.english != source.english || entry.englishPlural != source.englishPlural {
                    "\(entry.key): the English text has changed; translate it again"
                } else if entry.isFuzzy {
                    "\(entry.key) is marked as fuzzy"
                } else {
                    flaw(isEnglish ? sourceTexts(source) : entry.texts, of: source, rule)
                }
            if let text { problems.append(file.problem(entry.line, text)) }
        }
        for entry in translations.values.sorted(by: { $0.line < $1.line }) {
            problems.append(file.problem(entry.line, "\(entry.key) is not in \(english.path)"))
        }
        return problems
    }

    /// What is wrong with a translation.
    private static func flaw(
        _ texts: [String],
        of source: CatalogueFile.Entry,
        _ rule: PluralRule
    ) -> String? {
        let isPlural = source.englishPlural != nil
        guard texts.count == (isPlural ? rule.count : 1) else {
            return "\(source.key) needs \(rule.count) plural forms"
        }
        let wanted = placeholders(in: source.englishPlural ?? source.english)
        for (form, text) in texts.enumerated() {
            if text.isEmpty { return "\(source.key) has no text" }
            var names = placeholders(in: text)
            // "Every day" and "every two days" may do without the number.
            if isPlural, names.isEmpty, (3...1000).allSatisfy({ rule.form($0) != form }) {
                names = wanted
            }
            guard names == wanted else {
                let list = wanted.isEmpty ? "none" : wanted.joined(separator: ", ")
                return "\(source.key) must have these placeholders: \(list)"
            }
        }
        return nil
    }

    /// The names in braces, sorted, as often as they occur.
    private static func placeholders(in text: String) -> [String] {
        text.split(separator: "{", omittingEmptySubsequences: false).dropFirst()
            .map { String($0.prefix { $0 != "}" }) }.sorted()
    }

    /// English has its texts where the others have the source.
    private static func sourceTexts(_ entry: CatalogueFile.Entry) -> [String] {
        [entry.english] + (entry.englishPlural.map { [$0] } ?? [])
    }

    // MARK: Writing

    /// The Swift file: the languages, the keys, and the texts of each language in one array.
    func swift() throws(CatalogueFile.Problem) -> String {
        var text = "// Made from the .po files of this target. Edit those.\nimport Logins\n\n"
        text += "/// A language that the pages speak; the raw value is its BCP 47 tag.\n"
        text += "public enum Language: String, CaseIterable, Hashable, Sendable {\n"
        var data = "    var data: CatalogueData {\n        switch self {\n"
        var constants = ""
        for (file, rule) in languages {
            let tag = try file.field("Language")
            let name = Self.identifier(tag)
            text += "    case \(name) = \(Self.literal(tag))\n"
            data += "        case .\(name): .\(name)\n"
            constants += try constant(name, file, rule)
        }
        text += "\n" + data + "        }\n    }\n}\n\n"
        text += keys(of: "page", "Phrase", "The texts of the pages")
        text += keys(of: "count", "Counted", "Counted texts, with plural forms")
        text += "extension Fact.Known {\n    var index: Int {\n        switch self {\n"
        for (index, entry) in single.enumerated() where entry.list == "label" {
            text += "        case .\(entry.name): \(index)\n"
        }
        text += "        }\n    }\n}\n\n"
        let codes = single.enumerated().filter { !Self.named.contains(String($0.element.list)) }
        text += "extension CatalogueData {\n"
        for list in Self.named.dropFirst(2) {
            text += "    static let \(list)s = \(single.firstIndex { $0.list == list } ?? 0)\n"
        }
        text += "    static let plurals = \(single.count)\n"
        text += "    static let firstCode = \(codes.first?.offset ?? 0)\n"
        text += "    /// `list/code`, sorted by bytes.\n    static let codes: [StaticString] = [\n"
        for (_, entry) in codes { text += "        \(Self.literal(entry.key)),\n" }
        return text + "    ]\n\n" + constants + "}\n"
    }

    private func constant(
        _ name: String,
        _ file: CatalogueFile,
        _ rule: PluralRule
    ) throws(CatalogueFile.Problem) -> String {
        let isEnglish = file.path == english.path
        var texts: [String: [String]] = [:]
        for entry in file.entries {
            texts[entry.key] = isEnglish ? Self.sourceTexts(entry) : entry.texts
        }
        let direction = try file.field("X-Direction")
        guard direction == "ltr" || direction == "rtl" else {
            throw file.problem(1, "X-Direction must be ltr or rtl")
        }
        guard let digits = Int(try file.field("X-Minimum-Grouping-Digits")) else {
            throw file.problem(1, "X-Minimum-Grouping-Digits must be a number")
        }
        var text = "    static let \(name) = CatalogueData(\n"
        for (label, field) in [
            ("direction", "X-Direction"), ("decimalMark", "X-Decimal-Mark"),
            ("groupMark", "X-Group-Mark"), ("date", "X-Date"), ("money", "X-Money"),
            ("ordinals", "X-Ordinals"), ("currencySymbols", "X-Currency-Symbols"),
        ] { text += "        \(label): \(Self.literal(try file.field(field))),\n" }
        text += "        minimumGroupingDigits: \(digits),\n"
        text += "        pluralForms: \(rule.count),\n        pluralForm: \(rule.swift),\n"
        text += "        texts: [\n"
        for entry in single + plural {
            for item in texts[entry.key] ?? [] { text += "            \(Self.literal(item)),\n" }
        }
        return text + "        ]\n    )\n"
    }

    private func keys(of list: String, _ type: String, _ comment: String) -> String {
        let names = (list == "count" ? plural : single).filter { $0.list == list }.map(\.name)
        return "/// \(comment).\npublic enum \(type): Int, CaseIterable, Sendable {\n"
            + names.map { "    case \($0)\n" }.joined() + "}\n\n"
    }

    /// `pt-BR` as `ptBR`.
    private static func identifier(_ tag: String) -> String {
        tag.split(separator: "-").joined()
    }

    private static func literal(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": literal += "\\\(scalar)"
            case "\n": literal += "\\n"
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }
}

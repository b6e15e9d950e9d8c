import Logins

/// Everything that one language says. Adding a language is adding its case and its words; a test
/// finds what is left out.
struct Words: Sendable {
    let phrases: [Phrase: String]
    let labels: [Fact.Known: String]
    let counted: [Counted: [PluralCategory: String]]
    /// What the codes of each list mean. Frequencies are made from phrases; countries and
    /// currencies are in `Names`.
    let codes: [Fact.Codes: [String: String]]

    static func of(_ language: Language) -> Words {
        switch language {
        case .english: english
        case .portuguese: portuguese
        case .spanish: spanish
        case .french: french
        case .german: german
        case .arabic: arabic
        }
    }
}

/// What is counted. Each text has `{count}` where its form of a language does not say the number
/// in a word.
enum Counted: CaseIterable, Sendable {
    case days, everyDays, everyWeeks, everyMonths
}

/// The texts of one language. Pages take every word from here.
struct Catalogue: Sendable {
    let language: Language
    private let words: Words

    init(_ language: Language) {
        self.language = language
        words = Words.of(language)
    }

    /// The text as it stands, with its placeholders. One that is missing in this language is
    /// English, and one that is missing there too is empty.
    func text(_ phrase: Phrase) -> String {
        words.phrases[phrase] ?? Words.english.phrases[phrase] ?? ""
    }

    /// The text with its placeholders filled in; the text itself is escaped.
    func html(_ phrase: Phrase, _ values: [String: HTML] = [:]) -> HTML {
        Self.fill(text(phrase), values)
    }

    func label(_ label: Fact.Known) -> String {
        words.labels[label] ?? Words.english.labels[label] ?? ""
    }

    /// A number of things, in the form that the number asks for.
    func text(_ counted: Counted, _ count: Int) -> String {
        let forms = words.counted[counted] ?? [:]
        let form = forms[PluralCategory(count, language)] ?? forms[.other] ?? ""
        return form.replacing("{count}", with: NumberText.decimal(String(count), language) ?? "")
    }

    /// What a code means; nil for one that nobody has explained to us.
    func meaning(_ code: String, in codes: Fact.Codes) -> String? {
        switch codes {
        case .country: Names.country(code, language)
        case .currency: Names.currency(code, language)
        case .ukFrequency: StandingOrderFrequency(code).map(sentence)
        case .ukPermission, .brasilPermission, .fdxCluster, .cdrScope, .chargeBearer,
            .paymentContext, .rateType, .personKind, .localInstrument, .paymentType, .sharingType,
            .durationType, .resourceType:
            words.codes[codes]?[code]
        }
    }

    private func sentence(_ frequency: StandingOrderFrequency) -> String {
        switch frequency {
        case .everyDay: return text(.everyDay)
        case .everyWorkingDay: return text(.everyWorkingDay)
        case .days(let count): return text(.everyDays, count)
        case .weeks(let count, let weekday):
            return fill(
                .onWeekday,
                ["every": text(.everyWeeks, count), "weekday": name(weekday)]
            )
        case .weekOfMonth(let week, let weekday):
            return fill(.inWeekOfMonth, ["week": String(week), "weekday": name(weekday)])
        case .months(let count, let day):
            let every = text(.everyMonths, count)
            switch day {
            case -1: return fill(.onLastDay, ["every": every])
            case ..<0: return fill(.onDayFromEnd, ["every": every, "day": String(-day)])
            default: return fill(.onDay, ["every": every, "day": String(day)])
            }
        case .quarterDays(.english): return text(.quarterEnglish)
        case .quarterDays(.scottish): return text(.quarterScottish)
        case .quarterDays(.received): return text(.quarterReceived)
        }
    }

    /// 1 is Monday.
    private func name(_ weekday: Int) -> String { language.weekdayNames[weekday - 1] }

    private func fill(_ phrase: Phrase, _ values: [String: String]) -> String {
        values.reduce(text(phrase)) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    private static func fill(_ text: String, _ values: [String: HTML]) -> HTML {
        var html = HTML.empty
        for part in parts(of: text) {
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

public import Dates
public import Logins

/// The texts of one language: every word on a page comes from here. They are in the `.po` files
/// beside this file; the build fails when a language lacks a text or a placeholder.
public struct Catalogue: Sendable {
    /// A piece of a text.
    public enum Part: Hashable, Sendable {
        case literal(String)
        /// The name in braces, to be replaced by a value.
        case placeholder(String)
    }

    public let language: Language
    public let digits: Digits
    let data: CatalogueData

    /// The texts of a language, with numbers in these digits. Codes, account numbers and what a server
    /// sent are not numbers in this sense.
    public init(_ language: Language, digits: Digits = .latin) {
        self.language = language
        self.digits = digits
        data = language.data
    }

    /// The direction of the script, as HTML's `dir`: `ltr` or `rtl`.
    public var direction: String { data.direction }

    /// The text with its placeholders.
    public func text(_ phrase: Phrase) -> String { digits.written(data.texts[phrase.rawValue]) }

    /// The text in pieces, for a caller that fills in something other than plain text.
    public func parts(_ phrase: Phrase) -> [Part] { Self.parts(of: text(phrase)) }

    /// The name of a detail.
    public func label(_ label: Fact.Known) -> String { data.texts[label.index] }

    /// A number of things, in the plural form that the number takes.
    public func text(_ counted: Counted, _ count: Int) -> String {
        let first = CatalogueData.plurals + counted.rawValue * data.pluralForms
        let text = data.texts[first + data.pluralForm(Int(clamping: count.magnitude))]
        return digits.written(
            Self.fill(text, ["count": number(String(count)) ?? String(count)])
        )
    }

    /// What a code of a standard means; nil for an unknown code.
    public func meaning(_ code: String, in codes: Fact.Codes) -> String? {
        if codes == .frequency {
            return StandingOrderFrequency(code).map { digits.written(sentence($0)) }
        }
        return CatalogueData.index(of: code, in: codes.name).map { data.texts[$0] }
    }

    /// `4 March 2031`.
    public func date(_ day: CivilDay) -> String {
        digits.written(
            Self.fill(
                data.date,
                [
                    "day": String(day.day),
                    "month": data.texts[CatalogueData.months + day.month - 1],
                    "year": String(day.year),
                ]
            )
        )
    }

    /// `14:32`, for the minute of a day.
    public func time(minute: Int) -> String {
        digits.written([minute / 60, minute % 60].map(Self.twoDigits).joined(separator: ":"))
    }

    private static func twoDigits(_ number: Int) -> String {
        (number < 10 ? "0" : "") + String(number)
    }

    private func sentence(_ frequency: StandingOrderFrequency) -> String {
        switch frequency {
        case .everyDay: text(.everyDay)
        case .everyWorkingDay: text(.everyWorkingDay)
        case .days(let count): text(.everyDays, count)
        case .weeks(let count, let weekday):
            fill(
                .onWeekday,
                [
                    "every": text(.everyWeeks, count),
                    "weekday": data.texts[CatalogueData.onWeekdays + weekday - 1],
                ]
            )
        case .weekOfMonth(let week, let weekday):
            fill(
                .inWeekOfMonth,
                [
                    "week": String(week),
                    "weekday": data.texts[CatalogueData.weekdays + weekday - 1],
                ]
            )
        case .months(let count, let day):
            fill(
                day == -1 ? .onLastDay : day < 0 ? .onDayFromEnd : .onDay,
                ["every": text(.everyMonths, count), "day": ordinal(abs(day))]
            )
        case .quarterDays(.english): text(.quarterEnglish)
        case .quarterDays(.scottish): text(.quarterScottish)
        case .quarterDays(.received): text(.quarterReceived)
        }
    }

    /// `1st`.
    private func ordinal(_ day: Int) -> String {
        let general = String(data.ordinals.prefix { $0 != " " })
        return CatalogueData.value(String(day), in: data.ordinals)
            ?? Self.fill(general, ["day": String(day)])
    }

    private func fill(_ phrase: Phrase, _ values: [String: String]) -> String {
        Self.fill(text(phrase), values)
    }

    static func fill(_ text: String, _ values: [String: String]) -> String {
        parts(of: text).reduce(into: "") { filled, part in
            switch part {
            case .literal(let text): filled += text
            case .placeholder(let name): filled += values[name] ?? ""
            }
        }
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

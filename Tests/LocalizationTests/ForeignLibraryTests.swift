import Dates
import JSON
import Logins
import TestSupport
import Testing

@testable import Localization

/// Numbers, dates and names compared with Babel, which has them from the CLDR.
@Suite(
    "A language, compared with Babel",
    .enabled(if: ForeignLibrary.isWanted, "make interop installs Babel and runs this")
)
struct ForeignLibraryTests {
    private static let days = (1...12).map { month in
        "2031-\(month < 10 ? "0" : "")\(month)-\(month < 10 ? "0" : "")\(month)"
    }
    private static let numbers = ["0.25", "7", "999", "12345", "123456.75", "1234567.5"]
    private static let counts = Array(0...250) + [1000, 1_000_000, 1_000_001, 3_000_000]
    private static let amount = "12345.67"

    private static func job(_ language: Language) -> JSONValue {
        let list = { (texts: [String]) in JSONValue.array(texts.map { .string($0) }) }
        let members: [(String, JSONValue)] = [
            ("language", .string(language.rawValue)), ("days", list(days)),
            ("numbers", list(numbers)), ("amount", .string(amount)),
            ("currencies", list(StandardCodes.currencies)),
            ("countries", list(StandardCodes.countries)),
            ("counts", .array(counts.map { .number("\($0)") })),
        ]
        return .object(JSONObject(members.map { .init(name: $0.0, value: $0.1) }))
    }

    @Test("Numbers, money, dates and names are those of Babel")
    func comparison() throws {
        let languages = Language.allCases
        let answers = try ForeignLibrary.ask(languages.map(Self.job), script: "locales.py")
        for (language, answer) in zip(languages, answers) {
            let expected = try ForeignLibrary.result(answer)
            let catalogue = Catalogue(language)
            func compare(_ own: [String?], _ name: String) {
                let texts = (expected[name]?.array ?? []).map(\.string)
                #expect(texts.count == own.count)
                for (own, text) in zip(own, texts) {
                    // Babel does not know every new currency.
                    if let text { #expect(own == text, "\(name) in \(language)") }
                }
            }
            #expect(expected["direction"]?.string == catalogue.direction)
            compare(Self.days.map { CivilDay($0).map(catalogue.date) }, "days")
            compare(Self.numbers.map(catalogue.number), "numbers")
            compare(
                StandardCodes.countries.map { catalogue.meaning($0, in: .country) },
                "countries"
            )
            compare(
                StandardCodes.currencies.map { catalogue.meaning($0, in: .currency) },
                "currencies"
            )
            let weekdays = catalogue.data.texts.dropFirst(CatalogueData.weekdays).prefix(7)
            compare(Array(weekdays), "weekdays")
            compare(
                StandardCodes.currencies.map { currency in
                    let money = Money(amount: Self.amount, currency: currency)
                    // Babel is asked for these two digits, whatever the currency has.
                    let text = money.map(catalogue.money)?.replacing("670", with: "67")
                    // Babel does not separate letters from the digits that follow.
                    return language == .en ? text?.replacing("\u{A0}", with: "") : text
                },
                "money"
            )
            // Numbers share a form here when they share one there.
            let forms = Self.counts.map(catalogue.data.pluralForm)
            let categories = (expected["plurals"]?.array ?? []).map { $0.string ?? "" }
            let pairs = Set(zip(forms, categories).map { "\($0) \($1)" })
            #expect(pairs.count == Set(forms).count && pairs.count == Set(categories).count)
        }
    }
}

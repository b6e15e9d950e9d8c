import Testing

@testable import Endpoints

@Suite("The catalogue")
struct CatalogueTests {
    @Test("has every text in every language, with its placeholders", arguments: Language.allCases)
    func complete(language: Language) {
        let table = Catalogue.table(language)
        for phrase in Phrase.allCases {
            let text = table[phrase] ?? ""
            #expect(!text.isEmpty, "\(phrase) in \(language)")
            #expect(
                Catalogue.placeholders(in: text).sorted() == phrase.placeholders.sorted()
                    || phrase == .timeLeft,
                "\(phrase) in \(language)"
            )
        }
        // Filled in by the script, which looks for this very name.
        #expect(table[.timeLeft]?.contains("{left}") == true)
    }

    @Test(
        "finds the language that is meant",
        arguments: [
            (nil, nil, Language.english), ("en-GB", nil, .english), (nil, "de, en;q=0.5", .english),
            (nil, "*;q=0.1", .english), ("xx", ";;;,,q=", .english),
        ]
    )
    func negotiated(chosen: String?, accepted: String?, language: Language) {
        #expect(Language.best(chosen: chosen, acceptLanguage: accepted) == language)
    }
}

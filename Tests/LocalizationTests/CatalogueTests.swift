import Logins
import Testing

@testable import Endpoints

@Suite("The catalogue")
struct CatalogueTests {
    @Test("has every text in every language, with its placeholders", arguments: Language.allCases)
    func complete(language: Language) {
        let words = Words.of(language)
        for phrase in Phrase.allCases {
            let text = words.phrases[phrase] ?? ""
            #expect(!text.isEmpty, "\(phrase) in \(language)")
            #expect(
                Catalogue.placeholders(in: text).sorted() == phrase.placeholders.sorted()
                    || phrase == .timeLeft,
                "\(phrase) in \(language)"
            )
        }
        // Filled in by the script, which looks for this very name.
        #expect(words.phrases[.timeLeft]?.contains("{left}") == true)
        for label in Fact.Known.allCases {
            #expect(words.labels[label]?.isEmpty == false, "\(label) in \(language)")
        }
        for counted in Counted.allCases {
            let forms = words.counted[counted] ?? [:]
            #expect(
                Set(forms.keys) == PluralCategory.categories(language),
                "\(counted) in \(language)"
            )
            for (form, text) in forms where ![.one, .two].contains(form) {
                #expect(text.contains("{count}"), "\(counted), \(form) in \(language)")
            }
        }
    }

    @Test("explains every code that is known, and no other", arguments: Language.allCases)
    func codes(language: Language) {
        let catalogue = Catalogue(language)
        for codes in Fact.Codes.allCases {
            for code in KnownCodes.list(codes) {
                let meaning = catalogue.meaning(code, in: codes) ?? ""
                #expect(!meaning.isEmpty, "\(code) in \(language)")
            }
            #expect(catalogue.meaning("Unheard", in: codes) == nil)
            #expect(catalogue.meaning("", in: codes) == nil)
            let written = Words.of(language).codes[codes] ?? [:]
            #expect(
                Set(written.keys).isSubset(of: KnownCodes.list(codes)),
                "\(codes) in \(language)"
            )
        }
    }

    /// Names of payment systems are names, and some words are the same in two languages.
    private static let sameOnPurpose: Set<String> = [
        "{time} UTC", "Faster Payments", "Bacs", "CHAPS", "Paym", "LINK", "SWIFT", "TARGET2",
        "EURO1", "Pix",
        // The order of a date and a time is one for many; a document is one in French too.
        "{date}, {time}", "Documents",
    ]

    @Test(
        "has no text that was left in English",
        arguments: Language.allCases.filter { $0 != .english }
    )
    func translated(language: Language) {
        let words = Words.of(language)
        func check(_ text: String?, _ english: String?, _ name: String) {
            guard let english, !Self.sameOnPurpose.contains(english) else { return }
            #expect(text != english, "\(name) in \(language)")
        }
        for (phrase, english) in Words.english.phrases {
            check(words.phrases[phrase], english, "\(phrase)")
        }
        for (label, english) in Words.english.labels {
            check(words.labels[label], english, "\(label)")
        }
        for (codes, table) in Words.english.codes {
            for (code, english) in table { check(words.codes[codes]?[code], english, code) }
        }
    }

    @Test("means each code of a list in words of its own", arguments: Language.allCases)
    func distinct(language: Language) {
        for (codes, table) in Words.of(language).codes {
            #expect(Set(table.values).count == table.count, "\(codes) in \(language)")
        }
    }

    @Test(
        "says how often a standing order pays",
        arguments: [
            ("EvryDay", "Every day", "Jeden Tag"),
            ("EvryWorkgDay", "Every working day", "Jeden Werktag"),
            ("IntrvlDay:15", "Every 15 days", "Alle 15 Tage"),
            ("IntrvlWkDay:01:03", "Every week, on Wednesday", "Jede Woche am Mittwoch"),
            ("IntrvlWkDay:02:07", "Every 2 weeks, on Sunday", "Alle 2 Wochen am Sonntag"),
            (
                "WkInMnthDay:02:01", "Every month, on Monday of week 2",
                "Jeden Monat am Montag der 2. Woche"
            ),
            ("IntrvlMnthDay:01:31", "Every month, on day 31", "Jeden Monat am 31. Tag"),
            (
                "IntrvlMnthDay:06:-01", "Every 6 months, on the last day",
                "Alle 6 Monate am letzten Tag"
            ),
            (
                "IntrvlMnthDay:12:-05",
                "Every 12 months, on day 5 counted from the end of the month",
                "Alle 12 Monate am 5. Tag, vom Monatsende gezählt"
            ),
            (
                "QtrDay:SCOTTISH",
                "Each quarter, on 2 February, 15 May, 1 August and 11 November",
                "Jedes Quartal am 2. Februar, 15. Mai, 1. August und 11. November"
            ),
        ]
    )
    func frequencies(code: String, english: String, german: String) {
        #expect(Catalogue(.english).meaning(code, in: .ukFrequency) == english)
        #expect(Catalogue(.german).meaning(code, in: .ukFrequency) == german)
        for language in Language.allCases {
            let text = Catalogue(language).meaning(code, in: .ukFrequency) ?? ""
            #expect(!text.isEmpty && !text.contains("{"), "\(code) in \(language)")
        }
    }

    @Test(
        "does not guess at a frequency that the standard has not",
        arguments: [
            "", "EvryDay:01", "IntrvlWkDay:10:01", "IntrvlWkDay:01:08", "IntrvlWkDay:1:1",
            "IntrvlMnthDay:07:01", "IntrvlMnthDay:01:32", "IntrvlMnthDay:01:-06",
            "IntrvlMnthDay:01:00", "QtrDay:IRISH", "evryday", "IntrvlDay:01", "IntrvlWkDay:01",
        ]
    )
    func unknownFrequencies(code: String) {
        #expect(!KnownCodes.contains(code, in: .ukFrequency))
        #expect(Catalogue(.english).meaning(code, in: .ukFrequency) == nil)
    }

    @Test(
        "finds the language that is meant",
        arguments: [
            (nil, nil, Language.english), ("en-GB", nil, .english), (nil, "*;q=0.1", .english),
            ("xx", ";;;,,q=", .english), (nil, "de, en;q=0.5", .german),
            (nil, "de;q=0.5, fr-CA, en;q=0.8", .french), ("pt-BR", "de", .portuguese),
            ("pt", nil, .portuguese), ("pt-PT", nil, .portuguese), (nil, "PT-br", .portuguese),
            ("ar-SA", "en", .arabic), ("es_MX", nil, .spanish), (nil, "ptx, es;q=0.1", .spanish),
            ("nl", "fr", .french), (nil, "fr;q=0, de", .german),
        ]
    )
    func negotiated(chosen: String?, accepted: String?, language: Language) {
        #expect(Language.best(chosen: chosen, acceptLanguage: accepted) == language)
    }
}

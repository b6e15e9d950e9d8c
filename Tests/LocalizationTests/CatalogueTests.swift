import Logins
import TestSupport
import Testing

@testable import Localization

@Suite("A catalogue")
struct CatalogueTests {
    @Test("A catalogue explains every known code, and no other", arguments: Language.allCases)
    func codes(language: Language) {
        let catalogue = Catalogue(language)
        for codes in Fact.Codes.all {
            for code in StandardCodes.list(codes) {
                #expect(catalogue.meaning(code, in: codes)?.isEmpty == false, "\(code)")
            }
            #expect(catalogue.meaning("Unheard", in: codes) == nil)
            #expect(catalogue.meaning("", in: codes) == nil)
        }
    }

    @Test("A catalogue has texts for known codes only")
    func unknownCodes() {
        for key in CatalogueData.codes.map(\.description) {
            let list = String(key.prefix { $0 != "/" })
            let code = String(key.dropFirst(list.count + 1))
            #expect(StandardCodes.list(Fact.Codes(list)).contains(code), "\(key)")
        }
    }

    /// Texts that are the same in two languages: names of payment systems, patterns without words,
    /// and words that two languages share.
    private static let sameOnPurpose: Set<String> = [
        "{time} {zone}", "{every}, {weekday}", "{date}, {time}", "Faster Payments", "Bacs",
        "CHAPS", "Paym", "LINK", "SWIFT", "TARGET2", "EURO1", "Pix", "Documents", "Status",
        "Person", "BIC", "IBAN", "CPF", "Bonus", "Normal", "Website", "No", "Commission",
        "Text {version} ({language})", "Login {number}", "Clients", "Client", "Delegation", "Audit",
        "Administrator", "Moderator", "Phase", "Scopes", "Challenge", "Name", "Browser", "Grants",
        "Message", "Console", "Sessions", "Pauses", "Actions", "Notifications", "Cause", "Type",
        "Logins", "Apps", "Associations", "Cinemas", "Pharmacies", "Restaurants",
    ]

    @Test("A catalogue has no untranslated text", arguments: Language.allCases.filter { $0 != .en })
    func translated(language: Language) {
        let (own, english) = (Catalogue(language).data.texts, Catalogue(.en).data.texts)
        let names = ["country/", "currency/"]
        for (index, text) in english.prefix(CatalogueData.plurals).enumerated() {
            // Names of months are alike in many languages.
            if (CatalogueData.months..<CatalogueData.weekdays).contains(index) { continue }
            let code = index - CatalogueData.firstCode
            let key = code < 0 ? "" : CatalogueData.codes[code].description
            if names.contains(where: key.hasPrefix) || Self.sameOnPurpose.contains(text) {
                continue
            }
            #expect(own[index] != text, "\(language): \(text)")
        }
    }

    @Test("A catalogue explains each code of a list differently", arguments: Language.allCases)
    func distinct(language: Language) {
        let catalogue = Catalogue(language)
        for codes in Fact.Codes.all {
            let list = StandardCodes.list(codes)
            let meanings = Set(list.map { catalogue.meaning($0, in: codes) })
            #expect(meanings.count == list.count, "\(codes) in \(language)")
        }
    }

    @Test("A catalogue has one text for each index", arguments: Language.allCases)
    func texts(language: Language) {
        let data = Catalogue(language).data
        let forms = Counted.allCases.count * data.pluralForms
        #expect(data.texts.count == CatalogueData.plurals + forms)
        #expect(CatalogueData.firstCode + CatalogueData.codes.count == CatalogueData.plurals)
    }

    @Test(
        "A frequency is written as a sentence",
        arguments: [
            ("EvryDay", "Every day", "Jeden Tag"),
            ("EvryWorkgDay", "Every working day", "Jeden Bankarbeitstag"),
            ("IntrvlDay:15", "Every 15 days", "Alle 15 Tage"),
            ("IntrvlWkDay:01:03", "Weekly, on Wednesday", "Jede Woche am Mittwoch"),
            ("IntrvlWkDay:02:07", "Every 2 weeks, on Sunday", "Alle 2 Wochen am Sonntag"),
            (
                "WkInMnthDay:02:01", "Monthly, on Monday of week 2",
                "Jeden Monat am Montag der 2. Woche"
            ),
            ("IntrvlMnthDay:01:01", "Monthly, on the 1st", "Jeden Monat am 1."),
            ("IntrvlMnthDay:01:22", "Monthly, on the 22nd", "Jeden Monat am 22."),
            ("IntrvlMnthDay:01:31", "Monthly, on the 31st", "Jeden Monat am 31."),
            (
                "IntrvlMnthDay:06:-01", "Every 6 months, on the last day of the month",
                "Alle 6 Monate am letzten Tag des Monats"
            ),
            (
                "IntrvlMnthDay:12:-05", "Every 12 months, on the 5th-to-last day of the month",
                "Alle 12 Monate am 5. Tag, vom Monatsende gezählt"
            ),
            (
                "QtrDay:SCOTTISH", "Quarterly, on 2 February, 15 May, 1 August and 11 November",
                "Jedes Quartal am 2. Februar, 15. Mai, 1. August und 11. November"
            ),
        ]
    )
    func frequencies(code: String, english: String, german: String) {
        #expect(Catalogue(.en).meaning(code, in: .frequency) == english)
        #expect(Catalogue(.de).meaning(code, in: .frequency) == german)
        for language in Language.allCases {
            let text = Catalogue(language).meaning(code, in: .frequency) ?? ""
            #expect(!text.isEmpty && !text.contains("{"), "\(code) in \(language)")
        }
    }

    @Test(
        "Ordinals and weekdays follow the grammar of the language",
        arguments: [
            (Language.es, "IntrvlWkDay:01:06", "Todas las semanas, los sábados"),
            (.ptBR, "IntrvlWkDay:01:06", "Toda semana, aos sábados"),
            (.fr, "IntrvlMnthDay:01:01", "Tous les mois, le 1er"),
            (.fr, "IntrvlMnthDay:01:02", "Tous les mois, le 2"),
            (.ptBR, "IntrvlMnthDay:01:01", "Todo mês, no dia 1º"),
            (.ar, "IntrvlWkDay:02:03", "كل أسبوعين، يوم الأربعاء"),
        ]
    )
    func weekdays(language: Language, code: String, text: String) {
        #expect(Catalogue(language).meaning(code, in: .frequency) == text)
    }

    @Test(
        "An unknown frequency has no text",
        arguments: [
            "", "EvryDay:01", "IntrvlWkDay:10:01", "IntrvlWkDay:01:08", "IntrvlWkDay:1:1",
            "IntrvlMnthDay:07:01", "IntrvlMnthDay:01:32", "IntrvlMnthDay:01:-06",
            "IntrvlMnthDay:01:00", "QtrDay:IRISH", "evryday", "IntrvlDay:01", "IntrvlWkDay:01",
        ]
    )
    func unknownFrequencies(code: String) {
        #expect(StandingOrderFrequency(code) == nil)
        #expect(Catalogue(.en).meaning(code, in: .frequency) == nil)
    }

    @Test(
        "The user's language comes first, then the browser's, then English",
        arguments: [
            (nil, nil, Language.en), ("en-GB", nil, .en), (nil, "*;q=0.1", .en),
            ("xx", ";;;,,q=", .en), (nil, "de, en;q=0.5", .de),
            (nil, "de;q=0.5, fr-CA, en;q=0.8", .fr), ("pt-BR", "de", .ptBR),
            ("pt", nil, .ptBR), ("pt-PT", nil, .ptBR), (nil, "PT-br", .ptBR),
            ("ar-SA", "en", .ar), ("es_MX", nil, .es), (nil, "ptx, es;q=0.1", .es),
            ("nl", "fr", .fr), (nil, "fr;q=0, de", .de),
        ]
    )
    func negotiated(chosen: String?, accepted: String?, language: Language) {
        #expect(Language.best(chosen: chosen, acceptLanguage: accepted) == language)
    }

    @Test(
        "A language tag of more than 35 bytes is ignored, whatever it begins with",
        arguments: [
            ("de-" + String(repeating: "a", count: 32), Language.de),
            ("de-" + String(repeating: "a", count: 33), .en),
            ("de" + String(repeating: "-a", count: 8_000), .en),
            ("de" + String(repeating: "_a", count: 8_000), .en),
        ]
    )
    func longTags(tag: String, language: Language) {
        #expect(Language.best(chosen: tag, acceptLanguage: nil) == language)
        #expect(Language.best(chosen: nil, acceptLanguage: tag) == language)
        #expect(Language.best(chosen: nil, acceptLanguage: tag + ", fr;q=0.5") != .en)
    }

    /// CLDR 47, plurals.xml, cardinal, samples of whole numbers: numbers with the same form.
    @Test(
        "Numbers take the plural forms of the CLDR",
        arguments: [
            (Language.en, [[1], [0, 2, 11]]), (.de, [[1], [0, 2, 1_000_000]]),
            (.es, [[1], [1_000_000], [0, 2, 1_000_001]]),
            (.ptBR, [[0, 1], [1_000_000], [2, 11]]), (.fr, [[0, 1], [2_000_000], [2, 11]]),
            (
                .ar,
                [
                    [0], [1], [2], [3, 10, 103, 1003], [11, 99, 111],
                    [100, 101, 102, 200, 1_000_000],
                ]
            ),
        ]
    )
    func plurals(language: Language, forms: [[Int]]) {
        let data = Catalogue(language).data
        #expect(data.pluralForms == forms.count)
        for (form, numbers) in forms.enumerated() {
            for number in numbers { #expect(data.pluralForm(number) == form, "\(number)") }
        }
        #expect(Catalogue(language).text(.days, .min).isEmpty == false)
    }
}

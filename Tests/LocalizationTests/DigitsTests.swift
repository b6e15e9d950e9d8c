import Dates
import Logins
import Testing

@testable import Localization

@Suite("The digits of a page")
struct DigitsTests {
    /// CLDR 47, `defaultNumberingSystem`.
    @Test(
        "are those of the tag's region in Arabic, and Latin otherwise",
        arguments: [
            ("ar", Digits.latin), ("ar-SA", .arabicIndic), ("AR-sa", .arabicIndic),
            ("ar_EG", .arabicIndic), ("ar-Arab-KW", .arabicIndic), ("ar-AE", .latin),
            ("ar-MA", .latin), ("ar-001", .latin), ("ar-XX", .latin), ("fa-IR", .latin),
            ("en-SA", .latin), ("", .latin), ("ar-", .latin),
        ]
    )
    func region(_ tag: String, _ digits: Digits) {
        #expect(Digits(of: tag) == digits)
    }

    @Test(
        "come with the language that was chosen",
        arguments: [
            ("ar-SA", "ar-AE", Language.ar, Digits.arabicIndic),
            (nil, "ar-SA,en", .ar, .arabicIndic),
            (nil, "xx,ar", .ar, .latin), ("ar", "ar-SA", .ar, .latin), ("de", "ar-SA", .de, .latin),
            (nil, nil, .en, .latin),
        ] as [(String?, String?, Language, Digits)]
    )
    func chosen(_ chosen: String?, _ accepted: String?, _ language: Language, _ digits: Digits) {
        let catalogue = Language.bestCatalogue(chosen: chosen, acceptLanguage: accepted)
        #expect(catalogue.language == language && catalogue.digits == digits)
    }

    @Test("write every number, date and time of Arabic with its own marks, and no code")
    func written() throws {
        let catalogue = Catalogue(.ar, digits: .arabicIndic)
        let money = try #require(Money(amount: "12345.60", currency: "SAR"))
        #expect(catalogue.money(money).contains("١٢٬٣٤٥٫٦٠"))
        #expect(catalogue.number("1234.5") == "١٬٢٣٤٫٥")
        #expect(catalogue.number("1e3") == nil)
        #expect(catalogue.date(CivilDay("2031-03-04")!) == "٤ مارس ٢٠٣١")
        #expect(catalogue.time(minute: 14 * 60 + 5) == "١٤:٠٥")
        #expect(catalogue.text(.days, 90).contains("٩٠"))
        #expect(catalogue.text(.timeLeftSeconds).contains("١٥"))
        #expect(catalogue.meaning("IntrvlMnthDay:01:15", in: .frequency)?.contains("١٥") == true)
        #expect(catalogue.meaning("UK.OBIE.Target2", in: .init("local_instrument")) == "TARGET2")
        #expect(Catalogue(.ar).time(minute: 65) == "01:05")
    }
}

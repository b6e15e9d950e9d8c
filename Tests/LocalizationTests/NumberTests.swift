import Logins
import Testing

@testable import Localization

@Suite("A number on a page")
struct NumberTests {
    /// CLDR 47, standard currency format with Latin digits. `_` is U+00A0, `~` U+202F, `>` U+200F.
    @Test(
        "Money is written as in the CLDR",
        arguments: [
            (
                "165.88", "GBP",
                ["£165.88", "£_165,88", "165,88_GBP", "165,88_£GB", "165,88_£", ">165.88_UK£"]
            ),
            (
                "1234.56", "EUR",
                ["€1,234.56", "€_1.234,56", "1234,56_€", "1~234,56_€", "1.234,56_€", ">1,234.56_€"]
            ),
            (
                "12345.60", "USD",
                [
                    "$12,345.60", "US$_12.345,60", "12.345,60_US$", "12~345,60_$US", "12.345,60_$",
                    ">12,345.60_US$",
                ]
            ),
            (
                "1000000", "JPY",
                [
                    "¥1,000,000", "JP¥_1.000.000", "1.000.000_JPY", "1~000~000_JPY", "1.000.000_¥",
                    ">1,000,000_JP¥",
                ]
            ),
            (
                "0.5", "CHF",
                ["CHF_0.50", "CHF_0,50", "0,50_CHF", "0,50_CHF", "0,50_CHF", ">0.50_CHF"]
            ),
            (
                "12.345", "KWD",
                [
                    "KWD_12.345", "KWD_12,345", "12,345_KWD", "12,345_KWD", "12,345_KWD",
                    ">12.345_د.ك.>",
                ]
            ),
            (
                "100.00", "SAR",
                [
                    "SAR_100.00", "SAR_100,00", "100,00_SAR", "100,00_SAR", "100,00_SAR",
                    ">100.00_ر.س.>",
                ]
            ),
            (
                "250.00", "BRL",
                ["R$250.00", "R$_250,00", "250,00_BRL", "250,00_R$", "250,00_R$", ">250.00_R$"]
            ),
            (
                "7.00", "XAF",
                ["FCFA_7", "FCFA_7", "7_XAF", "7_FCFA", "7_FCFA", ">7_FCFA"]
            ),
            // Every digit but a zero is shown, whatever is usual for the currency.
            (
                "9999999999999.99999", "GBP",
                [
                    "£9,999,999,999,999.99999", "£_9.999.999.999.999,99999",
                    "9.999.999.999.999,99999_GBP", "9~999~999~999~999,99999_£GB",
                    "9.999.999.999.999,99999_£", ">9,999,999,999,999.99999_UK£",
                ]
            ),
            (
                "5", "GBP",
                ["£5.00", "£_5,00", "5,00_GBP", "5,00_£GB", "5,00_£", ">5.00_UK£"]
            ),
        ]
    )
    func money(amount: String, currency: String, texts: [String]) throws {
        let money = try #require(Money(amount: amount, currency: currency))
        let order: [Language] = [.en, .ptBR, .es, .fr, .de, .ar]
        for (language, text) in zip(order, texts) {
            let wanted = text.replacing("_", with: "\u{A0}").replacing("~", with: "\u{202F}")
                .replacing(">", with: "\u{200F}")
            #expect(Catalogue(language).money(money) == wanted, "\(language)")
        }
    }

    @Test(
        "An amount has the minor units of its currency (ISO 4217), or more if they were sent",
        arguments: [
            ("1", "XAU", "XAU\u{A0}1"), ("1.5", "XDR", "XDR\u{A0}1.5"),
            ("1.500", "XAG", "XAG\u{A0}1.500"), ("20", "EUR", "€20.00"),
            ("100.5", "GBP", "£100.50"), ("100.00", "JPY", "¥100"),
            ("100", "JPY", "¥100"), ("1.5", "JPY", "¥1.5"), ("100.50", "JPY", "¥100.50"),
            ("1", "KWD", "KWD\u{A0}1.000"),
            ("1.2345", "BHD", "BHD\u{A0}1.2345"), ("1.500", "GBP", "£1.50"),
            ("1.005", "GBP", "£1.005"), ("10000", "KRW", "₩10,000"), ("7.10000", "USD", "$7.10"),
            ("0.00", "GBP", "£0.00"), ("12", "CLP", "CLP\u{A0}12"), ("3", "CLF", "CLF\u{A0}3.0000"),
        ]
    )
    func minorUnits(amount: String, currency: String, text: String) throws {
        let money = try #require(Money(amount: amount, currency: currency, canBeZero: true))
        #expect(Catalogue(.en).money(money) == text)
    }

    @Test("No digit of an amount is lost in any language", arguments: Language.allCases)
    func digits(language: Language) throws {
        for amount in ["1", "12", "123", "1234", "12345", "123456", "1234567.8", "0.00001"] {
            let money = try #require(Money(amount: amount, currency: "XPF"))
            let text = Catalogue(language).money(money)
            #expect(text.filter(\.isASCII).filter(\.isNumber) == amount.filter(\.isNumber))
        }
    }

    @Test(
        "Text that is not a plain number is not formatted",
        arguments: ["", "1e9", "-1", "007", ".5", "5.", "1.2.3", "1,000", "１２", "NaN", " 1"]
    )
    func refused(text: String) {
        #expect(Catalogue(.en).number(text) == nil)
    }
}

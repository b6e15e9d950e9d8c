import Foundation
import Testing

@testable import catalogue_compiler

@Suite("The catalogue compiler")
struct CatalogueCompilerTests {
    private static let header = """
        msgid ""
        msgstr ""
        "Language: LANGUAGE\\n"
        "Plural-Forms: nplurals=2; plural=(n != 1);\\n"
        "X-Direction: ltr\\n"
        "X-Decimal-Mark: ,\\n"
        "X-Group-Mark: .\\n"
        "X-Minimum-Grouping-Digits: 1\\n"
        "X-Date: {day} {month} {year}\\n"
        "X-Money: {number} {symbol}\\n"
        "X-Ordinals: {day}.\\n"
        "X-Currency-Symbols: EUR=€\\n"


        """
    private static let english =
        header.replacing("LANGUAGE", with: "en") + """
            msgctxt "page/pay"
            msgid "Pay {amount} to {payee}"
            msgstr ""

            msgctxt "count/days"
            msgid "{count} day"
            msgid_plural "{count} days"
            msgstr[0] ""
            msgstr[1] ""
            """
    private static let german =
        header.replacing("LANGUAGE", with: "de") + """
            #. A comment.
            msgctxt "page/pay"
            msgid "Pay {amount} to {payee}"
            msgstr ""
            "{amount} an {payee}"
            " zahlen"

            msgctxt "count/days"
            msgid "{count} day"
            msgid_plural "{count} days"
            msgstr[0] "{count} Tag"
            msgstr[1] "{count} Tage"
            """

    private static func compile(_ english: String, _ german: String) throws -> String {
        try Catalogues([
            CatalogueFile(path: "en.po", text: english), CatalogueFile(path: "de.po", text: german),
        ]).swift()
    }

    /// What is wrong, as the build shows it.
    private static func problems(_ english: String, _ german: String) -> [String] {
        do {
            _ = try compile(english, german)
            return []
        } catch let failure as Catalogues.Failure {
            return failure.problems.map(\.description)
        } catch let problem as CatalogueFile.Problem {
            return [problem.description]
        } catch {
            return ["\(error)"]
        }
    }

    @Test("The compiler writes languages, keys and texts")
    func output() throws {
        let swift = try Self.compile(Self.english, Self.german)
        #expect(swift.contains("case de = \"de\"") && swift.contains("case pay"))
        #expect(swift.contains("\"{amount} an {payee} zahlen\""))
        #expect(swift.contains("pluralForm: { n in ((n != 1) ? 1 : 0) }"))
    }

    @Test(
        "A mistake in a catalogue is reported with file and line",
        arguments: [
            ("msgctxt \"page/pay\"", "msgctxt \"page/paid\"", "page/pay is missing"),
            ("msgctxt \"page/pay\"", "msgctxt \"page/paid\"", "de.po:15: error: page/paid is not"),
            ("Pay {amount}", "Pay the {amount}", "de.po:15: error: page/pay: the English text has"),
            ("an {payee}", "an {payer}", "de.po:15: error: page/pay must have these placeholders"),
            ("an {payee}", "", "de.po:15: error: page/pay must have these placeholders"),
            ("{count} Tage", "Tage", "de.po:21: error: count/days must have"),
            ("{count} Tage", "", "de.po:21: error: count/days has no text"),
            ("msgstr[1] \"{count} Tage\"", "", "de.po:21: error: count/days needs 2 plural forms"),
            ("#. A comment.", "#, fuzzy", "de.po:15: error: page/pay is marked as fuzzy"),
            ("msgstr[1]", "msgstr[2]", "de.po:25: error: msgstr[2] does not belong here"),
            ("an {payee}\"", "an {payee}", "de.po:18: error: expected a keyword"),
            ("\"{amount} an", "\"\\x{amount} an", "de.po:18: error: unknown escape"),
            ("X-Money", "X-Mony", "de.po:1: error: the header has no X-Money"),
            ("nplurals=2", "nplurals=1", "de.po:1: error: Plural-Forms gives a number a form"),
            ("(n != 1)", "n !", "de.po:1: error: Plural-Forms cannot be read"),
            ("X-Direction: ltr", "X-Direction: up", "de.po:1: error: X-Direction must be"),
        ]
    )
    func mistakes(original: String, mistake: String, message: String) {
        let german = Self.german.replacing(original, with: mistake)
        #expect(german != Self.german)
        let problems = Self.problems(Self.english, german)
        #expect(problems.contains { $0.contains(message) }, "\(problems)")
    }

    @Test("A key that is there twice is reported")
    func twice() {
        let again = Self.german + "\n\nmsgctxt \"page/pay\"\nmsgid \"x\"\nmsgstr \"y\"\n"
        #expect(
            Self.problems(Self.english, again).contains { $0.contains("page/pay is there twice") }
        )
    }

    @Test(
        "Plural expressions of the gettext manual are evaluated",
        arguments: [
            ("nplurals=1; plural=0;", [0, 1, 2, 5], [0, 0, 0, 0]),
            ("nplurals=2; plural=n>1;", [0, 1, 2, 5], [0, 0, 1, 1]),
            (
                "nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2;",
                [1, 21, 11, 2, 12, 22, 5], [0, 0, 2, 1, 2, 1, 2]
            ),
        ]
    )
    func plurals(text: String, numbers: [Int], forms: [Int]) throws {
        let rule = try #require(PluralRule(text))
        #expect(numbers.map(rule.form) == forms)
    }

    @Test(
        "Every catalogue passes msgfmt --check",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/msgfmt"))
    )
    func gettext() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/Localization/Catalogues")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".po") }
        #expect(files.count >= 6)
        for file in files {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(filePath: "/usr/bin/msgfmt")
            process.arguments = ["--check", "-o", "/dev/null", folder.appending(path: file).path]
            process.standardError = output
            try process.run()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            #expect(String(decoding: text, as: UTF8.self) == "", "\(file)")
        }
    }
}

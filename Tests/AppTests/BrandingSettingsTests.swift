import Configuration
import Endpoints
import TestSupport
import Testing

@testable import App

@Suite("The group branding of a configuration")
struct BrandingSettingsTests {
    private typealias Fixtures = ConfigurationFixtures

    private static func text(_ branding: String) -> String {
        Fixtures.minimal([("development: true,", "development: true, branding: { \(branding) },")])
    }

    @Test("has name, logo and colors")
    func complete() throws {
        let brand = try Fixtures.parse(
            Self.text(
                """
                name: "Example Bank", logo: "logo.png",
                theme: { primary: "#0b5c4b", background: "#ffffff", text: "#15212d" }
                """
            )
        ).branding
        #expect(brand.name == "Example Bank")
        #expect(brand.logo?.format == .png)
        #expect(
            brand.theme?.report == [
                "text on background 16.3:1", "primary on background 7.9:1",
                "button text on primary 7.9:1",
            ]
        )
    }

    @Test("has the title of the prompt as its name by default")
    func title() throws {
        let text = Fixtures.minimal([
            ("development: true,", "development: true, approval: { title: \"Old Name\" },")
        ])
        #expect(try Fixtures.parse(text).branding.name == "Old Name")
    }

    // trust: C-13
    @Test(
        "is refused with the key that is wrong",
        arguments: [
            ("name: \"\"", "branding.name", "must not be empty"),
            ("name: \"a\u{202E}b\"", "branding.name", "invisible"),
            ("name: \"\(String(repeating: "x", count: 81))\"", "branding.name", "1 to 80"),
            ("logo: \"logo.svg\"", "branding.logo", "is neither PNG nor WebP"),
            ("color: \"red\"", "branding.color", "is not a known key"),
            ("theme: { primary: \"#0b5c4b\" }", "branding.theme.background", "is missing"),
            (
                "theme: { primary: \"green\", background: \"#ffffff\", text: \"#000000\" }",
                "branding.theme.primary", "must be a color such as"
            ),
            (
                "theme: { primary: \"#0b5c4b\", background: \"#ffffff\", text: \"#999999\" }",
                "branding.theme", "has a contrast of 2.8:1 for text on background"
            ),
            (
                """
                theme: { primary: "#0b5c4b", background: "#ffffff", text: "#15212d",
                  dark: { primary: "#0b5c4b", background: "#17202a", text: "#eaf0f5" } }
                """,
                "branding.theme.dark", "for primary on background"
            ),
        ]
    )
    func problems(branding: String, path: String, says: String) {
        let problems = Fixtures.problems(Self.text(branding))
        #expect(
            problems.contains { $0.path == path && $0.reason.contains(says) },
            "\(problems.map(\.description))"
        )
    }
}

import HTTP
import TestSupport
import Testing

@testable import Endpoints

@Suite("A brand")
struct BrandTests {
    private static func colors(
        _ primary: String,
        _ background: String,
        _ text: String
    ) throws
        -> Theme.Colors
    {
        Theme.Colors(
            primary: try #require(ThemeColor(primary)),
            background: try #require(ThemeColor(background)),
            text: try #require(ThemeColor(text))
        )
    }

    private static func brand(_ name: String = "Beckon") throws -> Brand {
        Brand(
            name,
            logo: try LogoImage(SampleImage.png()),
            theme: try Theme(light: colors("#7a0b4b", "#fff8ee", "#201018"))
        )
    }

    /// A page without the two elements that a brand may add.
    private static func unbranded(_ page: String) -> String {
        page.replacing(/<link rel="stylesheet" href="[^"]*theme\.[^"]+">/, with: "")
            .replacing(/<img src="[^"]*logo\.[^"]+" alt="" width="1" height="1">/, with: "")
    }

    // trust: C-13
    @Test("changes neither order, size and wording of the buttons nor the warnings")
    func sameButtons() async throws {
        let sample = try #require(SampleQuestion.named("uk-domestic-payment"))
        var pages: [String] = []
        for brand in [Brand("Beckon"), try Self.brand()] {
            try await Stage.with(settings: .init(brand: brand)) { stage in
                let prompt = try await stage.prompt(sample)
                let page = await stage.get(prompt.page).text
                pages.append(page.replacing(prompt.ticket, with: "TICKET"))
            }
        }
        #expect(pages[0] != pages[1])
        #expect(pages[0] == Self.unbranded(pages[1]))
        let decline = try #require(pages[1].firstRange(of: "class=\"decline\""))
        let approve = try #require(pages[1].firstRange(of: "class=\"approve\""))
        #expect(decline.lowerBound < approve.lowerBound)
    }

    @Test("changes nothing in its style sheet but colors")
    func onlyColors() throws {
        let light = try Self.colors("#7a0b4b", "#fff8ee", "#201018")
        let dark = try Self.colors("#ffb0d8", "#1a0f16", "#f6e9f0")
        for theme in [try Theme(light: light), try Theme(light: light, dark: dark)] {
            let rule = /:root \{ (--[a-z-]+: #[0-9a-f]{6}; ?)+\}/
            #expect(theme.style.matches(of: rule).count == 2)
            let rest = theme.style.replacing(rule, with: "")
            #expect(rest == "\n@media (prefers-color-scheme: dark) {  }\n")
        }
    }

    // trust: C-13
    @Test(
        "is refused where a text cannot be read, with the pair and its contrast",
        arguments: [
            ("#0b5c4b", "#ffffff", "#767676", nil),
            (
                "#0b5c4b", "#ffffff", "#777777",
                "has a contrast of 4.4:1 for text on background; at least 4.5:1 is required"
            ),
            ("#0b5c4b", "#15212d", "#15212d", "1.0:1 for text on background"),
            ("#ffff00", "#ffffff", "#000000", "1.0:1 for primary on background"),
            ("#767676", "#ffffff", "#000000", nil), ("#000000", "#ffffff", "#000000", nil),
        ]
    )
    func contrast(primary: String, background: String, text: String, says: String?) throws {
        let colors = try Self.colors(primary, background, text)
        var problem: ThemeProblem?
        do { _ = try Theme(light: colors) } catch { problem = error }
        #expect((problem == nil) == (says == nil))
        if let says { #expect(problem?.description.contains(says) == true) }
        let good = try Self.colors("#0b5c4b", "#ffffff", "#15212d")
        do { _ = try Theme(light: good, dark: colors) } catch { problem = error }
        #expect(problem?.scheme == (says == nil ? nil : ".dark"))
    }

    @Test("has readable texts on everything that is made from its colors")
    func derived() throws {
        var random = SystemRandomNumberGenerator()
        var tried = 0
        while tried < 200 {
            func color() -> ThemeColor {
                ThemeColor(UInt32.random(in: 0...0xFFFFFF, using: &random))
            }
            let colors = Theme.Colors(primary: color(), background: color(), text: color())
            guard let theme = try? Theme(light: colors) else { continue }
            tried += 1
            for scheme in theme.style.split(separator: "@media") {
                let found = scheme.matches(of: /--([a-z-]+): (#[0-9a-f]{6});/)
                let named = Dictionary(
                    uniqueKeysWithValues: found.map { (String($0.1), ThemeColor(String($0.2))) }
                )
                func contrast(_ text: String, _ surface: String) throws -> Double {
                    let first = try #require(named[text] ?? nil)
                    return first.contrast(with: try #require(named[surface] ?? nil))
                }
                for surface in ["ground", "card", "quote"] {
                    for text in ["ink", "soft", "accent", "alarm", "focus"] {
                        #expect(try contrast(text, surface) >= 4.5, "\(colors) \(text) \(surface)")
                    }
                }
                #expect(try contrast("on-accent", "accent") >= 4.5)
                #expect(try contrast("on-plain", "plain") >= 4.5)
            }
        }
    }

    @Test(
        "has a color as six hexadecimal digits",
        arguments: ["", "#fff", "red", "0b5c4b", "#0b5c4g", "#0b5c4b ", "#0b5c4bff", "#+b5c4b"]
    )
    func colors(text: String) { #expect(ThemeColor(text) == nil) }

    @Test(
        "has a name that is short and safe",
        arguments: [
            ("Bank", true), ("Banque de l’Est – privée", true), ("بنك", true), ("", false),
            (" ", false), ("a\u{202E}b", false), ("a\u{200B}b", false), ("a\nb", false),
            (String(repeating: "é", count: 80), true), (String(repeating: "é", count: 81), false),
        ]
    )
    func names(text: String, isName: Bool) { #expect(Brand.isName(text) == isName) }

    // trust: C-13
    @Test("is on every page, and its files are served to be kept")
    func everywhere() async throws {
        let brand = try Self.brand("Example <Bank>")
        let files = brand.assets.map(\.file)
        try await Stage.with(settings: .init(brand: brand)) { stage in
            let prompt = try await stage.prompt()
            for target in [prompt.page, "/approve/unknown"] {
                let page = await stage.get(target).text
                for file in files { #expect(page.contains("../assets/" + file)) }
                #expect(page.contains("Example &lt;Bank&gt;</p>"))
            }
            for (file, type) in zip(files, ["text/css; charset=utf-8", "image/png"]) {
                let answer = await stage.get("/assets/" + file)
                #expect(answer.status == 200 && answer.contentType?.description == type)
                #expect(answer.field("cache-control") == "public, max-age=31536000, immutable")
                #expect(answer.field("x-content-type-options") == "nosniff")
            }
            #expect(await stage.get("/assets/logo.png").status == 404)
        }
        try await SignOnStage.with(brand: brand) { stage in
            let browser = stage.browser()
            let pages = [
                try await browser.send(.get, "/inbox"),
                try await browser.send(.get, "/sso/oidc/inbox/callback?state=x"),
            ]
            _ = try await browser.signIn()
            for page in pages + [try await browser.send(.get, "/inbox")] {
                for file in files { #expect(page.text.contains("\"/assets/" + file)) }
                let policy = page.field("content-security-policy") ?? ""
                #expect(policy.contains("style-src 'self'") && policy.contains("img-src 'self'"))
            }
        }
    }
}

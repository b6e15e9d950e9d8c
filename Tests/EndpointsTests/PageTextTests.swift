import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import Endpoints

@Suite("Text on a page")
struct PageTextTests {
    @Test("Text is escaped in content and attributes")
    func escaped() {
        let hostile = #"<script>alert("1")</script> & 'x'"#
        let html = HTML.element("p", ["title": hostile]) { .text(hostile) }
        #expect(
            html.markup
                == "<p title=\"&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;\">"
                + "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;</p>"
        )
        #expect(HTML.element("b") { .text("a<b") }.withoutElements.markup == "a&lt;b")
    }

    @Test(
        "Invisible and reordering characters are shown by number",
        arguments: [
            ("pay\u{202E}001", ["pay", "U+202E", "001"]),
            ("a\u{2066}b\u{2069}", ["a", "U+2066", "b", "U+2069"]),
            ("a\u{200B}b", ["a", "U+200B", "b"]),
            ("a\u{200D}b", ["a", "U+200D", "b"]),
            ("a\u{0}b\u{1B}c", ["a", "U+0000", "b", "U+001B", "c"]),
            ("a\u{9F}b", ["a", "U+009F", "b"]),
            ("a\u{AD}b", ["a", "U+00AD", "b"]),
            ("\u{FEFF}a", ["U+FEFF", "a"]),
            ("a\u{3164}b", ["a", "U+3164", "b"]),
            ("a\u{E0041}b", ["a", "U+E0041", "b"]),
            ("a\u{E000}b", ["a", "U+E000", "b"]),
            // Selectors, tags and joiners without what they belong to.
            ("a\u{FE0F}", ["a", "U+FE0F"]), ("a\u{FE00}", ["a", "U+FE00"]),
            ("\u{FE0E}a", ["U+FE0E", "a"]), (" \u{FE0F}", [" ", "U+FE0F"]),
            ("\u{2764}\u{FE0F}\u{FE0F}", ["\u{2764}\u{FE0F}", "U+FE0F"]),
            ("a\u{E0100}", ["a", "U+E0100"]), ("a\u{180B}", ["a", "U+180B"]),
            ("\u{1F3F4}\u{E0067}", ["\u{1F3F4}", "U+E0067"]),
            (
                "\u{1F3F4}\u{E0067}\u{E007F}", ["\u{1F3F4}", "U+E0067", "U+E007F"]
            ),
            (
                "\u{1F600}\u{E0067}\u{E0062}\u{E007F}",
                ["\u{1F600}", "U+E0067", "U+E0062", "U+E007F"]
            ),
            ("\u{1F600}\u{200D}a", ["\u{1F600}", "U+200D", "a"]),
            ("\u{2764}\u{FE0E}\u{200D}\u{1F525}", ["\u{2764}\u{FE0E}", "U+200D", "\u{1F525}"]),
            ("\u{646}\u{200C}\u{200C}\u{647}", ["\u{646}", "U+200C", "U+200C", "\u{647}"]),
            ("a\u{200F}", ["a", "U+200F"]), ("\u{200F}a", ["U+200F", "a"]),
            ("\u{5D0}\u{200E}", ["\u{5D0}", "U+200E"]),
            ("\u{5D0}\u{200F}\u{200F}", ["\u{5D0}\u{200F}", "U+200F"]),
            // Marks of direction that would move the digits of a text from left to right, or split a
            // number.
            ("84\u{200F}-20-17", ["84", "U+200F", "-20-17"]), ("12\u{200E}", ["12", "U+200E"]),
            ("a 84\u{200F}-20", ["a 84", "U+200F", "-20"]), ("\u{200F}12 a", ["U+200F", "12 a"]),
            ("\u{627} 1\u{200F}2", ["\u{627} 1", "U+200F", "2"]),
            ("\u{627} 1\u{202E}2", ["\u{627} 1", "U+202E", "2"]),
            ("\u{627} \u{200F} a", ["\u{627} ", "U+200F", " a"]),
            ("\u{200D}\u{646}", ["U+200D", "\u{646}"]), ("a\u{34F}b", ["a", "U+034F", "b"]),
        ]
    )
    func marked(text: String, parts: [String]) {
        let shown = InertText.parts(text).map { part in
            switch part {
            case .plain(let text), .mark(let text): text
            }
        }
        #expect(shown == parts)
    }

    @Test(
        "Ordinary text is unchanged",
        arguments: [
            "Kiosk 12 / 84-20-17", "Überweisung 4,50 €", "حساب التوفير", "नमस्ते", "ร้านกาแฟ",
            "می\u{200C}خواهم", "日本語", "👩\u{200D}👩\u{200D}👧 ❤\u{FE0F} 🇩🇪", "e\u{301}",
            // Flags made of tags.
            "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} 1",
            "\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
            "\u{1F3F4}\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}x",
            // Variants of emoji, keycaps, ideographs, mathematics, Mongolian and Myanmar.
            "\u{2764}\u{FE0E} \u{2764}\u{FE0F} 1\u{FE0F}\u{20E3} #\u{FE0E}", "\u{845B}\u{E0100}",
            "\u{8FBB}\u{FE00}", "\u{2229}\u{FE00}", "\u{1820}\u{180B}", "\u{1000}\u{FE00}",
            // Joined emoji.
            "\u{1F3F3}\u{FE0F}\u{200D}\u{1F308}", "\u{1F3F4}\u{200D}\u{2620}\u{FE0F}",
            "\u{1F9D1}\u{1F3FD}\u{200D}\u{1F91D}\u{200D}\u{1F9D1}\u{1F3FB}",
            // Joiners in Persian, at the end of an Arabic abbreviation, in Sinhala and Malayalam.
            "\u{647}\u{200D} 5", "\u{DC1}\u{DCA}\u{200D}\u{DBB}\u{DD3}",
            "\u{D05}\u{D35}\u{D28}\u{D4D}\u{200D}", "\u{915}\u{94D}\u{200C}\u{937}",
            // A mark of direction after its own letters, and a joiner between a letter and its mark.
            "\u{5D0}\u{200F}!", "a\u{200E}!", "\u{627}\u{61C}1", "e\u{34F}\u{301}",
            // Beside letters and numbers, as Arabic and Hebrew writers use them.
            "\u{647}\u{627}\u{62A}\u{641}: \u{200E}+966 50 123 4567",
            "\u{645}\u{631}\u{62D}\u{628}\u{627}!\u{200F}", "\u{627}\u{200E} C++",
            "\u{661}\u{662}\u{200F}/\u{661}\u{661}\u{200F}/\u{662}\u{660}",
            "\u{627} 29\u{200F}/11\u{200F}/2026", "\u{61C}-\u{661}\u{662} \u{631}",
            "\u{5D0} 50%\u{200F}", "\u{627} (\u{200E}12-34)",
            "\u{1780}\u{200B}\u{1781}", "\u{6DD}\u{661}",
            // Piled-up marks, which the style sheet keeps within their box.
            "a" + String(repeating: "\u{301}", count: 30),
            "\u{1101}\u{1161}\u{11A8}", "javascript:alert(1)", String(repeating: "x", count: 5000),
        ]
    )
    func ordinary(text: String) {
        #expect(InertText.parts(text) == [.plain(text)])
    }

    @Test("Line ends and tabs become one space")
    func lines() {
        #expect(InertText.parts("a\r\n\n\u{2028}\tb\u{85}c\u{A0}d") == [.plain("a b c d")])
    }

    // rule: C1
    @Test("Spaces and line ends of a message to compare are kept")
    func exactLines() {
        #expect(
            InertText.parts("a  b\r\nc\n\nd\u{2028}e\tf", keepsSpaces: true)
                == [.plain("a  b\nc\n\nd\ne f")]
        )
    }

    @Test("A combining mark gets a base, and none is left out")
    func combining() {
        #expect(InertText.parts("\u{301}\u{302}a") == [.plain("\u{25CC}\u{301}\u{302}a")])
        #expect(InertText.parts("a \u{301}") == [.plain("a \u{25CC}\u{301}")])
        let pile = String(repeating: "\u{301}", count: 5)
        #expect(
            InertText.html("a" + pile).markup == #"<bdi class="tall" dir="auto">a\#(pile)</bdi>"#
        )
        #expect(
            InertText.html("a" + pile.unicodeScalars.dropLast().map(String.init).joined()).markup
                .hasPrefix(#"<bdi dir="auto">"#)
        )
    }

    @Test("A name is cut between characters", arguments: [62, 63, 64, 70])
    func cut(_ letters: Int) {
        let flag = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}"
        let name = String(repeating: "x", count: letters) + flag
        let markup = ApprovalPage.short(name).markup
        #expect(!markup.contains("U+") && markup.contains("\u{2026}"))
    }

    @Test("A client without a name goes by its identifier", arguments: Unreadable.texts)
    func unnamed(_ name: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(client: name)
            let title = "<title>Sign in to kiosk?"
            #expect(await stage.get(prompt.page).text.contains(title))
            let document = try JSONValue(await stage.get(prompt.device, [prompt.bearer]).body)
            #expect(document["client"]?["name"] == .string("kiosk"))
            _ = await stage.decide("approve", prompt)
            #expect(await stage.get(prompt.page).text.contains(">kiosk</bdi>"))
        }
    }

    // rule: C1
    @Test(
        "Hostile text is inert everywhere on the page",
        arguments: [
            "<img src=x onerror=alert(1)>", "\"><script>alert(1)</script>", "</title><script>",
            "{client}", "' onclick='alert(1)", "a\u{202E}b",
        ]
    )
    func everywhere(text: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(
                client: text,
                scopes: [.init(requestedName: "s", displayName: text, explanation: text)],
                message: text
            )
            let page = await stage.get(prompt.page).text
            #expect(!page.contains("<img") && !page.contains("<script>"))
            #expect(!page.contains("' onclick") && !page.contains("\u{202E}"))
            let shown = InertText.html(text)
            // In three headings, the message, the name and the explanation.
            #expect(page.split(separator: shown.markup).count == 7)
            #expect(page.contains("<title>Sign in to \(shown.withoutElements.markup)?"))
        }
    }
}

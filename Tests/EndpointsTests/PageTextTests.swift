import HTTP
import Logins
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
            "javascript:alert(1)", String(repeating: "x", count: 5000),
        ]
    )
    func ordinary(text: String) {
        #expect(InertText.parts(text) == [.plain(text)])
    }

    @Test("Line ends and tabs become one space")
    func lines() {
        #expect(InertText.parts("a\r\n\n\u{2028}\tb\u{85}c\u{A0}d") == [.plain("a b c d")])
    }

    @Test("A combining mark gets a base, and at most four are kept")
    func combining() {
        #expect(InertText.parts("\u{301}a") == [.plain("\u{25CC}\u{301}a")])
        let pile = String(repeating: "\u{301}", count: 30)
        #expect(
            InertText.parts("a" + pile) == [.plain("a" + String(repeating: "\u{301}", count: 4))]
        )
    }

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

import HTTP
import Localization
import Logins

extension ApprovalPage {
    /// The sign above a heading. Its meaning is in the text too.
    enum Sign { case busy, good, alarm, neutral }

    // MARK: The frame

    /// The document around a page. With a `standing` that can still change, the page's script polls
    /// for changes; `refresh` reloads it in browsers without scripts, in seconds.
    func document(
        _ title: HTML,
        _ standing: LoginStanding?,
        refresh: Int?,
        @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        var frame = frame
        frame.refreshWithoutScript = refresh
        return frame.document(title, main: main(standing, content()))
    }

    private var frame: PageFrame {
        PageFrame(
            catalogue: catalogue,
            brand: brand,
            help: help,
            assets: assets,
            script: script,
            usesPasskeys: passkeyOptions != nil
        )
    }

    /// How to reach the operator, on every page.
    var helpLine: HTML { frame.helpLine }

    private func main(_ standing: LoginStanding?, _ content: HTML) -> HTML {
        guard let standing, standing.changesByItself, let ticket else {
            return HTML.element("main") { content }
        }
        return HTML.element(
            "main",
            ["data-phase": standing.stored.login.phase.name.name, "data-state": ticket + "/state"]
        ) { content }
    }

    func heading(_ content: HTML) -> HTML {
        // The script moves the focus here, so that screen readers read what changed.
        HTML.element("h1", ["tabindex": "-1"]) { content }
    }

    /// Text from outside, with a warning where letters of two alphabets are mixed.
    func untrusted(_ text: String) -> HTML {
        MixedScripts.areIn(text)
            ? InertText.html(text) + .text(" ") + mixedScripts
            : InertText.html(text)
    }

    var mixedScripts: HTML {
        HTML.element("span", ["class": "note"]) { catalogue.html(.mixedScripts) }
    }

    var seeminglyLatin: HTML {
        HTML.element("span", ["class": "note"]) { catalogue.html(.seeminglyLatin) }
    }

    func card(
        _ sign: Sign,
        _ heading: Phrase,
        _ text: Phrase,
        _ values: [String: HTML] = [:],
        @HTMLBuilder _ more: () -> HTML
    ) -> HTML {
        HTML.element("div", ["class": "card"]) {
            self.sign(sign)
            self.heading(catalogue.html(heading))
            HTML.element("p") { catalogue.html(text, values) }
            more()
        }
    }

    private func sign(_ sign: Sign) -> HTML {
        let (kind, text) =
            switch sign {
            case .busy: ("sign busy", "")
            case .good: ("sign good", "\u{2713}")
            case .alarm: ("sign alarm", "!")
            case .neutral: ("sign", "\u{2013}")
            }
        return HTML.element("div", ["class": kind, "aria-hidden": "true"]) { .text(text) }
    }

    var checkAgain: HTML {
        HTML.element("noscript") {
            HTML.element("a", ["class": "button", "href": ""]) { catalogue.html(.checkAgain) }
        }
    }
}

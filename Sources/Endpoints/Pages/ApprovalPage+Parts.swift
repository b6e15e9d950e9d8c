import HTTP
import Logins

extension ApprovalPage {
    /// What the round sign above a heading says to whoever sees it. Its meaning is in the text too.
    enum Sign { case busy, good, alarm, neutral }

    // MARK: The frame

    /// The document around a page. `standing` makes it look after itself while something can change;
    /// `refresh` is for browsers without scripts, in seconds.
    func document(
        _ title: HTML,
        _ standing: LoginStanding?,
        refresh: Int?,
        @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        HTML.doctype
            + HTML.element(
                "html",
                ["lang": catalogue.language.rawValue, "dir": catalogue.language.direction]
            ) {
                head(title, refresh)
                HTML.element("body") {
                    HTML.element("header") {
                        HTML.element("p", ["class": "brand"]) { .text(brand) }
                    }
                    main(standing, content())
                    HTML.element("footer") {
                        HTML.element("p") { catalogue.html(.footer, ["brand": .text(brand)]) }
                    }
                }
            }
    }

    private func head(_ title: HTML, _ refresh: Int?) -> HTML {
        HTML.element("head") {
            HTML.void("meta", ["charset": "utf-8"])
            HTML.element("title") { title.withoutElements }
            HTML.void(
                "meta",
                ["name": "viewport", "content": "width=device-width, initial-scale=1"]
            )
            HTML.void("meta", ["name": "color-scheme", "content": "light dark"])
            HTML.void("meta", ["name": "robots", "content": "noindex, nofollow"])
            HTML.void("meta", ["name": "format-detection", "content": "telephone=no"])
            HTML.void(
                "link",
                ["rel": "stylesheet", "href": "../assets/" + Assets.stylesheet.file]
            )
            HTML.void("link", ["rel": "icon", "href": "../assets/" + Assets.icon.file])
            HTML.element("script", ["src": "../assets/" + Assets.script.file, "defer": ""])
            if let refresh {
                HTML.element("noscript") {
                    HTML.void("meta", ["http-equiv": "refresh", "content": String(refresh)])
                }
            }
        }
    }

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
        // Can be given the focus by the script, so that what is new is read out.
        HTML.element("h1", ["tabindex": "-1"]) { content }
    }

    /// Text that somebody else wrote, and a word of warning where it may not read as it looks.
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
        @HTMLBuilder _ more: () -> HTML
    ) -> HTML {
        HTML.element("div", ["class": "card"]) {
            self.sign(sign)
            self.heading(catalogue.html(heading))
            HTML.element("p") { catalogue.html(text) }
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

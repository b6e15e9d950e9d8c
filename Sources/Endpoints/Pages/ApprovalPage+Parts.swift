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
        HTML.doctype
            + HTML.element(
                "html",
                [
                    "lang": catalogue.language.rawValue, "dir": catalogue.direction,
                    "data-digits": catalogue.digits == .latin ? nil : catalogue.digits.rawValue,
                ]
            ) {
                head(title, refresh)
                HTML.element("body") {
                    HTML.element("header") {
                        HTML.element("p", ["class": "brand"]) { .text(brand) }
                    }
                    main(standing, content())
                    HTML.element("footer") {
                        helpLine
                        HTML.element("p") { catalogue.html(.footer, ["brand": .text(brand)]) }
                    }
                }
            }
    }

    /// How to reach the operator, on every page.
    @HTMLBuilder var helpLine: HTML {
        switch (help?.phone, help?.address) {
        case (nil, nil): HTML.empty
        case (let phone?, nil): contact(.helpPhone, ["phone": link(phone: phone)])
        case (nil, let address?): contact(.helpAddress, ["address": link(address: address)])
        case (let phone?, let address?):
            contact(
                .helpBoth,
                ["phone": link(phone: phone), "address": link(address: address)]
            )
        }
    }

    private func contact(_ phrase: Phrase, _ values: [String: HTML]) -> HTML {
        HTML.element("p", ["class": "help"]) { catalogue.html(phrase, values) }
    }

    private func link(phone: String) -> HTML {
        HTML.element("a", ["href": "tel:" + HelpContact.dialled(phone), "dir": "ltr"]) {
            .text(phone)
        }
    }

    /// Without the scheme, which people do not read.
    private func link(address: String) -> HTML {
        let scheme = "https://"
        let isWeb = address.hasPrefix(scheme)
        return HTML.element("a", ["href": isWeb ? address : "mailto:" + address, "dir": "ltr"]) {
            .text(isWeb ? String(address.dropFirst(scheme.count)) : address)
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

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

    // MARK: The question

    @HTMLBuilder
    func message(_ message: String?) -> HTML {
        if let message, !message.isEmpty {
            HTML.element("section", ["aria-labelledby": "message"]) {
                HTML.element("h2", ["id": "message"]) { catalogue.html(.messageHeading) }
                HTML.element("p", ["class": "message"]) { InertText.html(message) }
                HTML.element("p", ["class": "soft"]) { catalogue.html(.messageHelp) }
            }
        }
    }

    func scopes(_ scopes: [Consent.Scope]) -> HTML {
        HTML.element("section", ["aria-labelledby": "scopes"]) {
            HTML.element("h2", ["id": "scopes"]) { catalogue.html(.scopesHeading) }
            if scopes.isEmpty {
                HTML.element("p", ["class": "soft"]) { catalogue.html(.scopesNone) }
            } else {
                HTML.element("ul") {
                    for scope in scopes { self.scope(scope) }
                }
            }
        }
    }

    private func scope(_ scope: Consent.Scope) -> HTML {
        HTML.element("li") {
            HTML.element("strong") { InertText.html(scope.displayName ?? scope.requestedName) }
            if let explanation = scope.explanation, !explanation.isEmpty {
                HTML.element("span", ["class": "why"]) { InertText.html(explanation) }
            }
        }
    }

    func time(ends: Timestamp, left: Int64) -> HTML {
        HTML.element("div", ["class": "time"]) {
            HTML.element("span") {
                catalogue.html(.answerBy, ["time": moment(ends)])
            }
            HTML.element(
                "span",
                [
                    "role": "timer", "hidden": "", "data-left": String(left),
                    "data-text": catalogue.text(.timeLeft), "data-over": catalogue.text(.timeUp),
                ]
            )
            HTML.element(
                "span",
                [
                    "role": "status", "class": "unseen",
                    "data-at60": catalogue.text(.timeLeftMinute),
                    "data-at15": catalogue.text(.timeLeftSeconds),
                ]
            )
        }
    }

    /// `14:32 UTC`, with the whole moment for machines.
    func moment(_ moment: Timestamp) -> HTML {
        let text = RFC3339.format(milliseconds: moment.milliseconds)
        let clock = text.dropFirst(11).prefix(5)
        return HTML.element("time", ["datetime": text]) {
            catalogue.html(.timeOfDay, ["time": .text(String(clock))])
        }
    }

    /// Decline is the first button of the form and so the one that the Enter key means
    /// (HTML §4.10.21.2, implicit submission).
    func form(_ choices: [Decision.Choice]) -> HTML {
        HTML.element("form", ["method": "post", "autocomplete": "off"]) {
            HTML.element("fieldset") {
                HTML.element("legend", ["class": "unseen"]) { catalogue.html(.choicesLabel) }
                HTML.element("div", ["class": "choices"]) {
                    button(.deny, "decline", .decline)
                    if choices.contains(.approve) { button(.approve, "approve", .approve) }
                }
                if !choices.contains(.approve) {
                    HTML.element("p", ["class": "soft"]) { catalogue.html(.useAppText) }
                }
                HTML.element(
                    "button",
                    [
                        "class": "not-me", "name": "decision",
                        "value": Decision.Choice.reportAsFraud.name,
                        "aria-describedby": "not-me",
                    ]
                ) { catalogue.html(.notMe) }
                HTML.element("p", ["class": "soft", "id": "not-me"]) { catalogue.html(.notMeHelp) }
            }
        }
    }

    private func button(_ choice: Decision.Choice, _ kind: String, _ phrase: Phrase) -> HTML {
        HTML.element("button", ["class": kind, "name": "decision", "value": choice.name]) {
            catalogue.html(phrase)
        }
    }
}

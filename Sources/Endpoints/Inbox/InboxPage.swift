import Access
import Devices
import Engine
import Localization
import Logins

/// The pages of the inbox, in one language, for one session.
struct InboxPage: Sendable {
    /// Texts and times as on the approval page.
    let page: ApprovalPage
    let frame: PageFrame
    let basePath: String
    let caller: SessionGuard.Caller
    let now: Timestamp

    var catalogue: Catalogue { page.catalogue }

    /// The first page: everything, with the newest of the history. Passkeys and devices are nil if
    /// nobody can use one, browsers if there are no notifications.
    func front(
        live: [StoredLogin],
        past: [StoredLogin],
        hasMore: Bool,
        consents: [(consent: DelegationConsent, name: String?)],
        passkeys: [Credential]?,
        browsers: Browsers?,
        devices: [DeviceRegistry.Entry]?,
        sessions: [Session]
    ) -> HTML {
        document(catalogue.html(.inboxHeading)) {
            HTML.element("p", ["class": "soft"]) {
                catalogue.html(.signedInAs, ["name": InertText.html(caller.session.name)])
            }
            HTML.element(
                "p",
                [
                    "role": "status", "class": "news",
                    "data-news": catalogue.text(.inboxNews),
                ]
            )
            HTML.element(
                "div",
                ["data-events": basePath + "/inbox/events", "data-event": "logins"]
            ) { list(live) }
            history(past, hasMore: hasMore)
            list(consents)
            if let passkeys { list(passkeys) }
            if let browsers { list(browsers) }
            if let devices { list(devices) }
            list(sessions)
            form("/inbox/sign-out", .signOut, "decline")
        }
    }

    func document(_ heading: HTML, @HTMLBuilder _ content: () -> HTML) -> HTML {
        frame.document(
            heading,
            main: HTML.element("main") {
                HTML.element("div", ["class": "card"]) {
                    page.heading(heading)
                    content()
                }
            }
        )
    }

    // MARK: Pending logins

    /// What events replace.
    @HTMLBuilder func list(_ logins: [StoredLogin]) -> HTML {
        if logins.isEmpty {
            HTML.element("p") { catalogue.html(.inboxNone) }
        } else {
            HTML.element("p") { catalogue.html(.inboxHelp) }
            for stored in logins {
                HTML.element("section") {
                    HTML.element("h2") { page.client(stored.login) }
                    pending(stored)
                }
            }
        }
    }

    /// Who asks, what for, since when and until when, with a link to everything that is asked.
    @HTMLBuilder func pending(_ stored: StoredLogin) -> HTML {
        let login = stored.login
        if let message = login.details.bindingMessage.shown {
            HTML.element("p", ["class": "message"]) { page.untrusted(message) }
        }
        HTML.element("dl") {
            if let question = login.question {
                fact(
                    .requestLabel,
                    Sheet(page: page, question: question, login: login, attempt: nil).request
                )
            }
            if let context = login.details.context {
                fact(.contextHeading, page.untrusted(context.text))
            }
            fact(.receivedAtLabel, page.moment(login.terms.receivedAt))
            fact(.deadlineLabel, page.moment(login.terms.promptEnds))
        }
        if login.question != nil {
            let address = basePath + InboxDecisions.path(stored.number)
            HTML.element("a", ["class": "button", "href": address]) {
                catalogue.html(.openRequest)
            }
        }
    }

    func fact(_ label: Phrase, _ value: HTML) -> HTML {
        HTML.element("div") {
            HTML.element("dt") { catalogue.html(label) }
            HTML.element("dd") { value }
        }
    }

    // MARK: Sessions

    private func list(_ sessions: [Session]) -> HTML {
        HTML.element("section") {
            HTML.element("h2") { catalogue.html(.sessionsHeading) }
            HTML.element("ul") {
                for session in sessions {
                    HTML.element("li") { entry(session) }
                }
            }
            if sessions.count > 1 {
                form("/inbox/sessions/end-others", .signOutAll, "not-me")
            }
        }
    }

    @HTMLBuilder private func entry(_ session: Session) -> HTML {
        let isThis = session.id == caller.session.id
        HTML.element("strong") {
            isThis
                ? catalogue.html(.sessionThis)
                : session.agent.isEmpty
                    ? catalogue.html(.sessionUnnamed)
                    : InertText.html(AgentName.text(session.agent))
        }
        HTML.element("span", ["class": "why"]) {
            catalogue.html(
                .sessionSince,
                ["time": page.moment(session.startedAt), "address": address(session.address)]
            )
        }
        if !isThis {
            form("/inbox/sessions/\(session.id)/end", .signOutThis, "not-me")
        }
    }

    /// A network address, which reads from left to right.
    func address(_ text: String) -> HTML {
        HTML.element("bdi", ["dir": "ltr"]) { InertText.html(text) }
    }

    /// One button that sends the token of the session.
    func form(_ path: String, _ label: Phrase, _ style: String) -> HTML {
        HTML.element("form", ["method": "post", "action": basePath + path]) {
            HTML.void(
                "input",
                ["type": "hidden", "name": "token", "value": caller.secret.formToken]
            )
            HTML.element("button", ["type": "submit", "class": style]) { catalogue.html(label) }
        }
    }

    func link(_ path: String, _ label: Phrase) -> HTML {
        HTML.element("p", ["class": "more"]) {
            HTML.element("a", ["href": basePath + path]) { catalogue.html(label) }
        }
    }
}

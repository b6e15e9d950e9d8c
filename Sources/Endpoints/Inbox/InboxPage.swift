import Access
import Localization
import Logins

/// The page of the inbox, in one language.
struct InboxPage: Sendable {
    /// Texts and times as on the approval page.
    let page: ApprovalPage
    let frame: PageFrame
    let basePath: String

    private var catalogue: Catalogue { page.catalogue }

    func html(
        _ caller: SessionGuard.Caller,
        logins: [StoredLogin],
        sessions: [Session],
        at now: Timestamp
    ) -> HTML {
        frame.document(
            catalogue.html(.inboxHeading),
            main: HTML.element("main") {
                HTML.element("div", ["class": "card"]) {
                    page.heading(catalogue.html(.inboxHeading))
                    HTML.element("p", ["class": "soft"]) {
                        catalogue.html(
                            .signedInAs,
                            ["name": InertText.html(caller.session.name)]
                        )
                    }
                    list(logins, at: now)
                    list(sessions, caller)
                    form("/inbox/sign-out", caller, .signOut, "decline")
                }
            }
        )
    }

    // MARK: Logins

    @HTMLBuilder private func list(_ logins: [StoredLogin], at now: Timestamp) -> HTML {
        if logins.isEmpty {
            HTML.element("p") { catalogue.html(.inboxNone) }
        } else {
            HTML.element("p") { catalogue.html(.inboxHelp) }
            for stored in logins { entry(stored) }
        }
    }

    /// Who asks, what for, since when and until when. No link: the ticket alone opens the question.
    private func entry(_ stored: StoredLogin) -> HTML {
        let login = stored.login
        return HTML.element("section") {
            HTML.element("h2") { page.client(login) }
            if let message = login.details.bindingMessage {
                HTML.element("p", ["class": "message"]) { page.untrusted(message) }
            }
            HTML.element("dl") {
                if let question = login.question {
                    fact(
                        .requestLabel,
                        Sheet(page: page, question: question, login: login, attempt: nil).request
                    )
                }
                fact(.receivedAtLabel, page.moment(login.terms.receivedAt))
                fact(.deadlineLabel, page.moment(login.terms.promptEnds))
            }
        }
    }

    private func fact(_ label: Phrase, _ value: HTML) -> HTML {
        HTML.element("div") {
            HTML.element("dt") { catalogue.html(label) }
            HTML.element("dd") { value }
        }
    }

    // MARK: Sessions

    private func list(_ sessions: [Session], _ caller: SessionGuard.Caller) -> HTML {
        HTML.element("section") {
            HTML.element("h2") { catalogue.html(.sessionsHeading) }
            HTML.element("ul") {
                for session in sessions {
                    HTML.element("li") { entry(session, caller) }
                }
            }
            if sessions.count > 1 {
                form("/inbox/sessions/end-others", caller, .signOutAll, "not-me")
            }
        }
    }

    @HTMLBuilder private func entry(
        _ session: Session,
        _ caller: SessionGuard.Caller
    ) -> HTML {
        let isThis = session.id == caller.session.id
        HTML.element("strong") {
            isThis
                ? catalogue.html(.sessionThis)
                : session.agent.isEmpty
                    ? catalogue.html(.sessionUnnamed) : InertText.html(session.agent)
        }
        HTML.element("span", ["class": "why"]) {
            catalogue.html(
                .sessionSince,
                [
                    "time": page.moment(session.startedAt),
                    "address": HTML.element("bdi", ["dir": "ltr"]) {
                        InertText.html(session.address)
                    },
                ]
            )
        }
        if !isThis {
            form("/inbox/sessions/\(session.id)/end", caller, .signOutThis, "not-me")
        }
    }

    /// One button that sends the token of the session.
    private func form(
        _ path: String,
        _ caller: SessionGuard.Caller,
        _ label: Phrase,
        _ style: String
    ) -> HTML {
        HTML.element("form", ["method": "post", "action": basePath + path]) {
            HTML.void(
                "input",
                ["type": "hidden", "name": "token", "value": caller.secret.formToken]
            )
            HTML.element("button", ["type": "submit", "class": style]) { catalogue.html(label) }
        }
    }
}

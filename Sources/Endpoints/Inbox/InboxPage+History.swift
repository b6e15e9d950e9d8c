import Consents
import Localization
import Logins

/// Logins that have ended: who asked for what, when and through which system, what was answered, when,
/// from which address and by whom.
extension InboxPage {
    /// The newest ones, on the first page.
    func history(_ logins: [StoredLogin], hasMore: Bool) -> HTML {
        HTML.element("section") {
            HTML.element("h2") { catalogue.html(.historyHeading) }
            entries(logins)
            if hasMore { link("/inbox/history", .historyAll) }
        }
    }

    /// A page of all of them; `next` is the cursor of the next page.
    func history(_ logins: [StoredLogin], next: String?) -> HTML {
        document(catalogue.html(.historyHeading)) {
            entries(logins)
            if let next { link("/inbox/history?before=" + next, .historyOlder) }
            link("/inbox", .inboxBack)
        }
    }

    /// One login, pending or ended.
    func login(_ stored: StoredLogin) -> HTML {
        document(page.client(stored.login)) {
            if stored.login.phase.outcome == nil {
                HTML.element("p") { catalogue.html(.inboxHelp) }
                pending(stored)
            } else {
                facts(stored)
            }
            link("/inbox", .inboxBack)
        }
    }

    @HTMLBuilder private func entries(_ logins: [StoredLogin]) -> HTML {
        if logins.isEmpty {
            HTML.element("p") { catalogue.html(.historyNone) }
        } else {
            HTML.element("ul", ["class": "history"]) {
                for stored in logins {
                    HTML.element("li") {
                        HTML.element("details") {
                            HTML.element("summary") { summary(stored) }
                            facts(stored)
                        }
                    }
                }
            }
        }
    }

    @HTMLBuilder private func summary(_ stored: StoredLogin) -> HTML {
        HTML.element("strong") { page.client(stored.login) }
        HTML.element("span", ["class": "why"]) {
            result(stored)
            HTML.text(" \u{2013} ")
            page.moment(stored.login.terms.receivedAt)
        }
    }

    private func result(_ stored: StoredLogin) -> HTML {
        guard case .ended(let outcome, let delivery) = LoginStanding(stored, at: now).view else {
            return .empty
        }
        switch outcome {
        case .denied(let decision), .cancelled(let decision):
            return catalogue.html(page.answer(decision.choice))
        case .approved, .expired, .failed, .voided:
            return catalogue.html(page.content(outcome, delivery).heading)
        }
    }

    private func facts(_ stored: StoredLogin) -> HTML {
        let login = stored.login
        let decision = login.phase.outcome?.decision
        return HTML.element("dl") {
            fact(.resultLabel, result(stored))
            if let question = login.question {
                page.request(
                    Sheet(page: page, question: question, login: login, attempt: nil),
                    decision?.grant.accounts ?? []
                )
            }
            if let message = login.details.bindingMessage.shown {
                fact(.messageLabel, page.untrusted(message))
            }
            fact(.askedThroughLabel, page.untrusted(login.key.server.value))
            fact(.receivedAtLabel, page.moment(login.terms.receivedAt))
            if let decision {
                fact(.answeredAtLabel, page.moment(decision.decidedAt))
                if let delegate = decision.evidence.delegate {
                    let values = ["client": page.untrusted(delegate.client.value)]
                    fact(.answeredByLabel, catalogue.html(.answeredByDelegate, values))
                }
                if let from = decision.evidence.address {
                    fact(.answeredFromLabel, address(from))
                }
            }
            fact(.referenceLabel, .text(LoginReference.text(of: login.key)))
        }
    }
}

import HTTP
import Logins

/// The page behind a prompt's link, in one language: it renders what it is given and knows nothing
/// of stores or of who may decide.
///
/// Each kind of page is a function that answers with the whole document; the parts that several
/// share are in `ApprovalPage+Parts`.
struct ApprovalPage: Sendable {
    let catalogue: Catalogue
    /// Whose page it is, at its head and in its foot.
    let brand: String
    /// The ticket of a link that opened a login. It is in addresses only, relative ones, so that
    /// the pages work below any path.
    var ticket: String?

    // MARK: A login

    /// The page for a login as it stands: the question, or the receipt and nothing of the question.
    func page(_ standing: LoginStanding, now: Timestamp, choices: [Decision.Choice]) -> HTML {
        switch standing.view {
        case .preparing:
            document(catalogue.html(.preparingHeading), standing, refresh: 2) {
                card(.busy, .preparingHeading, .preparingText) { checkAgain }
            }
        case .asking(let question):
            self.question(question.consent, standing, now: now, choices: choices)
        case .ending:
            document(catalogue.html(.endingHeading), standing, refresh: 2) {
                card(.neutral, .endingHeading, .endingText) { .empty }
            }
        case .ended(let outcome, let delivery):
            receipt(outcome, delivery, standing)
        }
    }

    private func question(
        _ consent: Consent,
        _ standing: LoginStanding,
        now: Timestamp,
        choices: [Decision.Choice]
    ) -> HTML {
        let login = standing.stored.login
        let client = client(consent, login)
        let left = max(0, (login.terms.promptEnds - now).milliseconds)
        // Without scripts the page looks again now and then, and when the time is over.
        let refresh = min(30, Int(left / 1000) + 1)
        return document(
            catalogue.html(.askTitle, ["client": client]),
            standing,
            refresh: refresh
        ) {
            HTML.element("div", ["class": "card"]) {
                heading(catalogue.html(.askHeading, ["client": client]))
                message(login.details.bindingMessage)
                scopes(consent.scopes)
                time(ends: login.terms.promptEnds, left: left)
                HTML.element("p", ["class": "warning"]) { catalogue.html(.warning) }
                form(choices)
            }
        }
    }

    /// Whoever asks: the server's name for it, or the client's identifier, never nothing.
    private func client(_ consent: Consent, _ login: PendingLogin) -> HTML {
        let name = consent.clientName ?? login.details.clientName ?? login.details.client?.value
        return name.map(InertText.html) ?? catalogue.html(.askApplicationUnnamed)
    }

    // MARK: Refusals

    /// The answer to a decision that came after another end.
    func conflict(_ standing: LoginStanding) -> HTML {
        guard case .ended(let outcome, let delivery) = standing.view else {
            return page(standing, now: standing.stored.login.terms.promptEnds, choices: [])
        }
        return receipt(outcome, delivery, standing, isConflict: true)
    }

    /// A page that says why nothing happened. `isRetry` offers to open the link again.
    func refusal(_ heading: Phrase, _ text: Phrase, offersBack: Bool) -> HTML {
        document(catalogue.html(heading), nil, refresh: nil) {
            card(.neutral, heading, text) {
                if offersBack {
                    // An empty reference is this very address (RFC 3986 §4.4), asked for with GET.
                    HTML.element("a", ["class": "button", "href": ""]) {
                        catalogue.html(.backToPage)
                    }
                }
            }
        }
    }
}

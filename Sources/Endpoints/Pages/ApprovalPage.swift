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
    /// The person's own, nil when it is not known; times are then in UTC and say so.
    var zone: TimeZone?
    /// The ticket of a link that opened a login. It is in addresses only, relative ones, so that
    /// the pages work below any path.
    var ticket: String?

    // MARK: A login

    /// The page for a login as it stands: the question, or the receipt and nothing of the question.
    /// `attempt` is what was chosen before and could not be taken.
    func page(
        _ standing: LoginStanding,
        now: Timestamp,
        choices: [Decision.Choice],
        attempt: Attempt? = nil
    ) -> HTML {
        switch standing.view {
        case .preparing:
            document(catalogue.html(.preparingHeading), standing, refresh: 2) {
                card(.busy, .preparingHeading, .preparingText) { checkAgain }
            }
        case .asking(let question):
            Sheet(page: self, question: question, login: standing.stored.login, attempt: attempt)
                .html(standing, now: now, choices: choices)
        case .ending:
            document(catalogue.html(.endingHeading), standing, refresh: 2) {
                card(.neutral, .endingHeading, .endingText) { .empty }
            }
        case .ended(let outcome, let delivery):
            receipt(outcome, delivery, standing)
        }
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

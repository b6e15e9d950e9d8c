import HTTP
import Localization
import Logins

/// The page behind a prompt's link, in one language. It renders what it is given; stores and rules
/// are elsewhere.
///
/// Each kind of page is a function that returns the whole document. Shared parts are in
/// `ApprovalPage+Parts`.
struct ApprovalPage: Sendable {
    let catalogue: Catalogue
    /// The name in the header and footer, logo and colors.
    let brand: Brand
    /// Where users get help; nil if the operator does not say.
    var help: HelpContact?
    /// The user's time zone; nil when it is not known. Times are then in UTC and marked as such.
    var zone: TimeZone?
    /// The user's documents; empty if they are not known.
    var documents: Set<IdentityDocument> = []
    var detailTypes = DetailTypes()
    /// The ticket of a link that opened a login. It is used in relative addresses only, so that the
    /// pages work below any path.
    var ticket: String?
    /// Whether approving leads to a sign-in that confirms it.
    var approvesBySignIn = false
    /// Whether a passkey is the only way to approve here.
    var approvesByPasskeyAlone = false
    /// Where what a passkey is to sign is asked for; nil if none can approve.
    var passkeyOptions: String?
    /// Whoever looks at it; nil if that does not matter.
    var viewer: Viewer?
    /// The numbers that the user chooses from; empty if nothing is to be chosen.
    var numbers: [String] = []
    /// What the addresses of assets begin with, and the script; nil for none.
    var assets = "../assets/"
    var script: Assets.Asset? = Assets.script
    /// Where the form is sent, with the token of the session; nil for a link's own address.
    var form: (action: String, token: String)?

    // MARK: A login

    /// The page for the current state of a login: the question or, after the end, the receipt.
    /// `attempt` is a choice that was refused.
    func page(
        _ standing: LoginStanding,
        now: Timestamp,
        choices: [Decision.Choice],
        attempt: RefusedChoice? = nil
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

    // MARK: Names

    /// A name in a heading: `Sheet.headingLimit` scalars, cut between characters where it can be.
    static func short(_ name: String) -> HTML {
        let limit = Sheet.headingLimit
        guard name.unicodeScalars.count > limit else { return InertText.html(name) }
        var start = ""
        var count = 0
        for character in name {
            count += character.unicodeScalars.count
            guard count < limit else { break }
            start.append(character)
        }
        if start.isEmpty { start.unicodeScalars += name.unicodeScalars.prefix(limit - 1) }
        return InertText.html(start + "\u{2026}")
    }

    func client(_ login: PendingLogin) -> HTML {
        login.clientName.map(Self.short) ?? catalogue.html(.askApplicationUnnamed)
    }

    /// The whole name of the client, where headings and sentences cut it.
    @HTMLBuilder func wholeName(_ login: PendingLogin) -> HTML {
        if let name = login.clientName, name.unicodeScalars.count > Sheet.headingLimit {
            HTML.element("p", ["class": "why"]) { untrusted(name) }
        }
    }

    // MARK: Refusals

    /// The answer to a decision on a login that has ended.
    func conflict(_ standing: LoginStanding) -> HTML {
        guard case .ended(let outcome, let delivery) = standing.view else {
            return page(standing, now: standing.stored.login.terms.promptEnds, choices: [])
        }
        return receipt(outcome, delivery, standing, isConflict: true)
    }

    /// A page that says why nothing happened. `offersBack` adds a link to the login's page.
    func refusal(
        _ heading: Phrase,
        _ text: Phrase,
        _ values: [String: HTML] = [:],
        offersBack: Bool
    ) -> HTML {
        document(catalogue.html(heading), nil, refresh: nil) {
            card(
                .neutral,
                heading,
                text,
                values.merging(["brand": .text(brand)]) { value, _ in value }
            ) {
                if offersBack {
                    // An empty reference is this address (RFC 3986 §4.4), with GET.
                    HTML.element("a", ["class": "button", "href": ""]) {
                        catalogue.html(.backToPage)
                    }
                }
            }
        }
    }
}

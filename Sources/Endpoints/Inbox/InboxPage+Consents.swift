import Access
import Localization
import Logins

extension InboxPage {
    /// Who may answer for the user, since when and by which text, and who might before.
    func list(_ consents: [(consent: DelegationConsent, name: String?)]) -> HTML {
        HTML.element("section") {
            HTML.element("h2") { catalogue.html(.delegationHeading) }
            if consents.isEmpty {
                HTML.element("p") { catalogue.html(.delegationNone) }
            } else {
                HTML.element("p", ["class": "soft"]) { catalogue.html(.delegationHelp) }
                HTML.element("ul") {
                    for (consent, name) in consents {
                        HTML.element("li") { entry(consent, name) }
                    }
                }
            }
        }
    }

    @HTMLBuilder private func entry(_ consent: DelegationConsent, _ name: String?) -> HTML {
        HTML.element("strong") { page.untrusted(name ?? consent.client.value) }
        HTML.element("span", ["class": "why"]) {
            catalogue.html(
                .delegationSince,
                ["time": page.moment(consent.acceptedAt), "address": address(consent.address)]
            )
        }
        HTML.element("span", ["class": "why"]) {
            catalogue.html(
                .delegationText,
                [
                    "version": InertText.html(consent.textVersion),
                    "language": HTML.element("bdi") { .text(consent.language) },
                ]
            )
        }
        if let ended = consent.withdrawnAt {
            HTML.element("span", ["class": "note"]) {
                catalogue.html(.delegationEnded, ["time": page.moment(ended)])
            }
        } else {
            form("/inbox/consents/\(consent.id)/withdraw", .delegationWithdraw, "not-me")
        }
    }
}

import Access
import Devices
import Localization
import Logins

extension InboxPage {
    /// A user's passkeys, each with a button that removes it, and the form for another one.
    func list(_ passkeys: [Credential]) -> HTML {
        HTML.element("section") {
            HTML.element("h2") { catalogue.html(.passkeysHeading) }
            HTML.element("p") { catalogue.html(.passkeysHelp) }
            if !passkeys.isEmpty {
                HTML.element("ul") {
                    for passkey in passkeys { HTML.element("li") { entry(passkey) } }
                }
            }
            newPasskey
        }
    }

    @HTMLBuilder private func entry(_ passkey: Credential) -> HTML {
        HTML.element("strong") {
            passkey.name.isEmpty
                ? catalogue.html(.passkeyUnnamed) : InertText.html(passkey.name)
        }
        HTML.element("span", ["class": "why"]) {
            catalogue.html(.passkeySince, ["time": page.moment(passkey.createdAt)])
        }
        if let last = passkey.lastUsedAt {
            HTML.element("span", ["class": "why"]) {
                catalogue.html(.passkeyUsed, ["time": page.moment(last)])
            }
        }
        form("/inbox/passkeys/\(passkey.id.value)/remove", .passkeyRemove, "not-me")
    }

    /// Browsers without passkeys do not show the button.
    private var newPasskey: HTML {
        HTML.element("form", ["method": "post", "action": basePath + "/inbox/passkeys"]) {
            HTML.void(
                "input",
                ["type": "hidden", "name": "token", "value": caller.secret.formToken]
            )
            HTML.element("label", ["class": "passkey"]) {
                HTML.element("span") { catalogue.html(.passkeyNameLabel) }
                HTML.void(
                    "input",
                    [
                        "type": "text", "name": "name", "autocomplete": "off",
                        "maxlength": String(Device.longestName),
                    ]
                )
            }
            HTML.element("p", ["class": "error", "role": "alert"])
            HTML.element(
                "button",
                [
                    "type": "submit", "class": "decline", "data-passkey": "create",
                    "data-options": basePath + "/inbox/passkeys/options",
                    "data-failed": catalogue.text(.passkeyAddFailed),
                ]
            ) { catalogue.html(.passkeyAdd) }
        }
    }
}

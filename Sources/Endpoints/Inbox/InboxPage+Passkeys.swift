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
        rename(passkey)
        form("/inbox/passkeys/\(passkey.id.value)/remove", .passkeyRemove, "not-me")
    }

    private func rename(_ passkey: Credential) -> HTML {
        HTML.element("details") {
            HTML.element("summary") { catalogue.html(.passkeyRename) }
            HTML.element(
                "form",
                [
                    "method": "post",
                    "action": basePath + "/inbox/passkeys/\(passkey.id.value)/rename",
                ]
            ) {
                token
                nameField(passkey.name)
                HTML.element("button", ["type": "submit", "class": "decline"]) {
                    catalogue.html(.passkeySaveName)
                }
            }
        }
    }

    private var token: HTML {
        HTML.void(
            "input",
            ["type": "hidden", "name": "token", "value": caller.secret.formToken]
        )
    }

    private func nameField(_ name: String? = nil) -> HTML {
        HTML.element("label", ["class": "passkey"]) {
            HTML.element("span") { catalogue.html(.passkeyNameLabel) }
            HTML.void(
                "input",
                [
                    "type": "text", "name": "name", "autocomplete": "off", "dir": "auto",
                    "value": name, "maxlength": String(Device.longestName),
                ]
            )
        }
    }

    /// Browsers without passkeys do not show the button.
    private var newPasskey: HTML {
        HTML.element("form", ["method": "post", "action": basePath + "/inbox/passkeys"]) {
            token
            nameField()
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

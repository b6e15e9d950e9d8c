import Access
import HTTP
import JSON
import Localization
import Logins

/// The form of a client. What it sends becomes the members that the admin API reads.
struct ClientForm: Sendable {
    let view: ConsoleView
    /// What is in the fields.
    let values: Form

    init(view: ConsoleView, values: Form) {
        self.view = view
        self.values = values
    }

    /// The form with what a client has.
    init(_ stored: StoredClient, _ view: ConsoleView) {
        let client = stored.client
        let addresses = client.sourceAddresses.map(\.description).joined(separator: "\n")
        let fields =
            [
                Field("version", String(stored.version)), Field("name", client.name),
                Field("source_addresses", addresses),
                Field("redirect_uris", client.redirectURIs.joined(separator: "\n")),
            ]
            + client.scopes.map { Field(Self.name($0), "on") }
            + client.grants.map { Field(Self.name($0), "on") }
        self.init(view: view, values: Form(fields))
    }

    private static func name(_ scope: AccessScope) -> String { "scope." + scope.rawValue }
    private static func name(_ grant: GrantType) -> String { "grant." + grant.rawValue }
    private static let methods = [
        "private_key_jwt", "self_signed_tls_client_auth", "tls_client_auth",
    ]

    // MARK: Reading

    /// The members of a request to the admin API with the same meaning.
    static func members(_ form: Form, isNew: Bool) -> JSONObject {
        func text(_ name: String) -> String? {
            guard let text = form[name], !text.isEmpty else { return nil }
            return text
        }
        func lines(_ name: String) -> JSONValue {
            let separators: Set<UInt8> = [0x20, 0x2C, 0x0A, 0x0D, 0x09]
            return .texts(
                (form[name] ?? "").utf8.split { separators.contains($0) }
                    .compactMap { String($0) }
            )
        }
        let scopes = AccessScope.allCases.filter { form[name($0)] != nil }.map(\.rawValue)
        let grants = GrantType.allCases.filter { form[name($0)] != nil }.map(\.rawValue)
        let method = text("token_endpoint_auth_method")
        let certificate: JSONValue? =
            if method == "tls_client_auth", let field = text("certificate_field"),
                let value = text("certificate_value")
            {
                .members([field: .string(value)])
            } else { nil }
        return JSONValue.members([
            "type": isNew ? text("type").map { .string($0) } : nil,
            "name": .string(form["name"] ?? ""),
            "token_endpoint_auth_method": isNew ? method.map { .string($0) } : nil,
            "certificate": isNew ? certificate : nil,
            "keys": isNew ? key(form).map { .array([$0]) } : nil,
            "scope": .string(scopes.joined(separator: " ")),
            "grants": isNew && grants.isEmpty ? nil : .texts(grants),
            "source_addresses": lines("source_addresses"),
            "redirect_uris": lines("redirect_uris"),
        ]).object ?? JSONObject()
    }

    /// The key that was pasted; nil for none.
    static func key(_ form: Form) -> JSONValue? {
        guard let text = form["key"], text.utf8.contains(where: { $0 > 0x20 }) else { return nil }
        let kid = form["kid"].flatMap { $0.isEmpty ? nil : $0 }
        return .members(["kid": kid.map { .string($0) }, "pem": .string(text)])
    }

    // MARK: Showing

    func html(_ path: String, isNew: Bool) -> HTML {
        view.form(path, isWhole: true, isNew ? [] : [Field("version", values["version"] ?? "")]) {
            HTML.element("div", ["class": "fields"]) {
                if isNew {
                    view.select(
                        .consoleType,
                        "type",
                        values["type"],
                        all: nil,
                        APIClient.Kind.allCases.map { ($0.rawValue, view.html($0.phrase)) }
                    )
                }
                view.input(
                    .consoleClientName,
                    "name",
                    values["name"],
                    isRequired: true,
                    maximum: 80
                )
                ticks(.consoleScopes, AccessScope.allCases.map { (Self.name($0), $0.rawValue) })
                ticks(.consoleGrants, GrantType.allCases.map { (Self.name($0), $0.rawValue) })
                area(.consoleSourceAddresses, "source_addresses", values["source_addresses"])
                area(.consoleRedirects, "redirect_uris", values["redirect_uris"])
                if isNew {
                    method
                    keyFields
                }
                HTML.element("div") {
                    HTML.element("button", ["type": "submit"]) {
                        view.html(isNew ? .consoleNewClient : .consoleSave)
                    }
                }
            }
        }
    }

    @HTMLBuilder private var method: HTML {
        view.select(
            .consoleAuthentication,
            "token_endpoint_auth_method",
            values["token_endpoint_auth_method"],
            all: nil,
            Self.methods.map { ($0, .text($0)) }
        )
        view.select(
            .consoleCertificateField,
            "certificate_field",
            values["certificate_field"],
            all: .consoleNoField,
            CertificateName.keys.map { ($0, .text($0)) }
        )
        view.input(.consoleCertificateValue, "certificate_value", values["certificate_value"])
    }

    /// A public key. What was pasted before is never shown again: it may have been a private one.
    @HTMLBuilder var keyFields: HTML {
        view.input(.consoleKeyIDOptional, "kid", values["kid"], maximum: 128)
        HTML.element("div", ["class": "field"]) {
            HTML.element("label", ["for": "field-key"]) { view.html(.consolePublicKey) }
            HTML.element("p", ["class": "soft", "id": "help-key"]) {
                view.html(.consolePublicKeyHelp)
            }
            HTML.element(
                "textarea",
                [
                    "id": "field-key", "name": "key", "dir": "ltr", "spellcheck": "false",
                    "autocomplete": "off", "maxlength": "16384", "aria-describedby": "help-key",
                ]
            )
        }
    }

    private func area(_ label: Phrase, _ name: String, _ value: String?) -> HTML {
        let id = "field-" + name
        return HTML.element("div", ["class": "field"]) {
            HTML.element("label", ["for": id]) {
                view.html(label)
                HTML.text(" ")
                HTML.element("span", ["class": "soft"]) { view.html(.consoleOnePerLine) }
            }
            HTML.element(
                "textarea",
                [
                    "id": id, "name": name, "dir": "ltr", "spellcheck": "false",
                    "autocomplete": "off", "class": "short",
                ]
            ) { .text(value ?? "") }
        }
    }

    private func ticks(_ label: Phrase, _ options: [(name: String, text: String)]) -> HTML {
        HTML.element("fieldset") {
            HTML.element("legend") { view.html(label) }
            for option in options {
                HTML.element("div", ["class": "tick"]) {
                    HTML.void(
                        "input",
                        [
                            "type": "checkbox", "id": "field-" + option.name, "name": option.name,
                            "checked": values[option.name] == nil ? nil : "",
                        ]
                    )
                    HTML.element("label", ["for": "field-" + option.name]) {
                        HTML.element("code", ["dir": "ltr"]) { .text(option.text) }
                    }
                }
            }
        }
    }
}

import HTTP
import JSON

/// The body of `POST /authentication/start`, as current servers or a knob write it.
struct StartBody {
    let bytes: [UInt8]

    init(_ login: SimulatedLogin, _ configuration: SimulatorConfiguration) {
        let shapes = login.plan.shapes
        let client = configuration.clients.first { $0.id == login.clientID }
        var members: [(String, JSONValue)] = [("login_id", .string(login.id))]
        members += Self.states(login)
        members += [
            ("tenant_id", .string(configuration.tenant)),
            ("server_id", .string(login.workspace)),
            ("client_id", .string(login.clientID)),
            ("client_info", .members(["client_name": .text(client?.name)])),
            ("user_identifier", .string(login.user)),
            ("requested_scopes", Self.scopes(login)),
        ]
        if let id = login.consentID, login.family?.standard.hasIntentID == true {
            members.append(("openbanking_intent_id", .string(id)))
        }
        if shapes.contains("acr_array") {
            members.append(("acr_values", .texts(["urn:example:loa:2"])))
        } else if login.acrValues.isEmpty || shapes.contains("acr_null") {
            members.append(("acr_values", .null))
        } else {
            members.append(("acr_values", .texts(login.acrValues)))
        }
        if let details = login.authorizationDetails {
            members.append(("authorization_details", details))
        }
        if let message = login.bindingMessage {
            members.append(("binding_message", .string(message)))
        }
        if !shapes.contains("no_expires_at") {
            let moment = login.expires + login.plan.skew * 1000
            members.append(("expires_at", .string(Self.wholeSeconds(moment))))
        }
        if shapes.contains("unknown_members") {
            members.append(("consent_type", .string("unheard_of")))
            members.append(("x_vendor", .members(["nested": .array([.integer(1), .null])])))
        }
        if shapes.contains("large_body") {
            members.append(("padding", .string(String(repeating: "x", count: 1 << 20))))
        }
        if shapes.contains("duplicate_keys") {
            members.append(("user_identifier", .string("somebody-else")))
        }
        var json = JSONWriter(reserving: 512)
        json.object { json in
            for (name, value) in members { json.member(name, value) }
        }
        bytes = json.bytes
    }

    private static func states(_ login: SimulatedLogin) -> [(String, JSONValue)] {
        switch login.plan.stateField {
        case "state": [("state", .string(login.state))]
        case "both_equal":
            [("login_state", .string(login.state)), ("state", .string(login.state))]
        case "both_different":
            [("login_state", .string(login.state)), ("state", .string("older-and-different"))]
        case "none": []
        default: [("login_state", .string(login.state))]
        }
    }

    private static func scopes(_ login: SimulatedLogin) -> JSONValue {
        let shapes = login.plan.shapes
        if shapes.contains("scopes_null") { return .null }
        if shapes.contains("scopes_string") { return .string(login.scopes.joined(separator: " ")) }
        if shapes.contains("scopes_objects") {
            return .array(
                login.scopes.map {
                    .members(["name": .string($0), "requested_name": .string($0)])
                }
            )
        }
        return .texts(login.scopes)
    }

    /// `2031-03-04T10:49:34Z`.
    private static func wholeSeconds(_ milliseconds: Int64) -> String {
        let text = RFC3339.format(milliseconds: milliseconds)
        return text.dropLast(5) + "Z"
    }
}

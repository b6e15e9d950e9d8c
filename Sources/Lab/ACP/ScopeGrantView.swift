import JSON

/// The response of `GET /scope-grants/{login}`.
struct ScopeGrantView {
    let json: JSONValue

    /// `shape` is `html` or `huge_list` (K-22), `changed` (K-21) or nil.
    init(
        _ login: SimulatedLogin,
        _ configuration: SimulatorConfiguration,
        shape: String?,
        logo: String
    ) {
        var name = configuration.clients.first { $0.id == login.clientID }?.name
        var scopes = login.scopes.map { RequestedScopeView.json($0) }
        if shape == "html" {
            name = "<b>Shop</b> <script>document.title='x'</script> & \"Co\""
            scopes.append(RequestedScopeView.json("html", display: "<img src=x onerror=alert(1)>"))
        }
        if shape == "changed" {
            scopes.append(RequestedScopeView.json("email", display: "Everything you have"))
        }
        if shape == "huge_list" {
            scopes += (0..<1000).map { RequestedScopeView.json("extra:\($0)") }
        }
        var isApproved = false
        var isRejected = false
        switch login.decision {
        case .approved: isApproved = true
        case .rejected: isRejected = true
        case nil: break
        }
        json = .members([
            "id": .string(login.id), "client_id": .string(login.clientID),
            "tenant_id": .string(configuration.tenant),
            "server_id": .string(login.workspace),
            "client_info": .members(["client_name": .text(name), "logo_uri": .string(logo)]),
            "requested_scopes": .array(scopes), "requested_acr": .texts(login.acrValues),
            "requested_claims_to_consent": .array([]),
            "authorization_details": login.authorizationDetails ?? .array([]),
            "requested_at": .moment(login.created), "subject": .string(login.user),
            "requested_grant_type": .string("ciba"), "request_query_params": .members([:]),
            "scope_grant_approved": .bool(isApproved),
            "scope_grant_rejected": .bool(isRejected), "login_approved": .bool(isApproved),
            "login_rejected": .bool(isRejected),
        ])
    }
}

/// A scope in the responses of the System API.
enum RequestedScopeView {
    /// `display` is its name for people; nil for the usual text.
    static func json(_ name: String, display: String? = nil) -> JSONValue {
        let isDynamic = name.hasPrefix("consent:")
        return .members([
            "name": .string(isDynamic ? "consent:*" : name), "requested_name": .string(name),
            "display_name": .string(display ?? displayName(name)), "implicit_grant": .bool(false),
        ])
    }

    private static func displayName(_ scope: String) -> String {
        switch scope {
        case "openid": "Sign in"
        case "profile": "Your name and profile"
        case "email": "Your e-mail address"
        case "accounts": "See your accounts"
        case "payments": "Make payments"
        default: scope
        }
    }
}

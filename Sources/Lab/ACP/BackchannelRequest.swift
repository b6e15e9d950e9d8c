import Cryptography
import HTTP
import JSON

/// A backchannel authentication request that passed the checks 1 to 10. The first failing check
/// determines the error (OpenID CIBA Core §7.1, §7.2, §13).
struct BackchannelRequest: Sendable {
    let client: SimulatedClient
    /// `{wid}` of the issuer.
    let workspace: String
    var user: String
    let scopes: [String]
    let acrValues: [String]
    let bindingMessage: String?
    let notificationToken: String?
    /// The id of its consent.
    let consentID: String?
    /// `authorization_details` (RFC 9396), an array of objects with a `type`.
    let authorizationDetails: JSONValue?
    /// Seconds.
    let ttl: Int

    /// The maximum length of a binding message.
    private static let messageLimit = 64
    private static let notificationTokenLimit = 1024

    /// A request of the simulator itself, without checks.
    init(
        client: SimulatedClient,
        workspace: String,
        user: String,
        scopes: [String],
        bindingMessage: String?,
        consentID: String?,
        authorizationDetails: JSONValue?,
        ttl: Int
    ) {
        self.client = client
        self.workspace = workspace
        self.consentID = consentID
        self.user = user
        self.scopes = scopes
        self.bindingMessage = bindingMessage
        self.authorizationDetails = authorizationDetails
        self.ttl = ttl
        acrValues = []
        notificationToken = nil
    }

    init(
        _ request: Request,
        _ configuration: SimulatorConfiguration,
        _ workspace: SimulatorConfiguration.Workspace,
        issuer: String,
        signer: IDTokenSigner,
        knobs: KnobBoard,
        at now: Int64,
        isFirstUse: (String) -> Bool
    ) throws(OAuthProblem) {
        self.workspace = workspace.id
        // 1. The form. The method is the router's.
        guard request.contentType == "application/x-www-form-urlencoded",
            let outer = Form(request.body)
        else { throw .invalidRequest("not a form, or a parameter comes twice") }
        // 2. The client.
        client = try ClientAuthentication.client(of: request, outer, among: configuration.clients)
        // 3. The client's registration.
        guard let mode = client.mode else {
            throw OAuthProblem(400, "unauthorized_client", "not registered for CIBA")
        }
        // 4. The request object.
        let form = try RequestParameters(
            outer,
            of: client,
            at: issuer,
            workspace.profile,
            now: now,
            isFirstUse: isFirstUse
        )
        // 5. to 10.
        scopes = try Self.scopes(form, client)
        let hint = try UserHint(form, knobs)
        notificationToken = try Self.notificationToken(form, mode)
        ttl = try Self.ttl(form, configuration)
        bindingMessage = try Self.bindingMessage(form)
        consentID = try Self.consentID(form, scopes)
        authorizationDetails = try Self.authorizationDetails(form)
        try Self.checkContext(workspace.profile, bindingMessage, consentID)
        user = try hint.user(client, issuer: issuer, signer, workspace.profile, at: now)
        try Self.checkUserCode(form, client)
        acrValues = (form["acr_values"] ?? "").split(separator: " ").map(String.init)
    }

    /// The id of the consent, as its standard names it: the intent id of Open Banking UK, as a
    /// parameter or in `claims`; Brasil's dynamic scope; the arrangement of CDR; else `consent_id`.
    private static func consentID(
        _ form: RequestParameters,
        _ scopes: [String]
    ) throws(OAuthProblem) -> String? {
        let names = [
            "openbanking_intent_id", "openbanking-intent-id", "cdr_arrangement_id", "consent_id",
        ]
        var ids = Set(names.compactMap { form[$0] })
        ids.formUnion(
            scopes.filter { $0.hasPrefix("consent:") }.map {
                String($0.dropFirst("consent:".count))
            }
        )
        if let text = form["claims"] {
            guard let claims = try? JSONValue(Array(text.utf8)), claims.object != nil else {
                throw .invalidRequest("claims is not a JSON object")
            }
            for part in ["id_token", "userinfo"] {
                let path = [part, "openbanking_intent_id", "value"]
                if let id = claims[path: path]?.string { ids.insert(id) }
            }
        }
        guard ids.count <= 1 else { throw .invalidRequest("more than one consent is named") }
        return ids.first
    }

    private static func authorizationDetails(
        _ form: RequestParameters
    ) throws(OAuthProblem) -> JSONValue? {
        guard let text = form["authorization_details"] else { return nil }
        guard let details = try? JSONValue(Array(text.utf8)), let objects = details.array,
            objects.allSatisfy({ $0["type"]?.string != nil })
        else {
            throw OAuthProblem(
                400,
                "invalid_authorization_details",
                "not a JSON array of objects with a type"
            )
        }
        return details
    }

    private static func scopes(
        _ form: RequestParameters,
        _ client: SimulatedClient
    ) throws(OAuthProblem) -> [String] {
        guard let text = form["scope"], !text.isEmpty else {
            throw .invalidRequest("scope is missing")
        }
        let scopes = text.split(separator: " ").map(String.init)
        guard scopes.contains("openid"), scopes.allSatisfy(client.mayAsk) else {
            throw OAuthProblem(400, "invalid_scope", "openid is missing or a scope is not allowed")
        }
        return scopes
    }

    private static func notificationToken(
        _ form: RequestParameters,
        _ mode: SimulatedClient.DeliveryMode
    ) throws(OAuthProblem) -> String? {
        guard mode == .ping else { return nil }
        guard let token = form["client_notification_token"], !token.isEmpty,
            token.utf8.count <= notificationTokenLimit
        else { throw .invalidRequest("client_notification_token is missing or too long") }
        // RFC 6750 §2.1: b64token.
        let body = token.utf8.reversed().drop { $0 == UInt8(ascii: "=") }
        let isBearer = body.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~+/".utf8.contains(byte)
            }
        }
        guard isBearer, !body.isEmpty else {
            throw .invalidRequest("client_notification_token is not a bearer token")
        }
        return token
    }

    private static func ttl(
        _ form: RequestParameters,
        _ configuration: SimulatorConfiguration
    ) throws(OAuthProblem) -> Int {
        guard let text = form["requested_expiry"] else { return configuration.defaultTTL }
        guard let seconds = Int(text), seconds > 0, text.allSatisfy(\.isNumber) else {
            throw .invalidRequest("requested_expiry is not a positive integer")
        }
        return min(seconds, configuration.maximumTTL)
    }

    /// Control, line and direction characters could disguise a message.
    private static func bindingMessage(_ form: RequestParameters) throws(OAuthProblem) -> String? {
        // NFC does not change the number of characters.
        guard let message = form["binding_message"] else { return nil }
        let isPlain = message.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: return false
            default: break
            }
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                return false
            default: return true
            }
        }
        guard isPlain, !message.isEmpty, message.count <= messageLimit else {
            throw OAuthProblem(400, "invalid_binding_message", "the message cannot be shown")
        }
        return message
    }

    /// Users must be able to identify the request by its consent or its message (FAPI-CIBA §5.2.2).
    /// Open Banking UK requires a consent.
    private static func checkContext(
        _ profile: SimulatorConfiguration.Profile,
        _ message: String?,
        _ consent: String?
    ) throws(OAuthProblem) {
        switch profile {
        case .core, .ofb: break
        case .fapi:
            guard message != nil || consent != nil else {
                throw .invalidRequest("binding_message is missing")
            }
        case .obuk:
            guard consent != nil else { throw .invalidRequest("the intent id is missing") }
        }
    }

    private static func checkUserCode(
        _ form: RequestParameters,
        _ client: SimulatedClient
    ) throws(OAuthProblem) {
        guard let wanted = client.userCode else { return }
        guard let code = form["user_code"] else {
            throw OAuthProblem(400, "missing_user_code", "a user code is required")
        }
        guard code == wanted else {
            throw OAuthProblem(400, "invalid_user_code", "the user code is wrong")
        }
    }
}

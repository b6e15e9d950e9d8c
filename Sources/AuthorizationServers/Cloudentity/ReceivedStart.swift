import HTTP
import JSON
import Logins
import Texts

/// The body of `POST /authentication/start` (`Contract.md`, section 2).
struct ReceivedStart {
    let login: LoginID
    let tenant: TenantID?
    let details: PendingLogin.Details
    let expiresAt: Timestamp?
    /// `login_state` and `state` have different values [DE-3].
    let hasTwoStates: Bool

    /// What is wrong with a body, in words for its sender.
    struct Malformed: Error, Equatable {
        let description: String
        /// The body is valid for another server.
        let isForAnother: Bool

        init(_ description: String, isForAnother: Bool = false) {
            self.description = description
            self.isForAnother = isForAnother
        }

        /// Offsets count from the beginning of the body, which is what the sender has.
        init(_ error: JSONError, in body: Range<Int>) {
            let offset = error.offset - body.lowerBound
            self.init(JSONError(error.reason, at: offset).description)
        }
    }

    init(_ request: Request, _ inbound: CloudentityInbound) throws(Malformed) {
        let isStrict = inbound.decoding == .strict
        var members = StartMembers(isStrict: isStrict)
        do {
            var json = JSONScanner(request.bytes, in: request.bodyRange)
            try json.object { (json, name) throws(JSONError) in try members.take(name, &json) }
            try json.end()
        } catch {
            throw Malformed(error, in: request.bodyRange)
        }
        if let problem = members.problem { throw problem }
        login = try Self.required("login_id", members.login)
        tenant = try Self.identifier("tenant_id", members.tenant)
        var details = PendingLogin.Details(
            user: try Self.required("user_identifier", members.user)
        )
        details.workspace = try Self.identifier("server_id", members.workspace)
        details.client = try Self.identifier("client_id", members.client)
        details.clientName = members.clientName
        details.requestedScopes = members.scopes
        details.acrValues = members.acrValues
        details.bindingMessage = members.bindingMessage
        // Open Finance Brasil names the consent in a scope. Two different names are noticed when the
        // consent is fetched: ACP would only repeat a start that is refused here.
        details.consentID =
            try Self.identifier("openbanking_intent_id", members.consent)
            ?? members.scopes.lazy.compactMap(PendingLogin.Details.consent(in:)).first
            .flatMap { ConsentID($0) }
        details.unknownMembers = members.keptUnknown
        details.state = members.loginState ?? (isStrict ? nil : members.state)
        hasTwoStates =
            members.loginState != nil && members.state != nil
            && members.loginState?.exact != members.state?.exact
        expiresAt = try Self.moment("expires_at", members.expiresAt)
        self.details = details
        if details.state == nil, inbound.requiresLoginState || isStrict {
            throw Malformed("login_state: required, and missing")
        }
        if let tenant, !inbound.tenants.isEmpty, !inbound.tenants.contains(tenant) {
            throw Malformed("tenant_id: not a tenant that is served here", isForAnother: true)
        }
        let workspaces = inbound.allowedWorkspaces
        if let workspace = details.workspace, !workspaces.isEmpty, !workspaces.contains(workspace) {
            throw Malformed("server_id: not a workspace that is served here", isForAnother: true)
        }
    }

    /// Decodes a body that came with a credential of all these servers. Its tenant and workspace
    /// identify the server [BP-2].
    static func decode(
        _ request: Request,
        for servers: [CloudentityInbound]
    ) throws(Malformed) -> (server: CloudentityInbound, body: ReceivedStart) {
        var found: (server: CloudentityInbound, body: ReceivedStart)?
        var isAmbiguous = false
        var problem: Malformed?
        for server in servers {
            do throws(Malformed) {
                let body = try ReceivedStart(request, server)
                isAmbiguous = found != nil
                found = (server, body)
            } catch {
                if problem?.isForAnother ?? true { problem = error }
            }
            if isAmbiguous { break }
        }
        if isAmbiguous {
            throw Malformed("tenant_id, server_id: too little to tell which server calls")
        }
        if let found { return found }
        throw problem ?? Malformed("no server is served here")
    }

    private static func required<Named>(
        _ name: String,
        _ text: String?
    ) throws(Malformed) -> Identifier<Named> {
        guard let value: Identifier<Named> = try identifier(name, text) else {
            throw Malformed("\(name): required, and missing")
        }
        return value
    }

    private static func identifier<Named>(
        _ name: String,
        _ text: String?
    ) throws(Malformed) -> Identifier<Named>? {
        guard let text else { return nil }
        guard let identifier = Identifier<Named>(text) else {
            throw Malformed("\(name): must have 1 to 512 characters, none of control")
        }
        return identifier
    }

    /// A timestamp of RFC 3339; ACP sends it without fractions and offsets [DE-7].
    private static func moment(_ name: String, _ text: String?) throws(Malformed) -> Timestamp? {
        guard let text else { return nil }
        guard let milliseconds = RFC3339.parse(text) else {
            throw Malformed("\(name): must be a date and time (RFC 3339)")
        }
        return Timestamp(milliseconds: milliseconds)
    }
}

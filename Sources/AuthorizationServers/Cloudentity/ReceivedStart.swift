import HTTP
import JSON
import Logins
import Texts

/// The body of `POST /authentication/start` (`Contract.md`, section 2).
struct ReceivedStart {
    let login: LoginID
    /// Nil also for a tenant that is not served here.
    let tenant: TenantID?
    let details: PendingLogin.Details
    let expiresAt: Timestamp?
    /// `login_state` and `state` have different values [DE-3].
    let hasTwoStates: Bool
    /// Why the login cannot be taken, if it cannot. It is kept, and reported as failed [ST-8].
    private(set) var problem: Malformed?
    /// The body does not say which of several servers sent it.
    private(set) var isAmbiguous = false

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

        /// Nothing but the name of the login is of use in a body of more bytes.
        static let tooLarge = Malformed("the body is too large")
    }

    /// - Throws: what is wrong with a body that names no login, and in strict decoding with any.
    init(
        _ request: Request,
        _ inbound: CloudentityInbound,
        at now: Timestamp
    ) throws(Malformed) {
        let members = try Self.members(of: request, isStrict: inbound.decoding == .strict)
        guard let login = members.login.flatMap({ LoginID($0) }) else {
            throw members.problem ?? Malformed("login_id: " + Self.identifierRule)
        }
        var reader = Reader(problem: members.problem)
        let tenant: TenantID? = reader.identifier("tenant_id", members.tenant)
        var details = PendingLogin.Details(user: reader.user(members.user))
        details.workspace = reader.identifier("server_id", members.workspace)
        details.client = reader.identifier("client_id", members.client)
        details.clientName = reader.text("client_name", members.clientName)
        details.requestedScopes = members.scopes
        details.acrValues = members.acrValues
        details.bindingMessage = BindingMessage(
            reader.text("binding_message", members.bindingMessage),
            inbound.numbers
        )
        // Open Finance Brasil names the consent in a scope. Two different names are noticed when the
        // consent is fetched.
        details.consentID =
            reader.identifier("openbanking_intent_id", members.consent)
            ?? members.scopes.lazy.compactMap(PendingLogin.Details.consent(in:)).first
            .flatMap { ConsentID($0) }
        details.authorizationDetails = members.authorizationDetails
        details.unknownMembers = members.keptUnknown
        details.context = inbound.requestContext?.context(
            of: members.unknownMember(RequestContextRule.member)
        )
        details.state = reader.text(
            "login_state",
            members.loginState ?? (members.isStrict ? nil : members.state)
        )
        hasTwoStates =
            members.loginState != nil && members.state != nil
            && members.loginState?.exact != members.state?.exact
        expiresAt = reader.moment(
            "expires_at",
            members.expiresAt,
            isStrict: members.isStrict,
            at: now
        )
        if details.state == nil, inbound.requiresLoginState || members.isStrict {
            reader.note("login_state: required, and missing")
        }
        let isOurTenant = tenant.map { inbound.tenants.isEmpty || inbound.tenants.contains($0) }
        if isOurTenant == false {
            reader.note("tenant_id: not a tenant that is served here", isForAnother: true)
        }
        let workspaces = inbound.allowedWorkspaces
        if let workspace = details.workspace, !workspaces.isEmpty, !workspaces.contains(workspace) {
            reader.note("server_id: not a workspace that is served here", isForAnother: true)
        }
        self.login = login
        self.details = details
        // Beckon's secret is not sent to a tenant that it was not made for [BP-2].
        self.tenant = isOurTenant == false ? nil : tenant
        problem = reader.problem
        if members.isStrict, let problem { throw problem }
    }

    private static func members(
        of request: Request,
        isStrict: Bool
    ) throws(Malformed) -> StartMembers {
        if request.isOversized { return try salvage(request, .tooLarge, isStrict) }
        var members = StartMembers(isStrict: isStrict)
        do {
            var json = JSONScanner(request.bytes, in: request.bodyRange)
            try json.object { (json, name) throws(JSONError) in try members.take(name, &json) }
            try json.end()
            return members
        } catch {
            return try salvage(request, Malformed(error, in: request.bodyRange), isStrict)
        }
    }

    private static func salvage(
        _ request: Request,
        _ problem: Malformed,
        _ isStrict: Bool
    ) throws(Malformed) -> StartMembers {
        if isStrict { throw problem }
        return StartMembers(salvaging: request.bytes, in: request.bodyRange, problem: problem)
    }

    /// Decodes a body that came with a credential of all these servers. Its tenant and workspace
    /// identify the server [BP-2]. If they do not, the first server is told that the login failed.
    static func decode(
        _ request: Request,
        for servers: [CloudentityInbound],
        at now: Timestamp
    ) throws(Malformed) -> (server: CloudentityInbound, body: ReceivedStart) {
        var found: [(server: CloudentityInbound, body: ReceivedStart)] = []
        var refusal: Malformed?
        for server in servers {
            do throws(Malformed) {
                found.append((server, try ReceivedStart(request, server, at: now)))
            } catch {
                if refusal?.isForAnother ?? true { refusal = error }
            }
        }
        let own = found.filter { $0.body.problem?.isForAnother != true }
        guard let (server, decoded) = own.first ?? found.first else {
            throw refusal ?? Malformed("no server is served here")
        }
        var body = decoded
        if own.count > 1 {
            let problem = Malformed("tenant_id, server_id: too little to tell which server calls")
            if server.decoding == .strict { throw problem }
            body.problem = body.problem ?? problem
            body.isAmbiguous = true
        }
        return (server, body)
    }

    private static let identifierRule = "must be a text of 1–512 characters, no control characters"

    /// Reads values, and keeps the first problem.
    private struct Reader {
        var problem: Malformed?

        mutating func note(_ text: String, isForAnother: Bool = false) {
            // What is for another server is that server's to judge.
            if isForAnother || problem == nil {
                problem = Malformed(text, isForAnother: isForAnother)
            }
        }

        mutating func identifier<Named>(_ name: String, _ text: String?) -> Identifier<Named>? {
            guard let text else { return nil }
            let identifier = Identifier<Named>(text)
            if identifier == nil { note("\(name): " + ReceivedStart.identifierRule) }
            return identifier
        }

        /// A text that every store can keep.
        mutating func text(_ name: String, _ text: String?) -> String? {
            guard let text, text.utf8.contains(0) else { return text }
            note("\(name): must not contain U+0000")
            return nil
        }

        mutating func user(_ text: String?) -> UserID {
            if text == nil { note("user_identifier: required, and missing") }
            return identifier("user_identifier", text) ?? PendingLogin.Details.nobody
        }

        /// RFC 3339 if strict, as ACP sends it without fractions and offsets [DE-7].
        mutating func moment(
            _ name: String,
            _ text: String?,
            isStrict: Bool,
            at now: Timestamp
        ) -> Timestamp? {
            guard let text else { return nil }
            let parsed =
                isStrict ? RFC3339.parse(text) : ExpiryTime.parse(text, now: now.milliseconds)
            guard let milliseconds = parsed else {
                note("\(name): must be a date and time (RFC 3339)")
                return nil
            }
            return Timestamp(milliseconds: milliseconds)
        }
    }
}

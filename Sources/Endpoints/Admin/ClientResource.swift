import Access
import HTTP
import JOSE
import JSON
import Logins
import Texts

/// `/admin/v1/clients`: the clients of the token endpoint.
struct ClientResource: Sendable {
    /// Bytes of a body: eight keys, and lists of addresses.
    private static let bodyLimit = 65_536

    let api: APIRoutes
    let base: String
    private var access: any AccessStore { api.access }
    let desk: ClientDesk

    var routes: [Route] {
        let one = base + "/clients/{id}"
        return [
            api.route(.get, base + "/clients", [.adminRead], list),
            api.route(
                .post,
                base + "/clients",
                [.adminClients],
                bodyLimit: Self.bodyLimit,
                create
            ),
            api.route(.get, one, [.adminRead], keepsAnswers: true, show),
            api.route(.patch, one, [.adminClients], bodyLimit: Self.bodyLimit, change),
            api.route(.post, one + "/revoke", [.adminClients], revoke),
            api.route(.post, one + "/keys", [.adminClients], bodyLimit: Self.bodyLimit, addKey),
            api.route(.delete, one + "/keys/{kid}", [.adminClients], removeKey),
        ]
    }

    // MARK: Reading

    private func list(_ call: APICall) async throws(Problem) -> Response {
        let query = try ListQuery(call, ["type", "status", "sort"])
        let words = ClientSort.allCases.map(\.rawValue).joined(separator: ", ")
        let order = try query.parsed("sort", "must be one of \(words), descending after a -") {
            text -> (ClientSort, Bool)? in
            let isDescending = text.utf8.first == UInt8(ascii: "-")
            let name = isDescending ? String(text.dropFirst()) : text
            return ClientSort.allCases.first { name.isExactly($0.rawValue) }
                .map { ($0, isDescending) }
        }
        let filter = ClientFilter(
            kind: try query.choice("type", APIClient.Kind.self),
            status: try query.choice("status", APIClient.Status.self),
            sort: order?.0 ?? .id,
            isDescending: order?.1 ?? false
        )
        let found: [StoredClient]
        let after: APIClientID? = try query.afterID()
        do {
            found = try await access.clients(filter, after: after, limit: query.limit + 1)
        } catch {
            throw Problem(error)
        }
        return query.page("clients", found, key: { $0.client.id.value }, \.row)
    }

    private func show(_ call: APICall) async throws(Problem) -> Response {
        Self.response(try await client(try call.path("id")))
    }

    private func client(_ id: APIClientID) async throws(Problem) -> StoredClient {
        do { return try await desk.client(id) } catch { throw Problem(error) }
    }

    static func response(
        _ stored: StoredClient,
        status: Int = 200,
        fields: [Field] = []
    ) -> Response {
        .document(stored.view, status: status, fields: fields + [EntityTag.field(stored.version)])
    }

    // MARK: Creating

    private func create(_ call: APICall) async throws(Problem) -> Response {
        let members = try call.members([
            "client_id", "type", "name", "token_endpoint_auth_method", "certificate",
            "secret_hash", "keys", "grants", "scope", "source_addresses", "redirect_uris",
            "dpop_bound_access_tokens", "first_party",
        ])
        let kind = try members.required("type", try members.choice("type", APIClient.Kind.self))
        let given: APIClientID? = try members.id("client_id")
        guard let id = given ?? APIClientID(ClientDesk.newID(kind)) else {
            throw Problem(.invalidBody, "client_id: is required.")
        }
        let client = try Self.newClient(members, id: id, at: call.now)
        let location = PercentEncoding.encodeSegment(id.value).map {
            Field("Location", "\(base)/clients/\($0)")
        }
        func response(_ stored: StoredClient) -> Response {
            Self.response(stored, status: 201, fields: [location].compactMap { $0 })
        }
        func answer(_ done: ClientDesk.Done) -> Response {
            switch done {
            case .stored(let stored): response(stored)
            case .proposed(let proposal): waits(proposal)
            }
        }
        do {
            let stored = try await desk.add(client, by: call.author, at: call.now) {
                call.storing(answer($0))
            }
            return response(stored)
        } catch {
            guard case .waits(let proposal) = error else { throw Problem(error) }
            return waits(proposal)
        }
    }

    /// The answer when a second administrator has to confirm.
    private func waits(_ proposal: ClientProposal) -> Response {
        let location = Field("Location", "\(base)/client-changes/\(proposal.id)")
        return .document(proposal.view, status: 202, fields: [location])
    }

    // MARK: Changing

    private func change(_ call: APICall) async throws(Problem) -> Response {
        let fixed = ["type", "client_id", "created_at"]
        let members = try call.members(
            [
                "name", "status", "token_endpoint_auth_method", "certificate", "secret_hash",
                "grants", "scope", "source_addresses", "redirect_uris",
                "dpop_bound_access_tokens", "first_party",
            ] + fixed
        )
        for name in fixed where members.has(name) {
            throw Problem(.invalidBody, "\(name): cannot be changed.")
        }
        let edit = try Self.edit(members)
        return try await changed(call, requiresMatch: true, edit)
    }

    private func revoke(_ call: APICall) async throws(Problem) -> Response {
        try await changed(call) { (client) throws(APIClientProblem) in try client.revoked() }
    }

    private func addKey(_ call: APICall) async throws(Problem) -> Response {
        let members = try call.members(nil)
        let longest = Int(ClientDesk.longestOverlap.components.seconds)
        let overlap = try members.parsed(
            "overlap_seconds",
            "must be a whole number from 0 to \(longest)"
        ) { value in
            value.integer.flatMap { (0...longest).contains($0) ? Duration.seconds($0) : nil }
        }
        let key: APIClientKey
        do {
            key = try RegisteredKey.read(.object(members.without("overlap_seconds")), call.now)
        } catch { throw Problem(error) }
        return try await changed(call, status: 201) {
            (client) throws(APIClientProblem) in
            try client.adding(key, overlap: overlap ?? ClientDesk.overlap, at: call.now)
        }
    }

    private func removeKey(_ call: APICall) async throws(Problem) -> Response {
        let kid = call.request.parameters["kid"] ?? ""
        let stored = try await client(try call.path("id"))
        guard stored.client.keys.contains(where: { $0.id == kid }) else {
            throw Problem(.notFound, "kid: the client has no such key.")
        }
        return try await changed(call) { (client) throws(APIClientProblem) in
            try client.removing(key: kid) ?? client
        }
    }

    /// Changes the client of the path and answers with it.
    private func changed(
        _ call: APICall,
        status: Int = 200,
        requiresMatch: Bool = false,
        _ edit: (APIClient) throws(APIClientProblem) -> APIClient
    ) async throws(Problem) -> Response {
        let id: APIClientID = try call.path("id")
        let current = try await client(id).version
        let version =
            requiresMatch
            ? try EntityTag.required(call, current: current)
            : try EntityTag.optional(call, current: current)
        do {
            let stored = try await desk.change(
                id,
                version: version,
                by: call.author,
                at: call.now,
                with: { done in
                    switch done {
                    case .stored(let stored):
                        call.storing(Self.response(stored, status: status))
                    case .proposed(let proposal): call.storing(waits(proposal))
                    }
                },
                edit
            )
            return Self.response(stored, status: status)
        } catch {
            guard case .waits(let proposal) = error else { throw Problem(error) }
            return waits(proposal)
        }
    }
}

/// What is sent about a client, to the admin API or by a form of the console.
extension ClientResource {
    /// A new client with these members.
    ///
    /// - Throws: `invalidBody` with the member that is missing or breaks a rule.
    static func newClient(
        _ members: BodyMembers,
        id: APIClientID,
        at now: Timestamp
    ) throws(Problem) -> APIClient {
        let kind = try members.required("type", try members.choice("type", APIClient.Kind.self))
        let name = try members.required("name", try members.text("name"))
        let scopes = try members.required("scope", try members.scopes())
        do {
            return try APIClient(
                id: id,
                kind: kind,
                name: name,
                createdAt: now,
                authentication: try members.authentication() ?? .privateKeyJWT,
                keys: try members.keys(at: now),
                grants: try members.grants() ?? ClientDesk.defaultGrants(kind, scopes),
                scopes: scopes,
                sourceAddresses: try members.addresses() ?? [],
                redirectURIs: try members.texts("redirect_uris") ?? [],
                usesProofKey: try members.flag("dpop_bound_access_tokens") ?? false,
                isFirstParty: try members.flag("first_party") ?? false
            )
        } catch let problem as Problem {
            throw problem
        } catch let problem as APIClientProblem {
            throw Problem(problem)
        } catch {
            throw Problem(.invalidBody, "body: \(error).")
        }
    }

    /// The change of a client that these members describe; those that are missing stay as they are.
    ///
    /// - Throws: `invalidBody`.
    static func edit(
        _ members: BodyMembers
    ) throws(Problem) -> (APIClient) throws(APIClientProblem) -> APIClient {
        let name = try members.text("name")
        let authentication = try members.authentication()
        let grants = try members.grants()
        let scopes = try members.scopes()
        let addresses = try members.addresses()
        let redirects = try members.texts("redirect_uris")
        let usesProofKey = try members.flag("dpop_bound_access_tokens")
        let isFirstParty = try members.flag("first_party")
        let status: APIClient.Status? = try members.parsed(
            "status",
            "must be \"active\" or \"suspended\"; a client is revoked by a POST to its revoke"
        ) { value in
            [.active, .suspended].first { value == .string($0.rawValue) }
        }
        return { (client) throws(APIClientProblem) in
            let changed = try client.with(
                name: name,
                authentication: authentication,
                grants: grants,
                scopes: scopes,
                sourceAddresses: addresses,
                redirectURIs: redirects,
                usesProofKey: usesProofKey,
                isFirstParty: isFirstParty
            )
            return try status.map { (status) throws(APIClientProblem) in
                try changed.suspended(status == .suspended)
            } ?? changed
        }
    }
}

/// A key in a body: a JWK, or `{"kid", "jwk"}`, or `{"kid", "pem"}`.
enum RegisteredKey {
    static func read(
        _ value: JSONValue,
        _ now: Timestamp
    ) throws(APIClientProblem) -> APIClientKey {
        let rule = "must be public keys: JWKs, or objects with pem or jwk, and perhaps kid"
        guard let object = value.object else { throw APIClientProblem(member: "keys", rule: rule) }
        var kid: String?
        if let value = object["kid"] {
            guard let text = value.string else {
                throw APIClientProblem(member: "kid", rule: "must be a text")
            }
            kid = text
        }
        if object["kty"] != nil {
            return try APIClientKey(registering: try PublicKeyText.read(value), id: kid, at: now)
        }
        for member in object.members
        where !["kid", "pem", "jwk"].contains(where: member.name.isExactly) {
            throw APIClientProblem(
                member: member.name.firstBytes(64),
                rule: "is no member of a key"
            )
        }
        switch (object["pem"], object["jwk"]) {
        case (.string(let pem)?, nil):
            return try APIClientKey(registering: try PublicKeyText.read(pem), id: kid, at: now)
        case (nil, let jwk?):
            return try APIClientKey(registering: try PublicKeyText.read(jwk), id: kid, at: now)
        default: throw APIClientProblem(member: "keys", rule: rule)
        }
    }
}

extension BodyMembers {
    func without(_ name: String) -> JSONObject {
        JSONObject(object.members.filter { $0.name != name })
    }

    fileprivate func authentication() throws(Problem) -> APIClientAuthentication? {
        let member = "token_endpoint_auth_method"
        guard has(member) else {
            for name in ["certificate", "secret_hash"] where has(name) {
                throw Problem(.invalidBody, "\(member): is required beside \(name).")
            }
            return nil
        }
        let method: APIClientAuthentication
        do { method = try APIClientAuthentication(document: .object(object)) } catch {
            throw Problem(error)
        }
        // What does not belong to the method could be mistaken for a condition.
        if has("certificate"), method.name != "tls_client_auth" {
            throw Problem(.invalidBody, "certificate: is for tls_client_auth.")
        }
        if has("secret_hash"), method.secret == nil {
            throw Problem(.invalidBody, "secret_hash: is for client_secret_basic and _post.")
        }
        return method
    }

    fileprivate func keys(at now: Timestamp) throws(Problem) -> [APIClientKey] {
        let values = try parsed("keys", "must be a list of at most 8 keys") { value in
            value.array.flatMap { $0.count <= APIClient.longestKeyList ? $0 : nil }
        }
        var keys: [APIClientKey] = []
        do throws(APIClientProblem) {
            for value in values ?? [] { keys.append(try RegisteredKey.read(value, now)) }
        } catch {
            throw Problem(error)
        }
        return keys
    }

    fileprivate func grants() throws(Problem) -> Set<GrantType>? {
        let words = GrantType.allCases.map(\.rawValue).joined(separator: ", ")
        return try parsed("grants", "must be a list of \(words)") { value in
            guard let texts = value.strings else { return nil }
            let grants = texts.compactMap { GrantType(exactly: $0) }
            return grants.count == texts.count ? Set(grants) : nil
        }
    }

    fileprivate func scopes() throws(Problem) -> Set<AccessScope>? {
        let words = AccessScope.allCases.map(\.rawValue).joined(separator: ", ")
        return try parsed("scope", "must be a space-separated list of \(words)") {
            $0.string.flatMap(AccessScope.list)
        }
    }

    fileprivate func addresses() throws(Problem) -> [AddressRange]? {
        try parsed(
            "source_addresses",
            "must be a list of addresses and ranges such as 203.0.113.0/28"
        ) { value in
            guard let texts = value.strings else { return nil }
            let ranges = texts.compactMap { AddressRange($0) }
            return ranges.count == texts.count ? ranges : nil
        }
    }
}

extension Problem {
    /// A member of a client or a consent that breaks a rule.
    init(_ problem: APIClientProblem) {
        let names = ["scopes": "scope", "authentication": "token_endpoint_auth_method"]
        self.init(
            .invalidBody,
            "\(names[problem.member] ?? problem.member): \(problem.rule)."
        )
    }

    init(_ refusal: ClientDesk.Refusal) {
        switch refusal {
        case .problem(let problem): self.init(problem)
        case .exists: self.init(.conflict, "client_id: there is a client with this identifier.")
        case .missing: self.init(.notFound, "id: there is none with this identifier.")
        case .changed: self = EntityTag.failed
        case .revoked: self.init(.conflict, "The client is revoked, which is final.")
        case .used: self = Idempotency.inUse
        case .waits(let proposal):
            self.init(.conflict, "Change \(proposal.id) waits for a second administrator.")
        case .busy:
            self.init(
                .conflict,
                "Another change of the client waits for a second administrator."
            )
        case .ownProposal:
            self.init(
                .ownChange,
                "Another administrator than who asked for the change must decide it."
            )
        case .expired: self.init(.conflict, "The time to confirm the change is over.")
        case .store(let error): self.init(error)
        }
    }
}

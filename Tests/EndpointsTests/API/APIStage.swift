import Access
import Cryptography
import Devices
import Endpoints
import Engine
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Trust

/// The admin and the backend API over stores in memory, and callers with tokens of every kind.
struct APIStage: Sendable {
    static let issuer = "https://as.example"
    static let address = "203.0.113.9"

    static let start = Timestamp(milliseconds: 1_930_000_000_000)

    let clock: ManualClock
    let users = MemoryUserStore()
    let access: MemoryAccessStore
    let logins: any LoginStore
    let router: Router
    let brand: Brand
    private let endpoint: TokenEndpoint
    private let key: SigningKey
    /// Sign tokens and evidence.
    let keys: SigningKeys

    init(
        logins: any LoginStore = BrokenLoginStore(),
        clock: ManualClock = ManualClock(start),
        policy: DelegationPolicy = DelegationPolicy(),
        fourEyes: Bool = false,
        brand: Brand = Brand(),
        devices: (any DeviceStore)? = nil
    ) async throws {
        self.brand = brand
        self.clock = clock
        self.logins = logins
        access = MemoryAccessStore(users: users)
        key = try SigningKey.generate(.es256, id: "k1")
        let settings = TrustSettings(issuer: Self.issuer)
        let ring = try KeyRing.new(KeyRing.Rule(), at: clock.now())
        keys = SigningKeys(ring, rule: KeyRing.Rule()) { $1 }
        endpoint = TokenEndpoint(
            settings: settings,
            store: access,
            users: users,
            certificates: ConnectionCertificate(),
            keys: keys,
            clock: clock
        )
        let resources = ResourceGuard(
            settings: settings,
            store: access,
            certificates: ConnectionCertificate(),
            keys: keys,
            clock: clock
        )
        router = Router(
            AdminRoutes(
                resources: resources,
                keys: keys,
                issuer: Self.issuer,
                access: access,
                users: users,
                logins: logins,
                conduct: logins as? any ConductStore,
                passkeys: devices,
                channels: [.named("app"), .named("sms")],
                brand: brand,
                clock: clock,
                fourEyes: fourEyes
            ).routes
                + BackendRoutes(
                    resources: resources,
                    access: access,
                    users: users,
                    logins: logins,
                    desk: DecisionDesk(
                        store: logins,
                        changes: LoginChanges(),
                        clock: clock,
                        approvers: Approvers(directory: users, plan: EscalationPlan([])),
                        allowsApprovalByTap: true
                    ),
                    policy: policy,
                    channels: [.named("app"), .named("sms")],
                    clock: clock
                ).routes
                + OwnLoginsRoutes(
                    resources: resources,
                    access: access,
                    logins: logins,
                    clock: clock
                ).routes
        )
        try await add(
            "ops",
            [.adminRead, .adminClients, .adminUsers, .adminLogins, .adminBranding, .adminAudit]
        )
        try await add("reader", [.adminRead])
        try await add("bank", [.backendUsers, .backendConsents, .backendLogins])
        try await add("robot", kind: .delegated, [.loginsRead, .loginsDecide])
    }

    func add(
        _ id: String,
        kind: APIClient.Kind = .user,
        _ scopes: Set<AccessScope>
    ) async throws {
        let client = try APIClient(
            id: .named(id),
            kind: kind,
            name: id,
            createdAt: clock.now(),
            authentication: .privateKeyJWT,
            keys: [
                try APIClientKey(id: "k1", key: key.verificationKey, addedAt: clock.now())
            ],
            grants: [.clientCredentials],
            scopes: scopes,
            sourceAddresses: kind == .delegated
                ? [AddressRange("203.0.113.0/28")].compactMap { $0 } : []
        )
        _ = try await access.commit([.addClient(client)])
    }

    /// The consent of a user to the delegated client.
    func consent(
        of user: String,
        id: String = "consent-1",
        to client: String = "robot"
    ) async throws {
        try await users.put(User(id: .named(user), isActive: true))
        let consent = try DelegationConsent(
            id: id,
            user: .named(user),
            client: .named(client),
            textVersion: "2031-01",
            textDigest: SHA256.digest(Array("I agree.".utf8)),
            language: "en",
            acceptedAt: clock.now(),
            address: "198.51.100.7",
            channel: .backend
        )
        _ = try await access.commit([.recordConsent(consent)])
    }

    private var certificate: PeerCertificate {
        let info = key.verificationKey.publicKey?.info ?? []
        return PeerCertificate(
            thumbprint: SHA256.digest(info),
            subject: "CN=caller",
            keyInfo: info
        )
    }

    private var peer: Peer {
        Peer(address: Self.address, isSecure: true, certificate: certificate)
    }

    /// A token of a client, for a user if the client is delegated.
    func token(_ client: String, for user: String? = nil) async throws -> String {
        let now = clock.now().milliseconds / 1000
        var claims = JWT.Claims()
        claims.issuer = client
        claims.subject = user ?? client
        claims.audience = [Self.issuer]
        claims.id = Base64URL.encode(Random.bytes(12))
        claims.issuedAt = JWT.NumericDate(seconds: now)
        claims.expiresAt = JWT.NumericDate(seconds: now + 60)
        let form = Form([
            Field("grant_type", "client_credentials"),
            Field(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            ),
            Field("client_assertion", try JWT.sign(claims, key: key)),
        ])
        return try await token(form)
    }

    private func token(_ form: Form) async throws -> String {
        let response = await endpoint.answer(
            .example(
                .post,
                "/oauth2/token",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: form.bytes,
                peer: peer
            )
        )
        let token = (try? JSONValue(response.body))?["access_token"]?.string
        return try require(token)
    }

    /// A token of a user who signed in to an app.
    func userToken(of user: String = "ann") async throws -> String {
        try await users.put(User(id: .named(user), isActive: true))
        let redirect = "https://app.example/signed-in"
        let app = try APIClient(
            id: .named("app"),
            kind: .user,
            name: "app",
            createdAt: clock.now(),
            authentication: .selfSignedTLSClientAuth,
            keys: [try APIClientKey(id: "k1", key: key.verificationKey, addedAt: clock.now())],
            grants: [.authorizationCode],
            scopes: [.deviceLogins],
            redirectURIs: [redirect]
        )
        let (code, verifier) = ("code of \(user)", String(repeating: "v", count: 43))
        let stored = AuthorizationCode(
            digest: SHA256.digest(Array(code.utf8)),
            client: app.id,
            user: .named(user),
            redirectURI: redirect,
            challenge: Base64URL.encode(SHA256.digest(Array(verifier.utf8))),
            scopes: [.deviceLogins],
            proofKey: nil,
            endsAt: clock.now() + .seconds(60)
        )
        _ = try await access.commit([.addClient(app)])
        _ = try await access.commit([.addCode(stored)])
        return try await token(
            Form([
                Field("grant_type", "authorization_code"), Field("client_id", "app"),
                Field("code", code), Field("code_verifier", verifier),
                Field("redirect_uri", redirect),
            ])
        )
    }

    /// Sends a request as a client.
    func send(
        _ method: HTTP.Method,
        _ target: String,
        _ body: String? = nil,
        as client: String = "ops",
        for user: String? = nil,
        _ fields: [Field] = []
    ) async throws -> Response {
        await send(method, target, body, token: try await token(client, for: user), fields)
    }

    func send(
        _ method: HTTP.Method,
        _ target: String,
        _ body: String? = nil,
        token: String?,
        _ fields: [Field] = [],
        bytes: [UInt8]? = nil
    ) async -> Response {
        let own =
            (token.map { [Field("Authorization", "Bearer " + $0)] } ?? [])
            + (body == nil ? [] : [Field("Content-Type", "application/json")])
        let response = await router.answer(
            .example(
                method,
                target,
                fields: own + fields,
                body: bytes ?? Array((body ?? "").utf8),
                peer: peer
            )
        )
        // Nothing is there: what a server answers then.
        return response ?? Response(status: 404)
    }

    /// The routes of the token endpoint.
    var tokenRoutes: [Route] { TrustRoutes(endpoint, clock: clock).routes }

    /// The events of the audit but those of the tokens.
    var events: [AuditEvent] { access.events.filter { !$0.kind.hasPrefix("token.") } }
}

extension Response {
    var json: JSONValue { (try? JSONValue(body)) ?? .null }
    var detail: String { json["detail"]?.string ?? "" }
}

import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust

/// A token endpoint and a guard over a store in memory, with a few registered clients.
struct TrustStage {
    static let issuer = "https://as.example"
    static let user = "user-4711"
    static let clientAddress = "203.0.113.9"

    let clock = ManualClock(Timestamp(milliseconds: 1_930_000_000_000))
    let store = MemoryAccessStore()
    let users = StageUsers()
    let keys: SigningKeys
    let endpoint: TokenEndpoint
    let resources: ResourceGuard
    let authorization: AuthorizationEndpoint
    static let secret = [UInt8](repeating: 9, count: 32)
    /// The keys of the clients, by `kid`.
    let clientKeys: [String: SigningKey]

    /// Made once: an RSA key takes longer than a test.
    private static let keys = Result {
        [
            "ops": try SigningKey.generate(.es256, id: "ops"),
            "robot": try SigningKey.generate(.rs256, id: "robot"),
            "robot-2": try SigningKey.generate(.es256, id: "robot-2"),
            "stranger": try SigningKey.generate(.es256, id: "stranger"),
            "phone": try SigningKey.generate(.es256, id: "phone"),
            "proof": try SigningKey.generate(.es256, id: "proof"),
        ]
    }

    init(_ adjust: (inout TrustSettings) -> Void = { _ in }) async throws {
        var settings = TrustSettings(issuer: Self.issuer)
        adjust(&settings)
        let ring = try KeyRing.new(KeyRing.Rule(), at: clock.now())
        keys = SigningKeys(ring, rule: KeyRing.Rule()) { $1 }
        endpoint = TokenEndpoint(
            settings: settings,
            store: store,
            users: users,
            certificates: ConnectionCertificate(),
            keys: keys,
            secret: Self.secret,
            clock: clock
        )
        resources = ResourceGuard(
            settings: settings,
            store: store,
            certificates: ConnectionCertificate(),
            keys: keys,
            secret: Self.secret,
            clock: clock
        )
        authorization = AuthorizationEndpoint(settings: settings, store: store, clock: clock)
        clientKeys = try Self.keys.get()
        try await register()
    }

    private func register() async throws {
        try await add("ops-tool", keys: ["ops"])
        try await add(
            "dc_7Qm2",
            .delegated,
            keys: ["robot"],
            grants: [.clientCredentials, .jwtBearer],
            scopes: [.loginsRead, .loginsDecide],
            addresses: ["203.0.113.0/28"]
        )
        try await add(
            "dc_other",
            .delegated,
            keys: ["robot-2"],
            grants: [.clientCredentials],
            scopes: [.loginsRead],
            addresses: []
        )
        try await add(
            "tls-tool",
            authentication: .tlsClientAuth(CertificateName(key: "dns", "tool.example") ?? .dns(""))
        )
        try await add("self-tool", authentication: .selfSignedTLSClientAuth, keys: ["ops"])
        let secret = ClientSecret(allowed: SecretHash(of: Array("the secret of a tool".utf8)))
        try await add("basic-tool", authentication: .secretBasic(secret))
        try await add("post-tool", authentication: .secretPost(secret))
        try await consent(to: "dc_7Qm2")
        for id in ["phone-app", "other-app"] {
            try await add(
                id,
                authentication: .selfSignedTLSClientAuth,
                keys: id == "phone-app" ? ["phone"] : ["robot-2"],
                grants: [.authorizationCode, .refreshToken],
                scopes: [.deviceLogins],
                redirects: [Self.redirectURI, "http://127.0.0.1/signed-in"]
            )
        }
        try await add(
            "proof-app",
            keys: ["ops"],
            grants: [.authorizationCode, .refreshToken, .clientCredentials],
            scopes: [.deviceLogins, .adminRead],
            redirects: [Self.redirectURI],
            usesProofKey: true
        )
    }

    func add(
        _ id: String,
        _ kind: APIClient.Kind = .user,
        authentication: APIClientAuthentication = .privateKeyJWT,
        keys: [String] = [],
        grants: Set<GrantType> = [.clientCredentials],
        scopes: Set<AccessScope> = [.adminRead, .adminClients],
        addresses: [String] = [],
        redirects: [String] = [],
        usesProofKey: Bool = false
    ) async throws {
        let registered = try keys.map { name in
            try APIClientKey(
                id: name,
                key: try key(name).verificationKey,
                addedAt: clock.now()
            )
        }
        let client = try APIClient(
            id: .named(id),
            kind: kind,
            name: "A tool",
            createdAt: clock.now(),
            authentication: authentication,
            keys: registered,
            grants: grants,
            scopes: scopes,
            sourceAddresses: try addresses.map { try #require(AddressRange($0)) },
            redirectURIs: redirects,
            usesProofKey: usesProofKey
        )
        _ = try await store.commit([.addClient(client)])
    }

    func change(_ id: String, to status: APIClient.Status) async throws {
        let stored = try #require(try await store.client(.named(id)))
        let client = try stored.client.with(status: status)
        _ = try await store.commit([.replaceClient(client, version: stored.version)])
    }

    func consent(to client: String, of user: String = user) async throws {
        let consent = try DelegationConsent(
            id: "consent-of-\(user)-to-\(client)",
            user: .named(user),
            client: .named(client),
            textVersion: "2031-01",
            textDigest: SHA256.digest(Array("I agree.".utf8)),
            language: "en",
            acceptedAt: clock.now(),
            address: "198.51.100.7",
            channel: .backend
        )
        _ = try await store.commit([.recordConsent(consent)])
    }

    /// The private key of a client.
    func key(_ name: String) throws -> SigningKey { try #require(clientKeys[name]) }

    // MARK: Requests

    /// The certificate whose key is one of the clients'.
    func certificate(_ key: String, dns: [String] = [], isVerified: Bool = true) -> PeerCertificate
    {
        let info = clientKeys[key]?.verificationKey.publicKey?.info ?? []
        return PeerCertificate(
            thumbprint: SHA256.digest(info + dns.joined().utf8),
            subject: "CN=\(key)",
            dnsNames: dns,
            keyInfo: info,
            isVerified: isVerified
        )
    }

    struct Assertion {
        var issuer: String? = "ops-tool"
        var subject: String? = "ops-tool"
        var audience: [String] = [TrustStage.issuer]
        var id: String? = "jti-1"
        /// Seconds from now.
        var issued: Int64? = 0
        var expires: Int64? = 300
        var notBefore: Int64?
        var key = "ops"
        var others: [JSONObject.Member] = []
    }

    func assertion(_ change: (inout Assertion) -> Void = { _ in }) throws -> String {
        var wanted = Assertion()
        change(&wanted)
        let now = clock.now().milliseconds / 1000
        var claims = JWT.Claims()
        claims.issuer = wanted.issuer
        claims.subject = wanted.subject
        claims.audience = wanted.audience
        claims.id = wanted.id
        claims.issuedAt = wanted.issued.map { JWT.NumericDate(seconds: now + $0) }
        claims.expiresAt = wanted.expires.map { JWT.NumericDate(seconds: now + $0) }
        claims.notBefore = wanted.notBefore.map { JWT.NumericDate(seconds: now + $0) }
        claims.others = JSONObject(wanted.others)
        return try JWT.sign(claims, key: try key(wanted.key))
    }

    static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    func form(_ fields: [(String, String)]) -> [UInt8] {
        Form(fields.map { Field($0.0, $0.1) }).bytes
    }

    func request(
        _ fields: [(String, String)],
        from address: String = clientAddress,
        showing certificate: PeerCertificate?,
        headers: [Field] = []
    ) -> Request {
        .example(
            .post,
            "/oauth2/token",
            fields: [Field("Content-Type", "application/x-www-form-urlencoded")] + headers,
            body: form(fields),
            peer: Peer(address: address, isSecure: true, certificate: certificate)
        )
    }

    /// A token request as `ops-tool` makes it.
    func opsRequest(_ change: (inout Assertion) -> Void = { _ in }) throws -> Request {
        request(
            [
                ("grant_type", "client_credentials"), ("scope", "admin:read"),
                ("client_assertion_type", Self.assertionType),
                ("client_assertion", try assertion(change)),
            ],
            showing: certificate("ops")
        )
    }

    /// A token request of a delegated client in the seed's form.
    func robotRequest(
        for user: String = user,
        id: String = "jti-robot",
        _ change: (inout Assertion) -> Void = { _ in }
    ) throws -> Request {
        let assertion = try assertion {
            $0.issuer = "dc_7Qm2"
            $0.subject = user
            $0.key = "robot"
            $0.id = id
            change(&$0)
        }
        return request(
            [
                ("grant_type", "client_credentials"),
                ("client_assertion_type", Self.assertionType),
                ("client_assertion", assertion),
            ],
            showing: certificate("robot")
        )
    }

    func call(
        _ token: String,
        showing certificate: PeerCertificate?,
        from address: String = clientAddress,
        _ target: String = "/admin/v1/clients"
    ) -> Request {
        .example(
            .get,
            target,
            fields: [Field("Authorization", "Bearer \(token)")],
            peer: Peer(address: address, isSecure: true, certificate: certificate)
        )
    }
}

extension Response {
    var object: JSONValue { (try? JSONValue(body)) ?? .null }
    var token: String { object["access_token"]?.string ?? "" }
    var error: String? { object["error"]?.string }
}

/// The payload of a token, not verified.
func payload(_ token: String) -> JSONValue {
    let parts = token.split(separator: ".")
    guard parts.count == 3, let bytes = Base64URL.decode(String(parts[1])) else { return .null }
    return (try? JSONValue(bytes)) ?? .null
}

/// A directory with one active and one disabled user.
final class StageUsers: UserDirectory {
    func user(_ id: UserID) async throws(DirectoryError) -> User? {
        switch id.value {
        case TrustStage.user: User(id: id, isActive: true)
        case "disabled": User(id: id, isActive: false)
        case "unreachable": throw DirectoryError.unavailable("the bank is closed")
        default: nil
        }
    }

    func onlineChecks(about user: UserID?) -> [OnlineCheck] { [] }
}

public import HTTP
public import JOSE
public import Logins

/// A client of Beckon's own token endpoint (RFC 6749 §2): a program that calls the admin, backend or
/// device API.
///
/// One that exists is complete: `init` refuses, for example, a client without a way to authenticate.
public struct APIClient: Hashable, Sendable {
    /// The two types of client, fixed at creation.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Users sign in with their own credentials, and the client may act for itself
        /// (`client_credentials`).
        case user
        /// A backend that acts for one user at a time, without the user.
        case delegated
    }

    /// Whether the client may be used. A change takes effect with the next request.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        /// Created, and waits for a second administrator.
        case pending
        case active
        case suspended
        /// For good.
        case revoked
    }

    public let id: APIClientID
    public let kind: Kind
    /// Shown to administrators and in evidence. 1–80 characters.
    public let name: String
    public let status: Status
    public let createdAt: Timestamp
    public let authentication: APIClientAuthentication
    /// The registered keys, with different `kid`s. They verify assertions and name the key of a
    /// self-signed certificate.
    public let keys: [APIClientKey]
    /// The grants that the client may use.
    public let grants: Set<GrantType>
    /// What tokens of the client may allow; at least one.
    public let scopes: Set<AccessScope>
    /// The addresses that a delegated client may call from; empty for nowhere. Of a user client,
    /// empty for everywhere.
    public let sourceAddresses: [AddressRange]
    /// Exact redirect URIs of the authorization code grant (RFC 9700 §2.1).
    public let redirectURIs: [String]
    /// Whether the client has no certificate and proves a key instead (RFC 9449), where the operator
    /// allows that. All its tokens are bound to that key.
    public let usesProofKey: Bool
    /// Whether users need not agree before it gets tokens for them: an app of the bank's own.
    public let isFirstParty: Bool

    /// Checks everything.
    ///
    /// - Throws: `APIClientProblem` with the first member that breaks a rule.
    public init(
        id: APIClientID,
        kind: Kind,
        name: String,
        status: Status = .active,
        createdAt: Timestamp,
        authentication: APIClientAuthentication,
        keys: [APIClientKey] = [],
        grants: Set<GrantType>,
        scopes: Set<AccessScope>,
        sourceAddresses: [AddressRange] = [],
        redirectURIs: [String] = [],
        usesProofKey: Bool = false,
        isFirstParty: Bool = false
    ) throws(APIClientProblem) {
        self.id = id
        self.kind = kind
        self.name = name
        self.status = status
        self.createdAt = createdAt
        self.authentication = authentication
        self.keys = keys
        self.grants = grants
        self.scopes = scopes
        self.sourceAddresses = sourceAddresses
        self.redirectURIs = redirectURIs
        self.usesProofKey = usesProofKey
        self.isFirstParty = isFirstParty
        try check()
    }

    /// The most keys that are registered at a time.
    public static let longestKeyList = 8
    /// The most source address ranges and redirect URIs.
    public static let longestList = 64

    private func check() throws(APIClientProblem) {
        func require(_ holds: Bool, _ member: String, _ rule: String) throws(APIClientProblem) {
            guard holds else { throw APIClientProblem(member: member, rule: rule) }
        }
        let printable = id.value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        try require(printable, "client_id", "must be printable ASCII without blanks")
        try require(
            Identifier<Names.APIClient>(name) != nil && name.unicodeScalars.count <= 80,
            "name",
            "must have 1 to 80 characters and no control characters"
        )
        try require(keys.count <= Self.longestKeyList, "keys", "must be at most 8")
        try require(
            Set(keys.map(\.id)).count == keys.count,
            "keys",
            "must have different kids"
        )
        if authentication.needsKey {
            try require(
                !keys.isEmpty,
                "keys",
                "must have at least one key: the client authenticates with it"
            )
        }
        try require(!grants.isEmpty, "grants", "must not be empty")
        try require(!scopes.isEmpty, "scopes", "must not be empty")
        try require(
            sourceAddresses.count <= Self.longestList,
            "source_addresses",
            "must be at most 64"
        )
        try require(redirectURIs.count <= Self.longestList, "redirect_uris", "must be at most 64")
        for grant in grants.sorted(by: { $0.rawValue < $1.rawValue }) {
            try require(
                grant.kinds.contains(kind),
                "grants",
                "must not contain \(grant.rawValue) for a client of type \(kind.rawValue)"
            )
        }
        for scope in scopes.sorted(by: { $0.rawValue < $1.rawValue }) {
            try require(
                scope.isForDelegation == (kind == .delegated),
                "scopes",
                "must not contain \(scope.rawValue) for a client of type \(kind.rawValue)"
            )
        }
        for uri in redirectURIs {
            try require(
                RedirectURI(uri) != nil,
                "redirect_uris",
                "must be https, http to a loopback address, or of a scheme with a dot such as "
                    + "com.bank.app:/signed-in; without a fragment"
            )
        }
        if grants.contains(.authorizationCode) {
            try require(
                !redirectURIs.isEmpty,
                "redirect_uris",
                "must have at least one URI for the grant authorization_code"
            )
            try require(
                scopes.contains { $0.kind == .user },
                "scopes",
                "must have one of users for the grant authorization_code, such as device:logins"
            )
        }
        try require(
            grants.contains(.authorizationCode) || !grants.contains(.refreshToken),
            "grants",
            "must have authorization_code beside refresh_token"
        )
        if kind == .user, grants.contains(.clientCredentials) {
            try require(
                scopes.contains { $0.kind == .application },
                "scopes",
                "must have one of applications for the grant client_credentials"
            )
        }
        if usesProofKey {
            let needsCertificate =
                switch authentication {
                case .tlsClientAuth, .selfSignedTLSClientAuth: true
                case .privateKeyJWT, .secretBasic, .secretPost: kind == .delegated
                }
            try require(
                !needsCertificate,
                "dpop_bound_access_tokens",
                "must not be true for a client that authenticates with a certificate"
            )
        }
        if kind == .delegated {
            try require(
                authentication.provesWithoutSecret,
                "authentication",
                "of a delegated client must not be a secret"
            )
            try require(!keys.isEmpty, "keys", "of a delegated client must not be empty")
        }
    }
}

/// A member of a client and the rule that it breaks.
public struct APIClientProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public let member: String
    public let rule: String

    public init(member: String, rule: String) {
        self.member = member
        self.rule = rule
    }

    public var description: String { "\(member): \(rule)" }
}

/// How a client authenticates at the token endpoint.
public enum APIClientAuthentication: Hashable, Sendable {
    /// A signed assertion (RFC 7523 §2.2).
    case privateKeyJWT
    /// A certificate of an authority, by one registered name (RFC 8705 §2.1).
    case tlsClientAuth(CertificateName)
    /// A certificate with a registered key (RFC 8705 §2.2).
    case selfSignedTLSClientAuth
    /// A secret, for a client that is explicitly allowed it (RFC 6749 §2.3.1).
    case secretBasic(ClientSecret)
    case secretPost(ClientSecret)

    /// `token_endpoint_auth_method` (RFC 7591 §2, RFC 8705 §2).
    public var name: String {
        switch self {
        case .privateKeyJWT: "private_key_jwt"
        case .tlsClientAuth: "tls_client_auth"
        case .selfSignedTLSClientAuth: "self_signed_tls_client_auth"
        case .secretBasic: "client_secret_basic"
        case .secretPost: "client_secret_post"
        }
    }

    /// All names.
    public static let names = [
        "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "client_secret_basic",
        "client_secret_post",
    ]

    var needsKey: Bool {
        switch self {
        case .privateKeyJWT, .selfSignedTLSClientAuth: true
        case .tlsClientAuth, .secretBasic, .secretPost: false
        }
    }

    /// Regulated applications must authenticate so.
    public var provesWithoutSecret: Bool {
        switch self {
        case .privateKeyJWT, .tlsClientAuth, .selfSignedTLSClientAuth: true
        case .secretBasic, .secretPost: false
        }
    }
}

/// A registered public key of a client.
public struct APIClientKey: Hashable, Sendable {
    /// `kid`, at most `JOSELimits.keyID` bytes.
    public let id: String
    /// RSA of at least 2048 bits, P-256 or Ed25519.
    public let key: VerificationKey
    public let addedAt: Timestamp
    /// When it stops being valid, for the overlap of a rotation; nil for never.
    public let notAfter: Timestamp?

    /// - Throws: `APIClientProblem` if it is a shared secret, or the `kid` is empty or too long.
    public init(
        id: String,
        key: VerificationKey,
        addedAt: Timestamp,
        notAfter: Timestamp? = nil
    ) throws(APIClientProblem) {
        guard key.publicKey != nil else {
            throw APIClientProblem(member: "keys", rule: "must be public keys")
        }
        guard !id.isEmpty, id.utf8.count <= JOSELimits.keyID else {
            throw APIClientProblem(member: "kid", rule: "must have 1 to \(JOSELimits.keyID) bytes")
        }
        self.id = id
        self.key = key
        self.addedAt = addedAt
        self.notAfter = notAfter
    }

    /// Whether it may be used.
    public func isValid(at now: Timestamp) -> Bool { notAfter.map { now < $0 } ?? true }
}

/// How a client gets tokens (`grant_type`).
public enum GrantType: String, Hashable, Sendable, CaseIterable {
    /// RFC 6749 §4.4. Of a delegated client with an assertion that names a user.
    case clientCredentials = "client_credentials"
    /// RFC 6749 §4.1.
    case authorizationCode = "authorization_code"
    /// RFC 6749 §6.
    case refreshToken = "refresh_token"
    /// RFC 7523 §2.1, for delegated clients.
    case jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    /// The clients that may have it.
    var kinds: Set<APIClient.Kind> {
        switch self {
        case .clientCredentials: [.user, .delegated]
        case .authorizationCode, .refreshToken: [.user]
        case .jwtBearer: [.delegated]
        }
    }
}

extension APIClient {
    /// The same client with another state, name or keys; nil leaves a member as it is.
    ///
    /// - Throws: `APIClientProblem` if the result is not complete.
    public func with(
        status: Status? = nil,
        name: String? = nil,
        authentication: APIClientAuthentication? = nil,
        keys: [APIClientKey]? = nil,
        grants: Set<GrantType>? = nil,
        scopes: Set<AccessScope>? = nil,
        sourceAddresses: [AddressRange]? = nil,
        redirectURIs: [String]? = nil,
        usesProofKey: Bool? = nil,
        isFirstParty: Bool? = nil
    ) throws(APIClientProblem) -> APIClient {
        try APIClient(
            id: id,
            kind: kind,
            name: name ?? self.name,
            status: status ?? self.status,
            createdAt: createdAt,
            authentication: authentication ?? self.authentication,
            keys: keys ?? self.keys,
            grants: grants ?? self.grants,
            scopes: scopes ?? self.scopes,
            sourceAddresses: sourceAddresses ?? self.sourceAddresses,
            redirectURIs: redirectURIs ?? self.redirectURIs,
            usesProofKey: usesProofKey ?? self.usesProofKey,
            isFirstParty: isFirstParty ?? self.isFirstParty
        )
    }
}

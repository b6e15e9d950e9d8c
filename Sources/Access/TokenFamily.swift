public import Logins

/// What one sign-in of a user to an app led to: the refresh tokens, of which one is in force, and the
/// access tokens that the app got with them. When the family ends, all of them end.
public struct TokenFamily: Hashable, Sendable {
    /// 128 bits in base64url; not a secret.
    public let id: String
    public let client: APIClientID
    public let user: UserID
    /// What the user allowed. A refresh may ask for less, never for more.
    public let scopes: Set<AccessScope>
    /// What all its tokens are bound to.
    public let binding: TokenBinding
    /// SHA-256 of the refresh token in force; nil for a client that gets none.
    public let current: [UInt8]?
    /// When that token was issued.
    public let rotatedAt: Timestamp
    public let startedAt: Timestamp
    /// From then on no refresh token of it counts.
    public let endsAt: Timestamp

    public init(
        id: String,
        client: APIClientID,
        user: UserID,
        scopes: Set<AccessScope>,
        binding: TokenBinding,
        current: [UInt8]?,
        rotatedAt: Timestamp,
        startedAt: Timestamp,
        endsAt: Timestamp
    ) {
        self.id = id
        self.client = client
        self.user = user
        self.scopes = scopes
        self.binding = binding
        self.current = current
        self.rotatedAt = rotatedAt
        self.startedAt = startedAt
        self.endsAt = endsAt
    }

    /// The family with the next refresh token. A renewed certificate takes the place of the one before.
    public func rotated(
        to current: [UInt8],
        binding: TokenBinding,
        at now: Timestamp,
        endsAt: Timestamp
    ) -> TokenFamily {
        TokenFamily(
            id: id,
            client: client,
            user: user,
            scopes: scopes,
            binding: binding,
            current: current,
            rotatedAt: now,
            startedAt: startedAt,
            endsAt: endsAt
        )
    }
}

/// What a token is bound to, so that nobody else can use it.
public enum TokenBinding: Hashable, Sendable {
    /// Nothing, for a client that an operator made an exception for.
    case nothing
    /// A client certificate (RFC 8705 §3): SHA-256 over its DER encoding, and over its key
    /// (SubjectPublicKeyInfo), which a renewed certificate may keep.
    case certificate(thumbprint: [UInt8], key: [UInt8])
    /// A key that the client proves to have in each request (RFC 9449): its thumbprint (RFC 7638).
    case proofKey(String)

    /// The certificate's thumbprint.
    public var thumbprint: [UInt8]? {
        if case .certificate(let thumbprint, _) = self { thumbprint } else { nil }
    }

    /// The thumbprint of the key of the proofs.
    public var proofKey: String? {
        if case .proofKey(let thumbprint) = self { thumbprint } else { nil }
    }
}

/// Whom an access token identifies.
public enum TokenKind: String, Hashable, Sendable, CaseIterable {
    /// A client, for itself.
    case application
    /// A user of an app, who signed in.
    case user
    /// A user whom a backend acts for without them.
    case delegated
}

/// What a user allowed an app, until the app exchanges it for tokens (RFC 6749 §4.1). It is stored
/// under the SHA-256 of the code.
public struct AuthorizationCode: Hashable, Sendable {
    /// SHA-256 of the code.
    public let digest: [UInt8]
    public let client: APIClientID
    public let user: UserID
    /// As the request had it; the exchange must have the same.
    public let redirectURI: String
    /// `code_challenge`, of the method S256 (RFC 7636).
    public let challenge: String
    public let scopes: Set<AccessScope>
    /// `dpop_jkt` (RFC 9449 §10): the key that the exchange must prove; nil for any.
    public let proofKey: String?
    public let endsAt: Timestamp

    public init(
        digest: [UInt8],
        client: APIClientID,
        user: UserID,
        redirectURI: String,
        challenge: String,
        scopes: Set<AccessScope>,
        proofKey: String?,
        endsAt: Timestamp
    ) {
        self.digest = digest
        self.client = client
        self.user = user
        self.redirectURI = redirectURI
        self.challenge = challenge
        self.scopes = scopes
        self.proofKey = proofKey
        self.endsAt = endsAt
    }
}

/// What an `AccessStore` knows of users at apps. Ended families are deleted, so what is not there does
/// not count.
public protocol TokenFamilyStore: Sendable {
    /// The code with this digest, if it was not exchanged.
    func code(_ digest: [UInt8]) async throws(StoreError) -> AuthorizationCode?
    /// The family with this identifier.
    func family(_ id: String) async throws(StoreError) -> TokenFamily?
}

public import Access
public import Logins

/// What an operator decides about tokens.
public struct TrustSettings: Hashable, Sendable {
    /// The issuer of access tokens (RFC 8414 §2), and what the endpoints' addresses begin with; no
    /// slash at its end.
    public var issuer: String
    /// The life of application and user access tokens.
    public var tokenLife: Duration
    /// The life of delegated access tokens.
    public var delegatedTokenLife: Duration
    /// Whether a client assertion may name the token endpoint instead of the issuer.
    public var acceptsEndpointAsAudience: Bool
    /// Whether the assertion of a delegated client may leave out its audience.
    public var acceptsNoAudience: Bool
    /// The clients that get tokens without a client certificate, by exception.
    public var withoutCertificate: Set<APIClientID>
    /// How long refresh tokens last.
    public var refresh: RefreshLife
    /// Whether clients that are registered for it may prove a key instead of having a certificate
    /// (RFC 9449).
    public var allowsProofKeys: Bool
    /// Whether these proofs must have a nonce of ours (RFC 9449 §8).
    public var requiresProofNonce: Bool
    /// What the addresses of the endpoints begin with where clients show certificates (RFC 8705 §5), if
    /// that is not the issuer; no slash at its end.
    public var certificateURL: String?
    /// The address of the authorization endpoint; nil where people cannot sign in.
    public var authorizationEndpoint: String?

    /// With the defaults.
    public init(issuer: String) {
        self.issuer = issuer
        tokenLife = .seconds(600)
        delegatedTokenLife = .seconds(300)
        acceptsEndpointAsAudience = true
        acceptsNoAudience = false
        withoutCertificate = []
        refresh = RefreshLife()
        allowsProofKeys = false
        requiresProofNonce = false
        certificateURL = nil
        authorizationEndpoint = nil
    }

    /// The address of the token endpoint.
    public var tokenEndpoint: String { issuer + "/oauth2/token" }

    /// `aud` of a token for an interface.
    public func audience(_ surface: AccessScope.Surface) -> String {
        issuer + "/" + surface.rawValue
    }

    /// What the addresses of our endpoints and interfaces may begin with.
    var bases: [String] { [issuer] + [certificateURL].compactMap { $0 } }
}

/// How long refresh tokens last.
public struct RefreshLife: Hashable, Sendable {
    /// Without a use.
    public var idle = Duration.seconds(30 * 86_400)
    /// From the sign-in on, whatever happens.
    public var absolute = Duration.seconds(90 * 86_400)
    /// After a use, how long the same client may ask for the lost answer again.
    public var again = Duration.seconds(10)

    public init() {}

    /// The end of a family that is used now.
    func end(startedAt: Timestamp, usedAt now: Timestamp) -> Timestamp {
        min(now + idle, startedAt + absolute)
    }
}

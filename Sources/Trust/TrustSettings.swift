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

    /// With the defaults.
    public init(issuer: String) {
        self.issuer = issuer
        tokenLife = .seconds(600)
        delegatedTokenLife = .seconds(300)
        acceptsEndpointAsAudience = true
        acceptsNoAudience = false
        withoutCertificate = []
    }

    /// The address of the token endpoint.
    public var tokenEndpoint: String { issuer + "/oauth2/token" }

    /// `aud` of a token for an interface.
    public func audience(_ surface: AccessScope.Surface) -> String {
        issuer + "/" + surface.rawValue
    }
}

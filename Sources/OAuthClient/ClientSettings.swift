public import HTTP

/// One OAuth client at one authorization server.
public struct ClientSettings: Sendable {
    /// The audience of a client assertion (RFC 7523 §3, rule 3).
    public enum AssertionAudience: String, Hashable, Sendable, CaseIterable {
        /// The URL of the token endpoint.
        case tokenURL = "token_url"
        /// The issuer, as FAPI requires: no other server can use the assertion.
        case issuer
    }

    /// The server's name in the log.
    public var server: String
    public var clientID: String
    /// Requested with each token.
    public var scopes: [String]
    /// Called before each request, so that replaced credentials are used without a restart.
    public var credentials: @Sendable () -> ClientCredentials
    public var assertionAudience: AssertionAudience
    public var destination: Destination
    /// The timeout of one request.
    public var timeLimit: Duration

    public init(
        server: String,
        clientID: String,
        scopes: [String],
        credentials: @escaping @Sendable () -> ClientCredentials,
        assertionAudience: AssertionAudience = .tokenURL,
        destination: Destination = Destination(),
        timeLimit: Duration = .seconds(10)
    ) {
        self.server = server
        self.clientID = clientID
        self.scopes = scopes
        self.credentials = credentials
        self.assertionAudience = assertionAudience
        self.destination = destination
        self.timeLimit = timeLimit
    }
}

/// A token endpoint.
public enum TokenEndpoint: Hashable, Sendable {
    /// Its URL, and the issuer of its tokens if it is known.
    case url(String, issuer: String?)
    /// Named by the metadata of this issuer.
    case discovered(issuer: String)

    var issuer: String? {
        switch self {
        case .url(_, let issuer): issuer
        case .discovered(let issuer): issuer
        }
    }
}

/// Why there is no token.
public enum OAuthFailure: Error, Hashable, Sendable {
    /// The server or its configuration refuses the client: an operator has to act.
    case refused(String)
    /// A later attempt may succeed. `after` is the pause that the server asked for.
    case unavailable(String, after: Duration?)

    /// The reason alone, in words.
    public var reason: String {
        switch self {
        case .refused(let text), .unavailable(let text, _): text
        }
    }
}

extension Destination {
    func showing(_ identity: ClientIdentity?) -> Destination {
        var destination = self
        destination.identity = identity
        return destination
    }
}

extension OAuthFailure: CustomStringConvertible {
    /// Half a sentence.
    public var description: String { reason }
}

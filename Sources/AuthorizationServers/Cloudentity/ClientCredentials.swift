public import HTTP
public import JOSE

/// What proves us to ACP at one moment (`Contract.md`, section 4). Files are somebody else's
/// business: when they are replaced, the next call is given other credentials.
public struct ClientCredentials: Sendable {
    /// How the token endpoint is convinced (`token_endpoint_auth_method`).
    public enum Method: Sendable {
        /// `client_secret_basic`: the secret in `Authorization` (RFC 6749 §2.3.1).
        case secretBasic(String)
        /// `client_secret_post`: the secret in the form.
        case secretPost(String)
        /// `client_secret_jwt`, `private_key_jwt`: a token signed by this key (RFC 7523 §2.2).
        case assertion(SigningKey)
        /// `tls_client_auth`, `self_signed_tls_client_auth`: the certificate alone (RFC 8705 §2).
        case certificate
    }

    public var method: Method
    /// Shown on every call to ACP, the token request and the reports alike: a token that is bound
    /// to it is good on no other connection (RFC 8705 §3).
    public var identity: ClientIdentity?
    /// Different for each replacement. Tokens are never taken over from one to the next.
    public var revision: Int

    public init(_ method: Method, identity: ClientIdentity? = nil, revision: Int = 0) {
        self.method = method
        self.identity = identity
        self.revision = revision
    }
}

public import HTTP
public import JOSE

/// The credentials of one OAuth client at one moment. When their files are replaced, the next call
/// uses other credentials with another `revision`.
public struct ClientCredentials: Sendable {
    /// How the client authenticates to the token endpoint (`token_endpoint_auth_method`).
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
    /// The client certificate of every call, for tokens and with them: a token that is bound to the
    /// certificate is not accepted on another connection (RFC 8705 §3).
    public var identity: ClientIdentity?
    /// Different for each replacement. Tokens are cached per revision.
    public var revision: Int

    public init(_ method: Method, identity: ClientIdentity? = nil, revision: Int = 0) {
        self.method = method
        self.identity = identity
        self.revision = revision
    }
}

public import Logins

/// What an ID token that passed every check says.
public struct IDTokenClaims: Hashable, Sendable {
    /// The person is `issuer` and `subject` together, never the e-mail address.
    public let issuer: String
    public let subject: String
    /// Verified by the provider.
    public let email: String
    public let givenName: String
    public let familyName: String
    /// The custom claims by their full names.
    public let custom: [String: String]
    /// How far `iat` is ahead of our clock.
    public let skewSeconds: Int
    /// The provider's identifier of its session (`sid`), which a logout may name.
    public let session: String?
    /// When the token was issued, by the provider's clock.
    public let issuedAt: Timestamp
    /// How the person authenticated, as far as the provider says.
    public let authentication: Authentication

    /// `auth_time`, `acr` and `amr`; not checked yet.
    public struct Authentication: Hashable, Sendable {
        public let at: Timestamp?
        public let context: String?
        public let methods: [String]
    }
}

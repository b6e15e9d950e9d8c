import Access
import HTTP
import Logins

/// Decides for one kind of grant whether it is valid, and for whom the token is. It gets only what
/// the front has checked.
protocol GrantHandler: Sendable {
    static var kind: GrantType { get }

    /// - Throws: `TokenRefusal`.
    func grant(_ request: CheckedTokenRequest) async throws(TokenRefusal) -> Granted
}

extension GrantHandler {
    var kind: GrantType { Self.kind }
}

/// A token request whose client is authenticated and may use the grant.
struct CheckedTokenRequest: Sendable {
    let client: APIClient
    let form: TokenForm
    let proven: ClientAuthenticator.Proven
    /// What the token will be bound to.
    let binding: TokenBinding
    let now: Timestamp
}

/// What a grant allows.
struct Granted: Sendable {
    /// `sub` of the token.
    let subject: String
    var kind = TokenKind.application
    /// The user that a token of a user or of a delegated client is for.
    var user: UserID?
    /// `jti` of the assertion that named the user.
    var assertionID: String?
    let life: Duration
    /// What the grant used up, besides the client's authentication, whatever comes of the request.
    var uses: [AccessChange] = []
    /// What changes together with the answer, and only then.
    var changes: [AccessChange] = []
    /// What a user allowed; nil for all that is registered.
    var scopes: Set<AccessScope>?
    /// The family of a user's token.
    var family: String?
    /// A refresh token to answer with.
    var refreshToken: String?
}

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
    let now: Timestamp
}

/// What a grant allows.
struct Granted: Sendable {
    /// `sub` of the token.
    let subject: String
    /// The user that a delegated client acts for.
    var user: UserID?
    /// `jti` of the assertion that named the user.
    var assertionID: String?
    let life: Duration
    /// What the grant used up, besides the client's authentication.
    var uses: [AccessChange] = []
}

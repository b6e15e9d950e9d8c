import Access
import Logins

/// The assertion of a delegated client as a grant (RFC 7523 §2.1). The client authenticates by its
/// certificate; the assertion is checked as in the other form.
struct JWTBearerGrant: GrantHandler {
    static let kind = GrantType.jwtBearer

    let authenticator: ClientAuthenticator
    let delegation: DelegationRule

    func grant(_ request: CheckedTokenRequest) async throws(TokenRefusal) -> Granted {
        guard let assertion = request.form["assertion"] else {
            throw .request("assertion is missing")
        }
        guard request.proven.subject == nil else {
            throw .request("client_assertion and assertion must not both be given")
        }
        let proven = try authenticator.checkAssertion(
            assertion,
            of: request.client,
            at: request.now
        )
        var granted = try await delegation.granted(
            to: request.client,
            for: proven.subject ?? "",
            by: proven.assertionID
        )
        granted.uses = proven.uses
        return granted
    }
}

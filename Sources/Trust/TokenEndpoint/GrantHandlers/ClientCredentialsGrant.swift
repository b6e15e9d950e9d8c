import Access
import Logins

/// `client_credentials` (RFC 6749 §4.4): an application access token for the client itself; of a
/// delegated client one for the user that its assertion names.
struct ClientCredentialsGrant: GrantHandler {
    static let kind = GrantType.clientCredentials

    let settings: TrustSettings
    let delegation: DelegationRule

    func grant(_ request: CheckedTokenRequest) async throws(TokenRefusal) -> Granted {
        guard request.client.kind == .delegated else {
            return Granted(subject: request.client.id.value, life: settings.tokenLife)
        }
        guard let subject = request.proven.subject else {
            throw .request("client_assertion must name the user")
        }
        return try await delegation.granted(
            to: request.client,
            for: subject,
            by: request.proven.assertionID
        )
    }
}

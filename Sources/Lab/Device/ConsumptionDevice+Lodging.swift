import HTTP
import JSON

/// The third party in the device: it lodges a consent before it requests a login for it.
extension ConsumptionDevice {
    /// A consent to lodge.
    struct Consent: Sendable {
        let family: ConsentFamily
        /// The body, whole.
        let body: String
    }

    /// Lodges a consent with a client credentials token.
    /// - Returns: the parameters that name the consent in the request for the login.
    func lodge(
        _ consent: Consent,
        _ login: Login,
        _ flow: String
    ) async throws(DeviceProblem) -> [Field] {
        let scope = consent.family.scope ?? "openid"
        let grant = try await post(
            "/oauth2/token",
            [Field("grant_type", "client_credentials"), Field("scope", scope)],
            login
        )
        guard let token = grant.body["access_token"]?.string else { throw grant.problem }
        let isOrdinary = consent.family.lodging != nil
        let body =
            isOrdinary
            ? consent.body
            : #"{"family":"\#(consent.family.name)","consent":\#(consent.body)}"#
        let answer = try await send(
            OutboundRequest(
                .post,
                issuer(of: login) + (consent.family.lodging ?? "/simulator/consents"),
                fields: [
                    Field("Authorization", "Bearer \(token)"),
                    Field("Content-Type", "application/json"), Field("Accept", "application/json"),
                ],
                body: Array(body.utf8)
            )
        )
        let ids = [
            answer.body["Data"]?["ConsentId"], answer.body["data"]?["consentId"],
            answer.body["consent_id"],
        ]
        guard answer.status == 201, let id = ids.lazy.compactMap({ $0?.string }).first else {
            throw answer.problem
        }
        let scopes = login.scopes.joined(separator: " ")
        return consent.family.standard.reference(scopes, id)
    }
}

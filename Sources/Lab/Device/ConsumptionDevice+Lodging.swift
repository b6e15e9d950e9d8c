import HTTP
import JSON

/// The third party in the device: it lodges a consent before it asks for a login about it.
extension ConsumptionDevice {
    /// What is lodged, and where.
    struct Consent: Sendable {
        let family: ConsentFamily
        /// The body, whole.
        let body: String
    }

    /// Lodges a consent with a token of the client's own, and says how the login's request is to
    /// name it.
    func lodge(
        _ consent: Consent,
        _ login: Login,
        _ flow: String
    ) async throws(DeviceProblem) -> [Field] {
        let scopes = consent.family.scope ?? "openid"
        let grant = try await post(
            "/oauth2/token",
            [Field("grant_type", "client_credentials"), Field("scope", scopes)],
            login
        )
        guard let token = grant.body["access_token"]?.string else { throw grant.problem }
        let isOrdinary = consent.family.lodging != nil
        let body =
            isOrdinary
            ? consent.body
            : #"{"family":"\#(consent.family.rawValue)","consent":\#(consent.body)}"#
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
        return name(id, consent.family, login)
    }

    /// As the standard of the family names a consent.
    private func name(_ id: String, _ family: ConsentFamily, _ login: Login) -> [Field] {
        let scopes = login.scopes.joined(separator: " ")
        switch family.standard {
        case .uk, .ksa:
            return [Field("scope", scopes), Field("openbanking_intent_id", id)]
        case .brasil: return [Field("scope", scopes + " consent:" + id)]
        case .cdr: return [Field("scope", scopes), Field("cdr_arrangement_id", id)]
        case .fdx: return [Field("scope", scopes), Field("consent_id", id)]
        }
    }
}

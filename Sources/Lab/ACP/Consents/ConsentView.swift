import Cryptography
import JSON

/// The System API's response for a consent: an envelope with the member of its family.
struct ConsentView {
    let json: JSONValue

    init(
        _ consent: SimulatedConsent,
        _ login: SimulatedLogin,
        _ configuration: SimulatorConfiguration,
        previous: SimulatedConsent?,
        logo: String,
        at now: Int64
    ) {
        let family = consent.family
        let client = configuration.clients.first { $0.id == login.clientID }
        // Pairwise: it does not tell who the user is.
        let subject = SHA256.digest(Array(login.user.utf8)).map {
            ($0 < 16 ? "0" : "") + String($0, radix: 16)
        }.joined()
        json = JSONValue.members([
            "consent_id": .string(consent.id), "type": .text(family.type),
            "status": .string(consent.statusText(at: now)), "subject": .string(subject),
            "client_id": .string(consent.clientID),
            "client_info": .members([
                "client_name": .text(client?.name), "logo_uri": .string(logo),
            ]),
            "requested_scopes": .array(login.scopes.map { RequestedScopeView.json($0) }),
            "account_ids": .texts(consent.accounts), "authentication_context": .members([:]),
            "tenant_id": .string(configuration.tenant), "server_id": .string(consent.workspace),
            "created_at": .moment(consent.created),
            family.member: family.standard.content(consent, configuration, now),
            "previous_cdr_arrangement": previous.map {
                $0.family.standard.content($0, configuration, now)
            },
        ]).without(family.standard.hiddenMembers)
    }
}

import HTTP
import JSON

/// Saudi Open Banking. ACP shows nothing of what was requested, so the body is the simulator's own.
extension ConsentFamily {
    static let ksa: ConsentFamily = .init(
        name: "ksa",
        standard: .ksa,
        lodged: .object([.must("expiry", .moment)]),
        scope: "accounts",
        page: "/ksa/consent",
        type: "ksa_consent",
        member: "ksa_consent",
        choice: .accounts,
        amounts: [Detail(path: ["expiry"], changed: .string("2039-01-01T00:00:00Z"))]
    )
}

extension ConsentFamily.Standard {
    fileprivate static let ksa: ConsentFamily.Standard = .init(
        content: { consent, configuration, now in
            .members([
                "consent_id": .string(consent.id), "client_id": .string(consent.clientID),
                "tenant_id": .string(configuration.tenant),
                "server_id": .string(consent.workspace),
                "status": .string(consent.statusText(at: now)),
                "created_at": .moment(consent.created), "expiry": consent.lodged["expiry"],
            ])
        },
        reference: { [Field("scope", $0), Field("openbanking_intent_id", $1)] },
        hasIntentID: true
    )
}

import Logins
import Texts

/// Open Banking of Saudi Arabia. ACP says little about these consents [CD-4].
extension ConsentStandard {
    static let ksa = ConsentStandard("ksa", [KSAConsent()], scopes: .ksa)
}

struct KSAConsent: ConsentFamily {
    let kind = Consent.Kind("ksa", .data)
    let path = "ksa/consent"
    let member = "ksa_consent"
    let otherTypes: Set<String> = ["ksa_consents", "consents"]
    let statusWords = StatusWords.acp.adding(.approved, "Active")

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = ConsentContent(accounts: .several(preselected: []))
        content.id = try own.text("consent_id")
        // Progress, and ACP's own identifiers.
        try own.drop("status", "client_id", "server_id", "tenant_id")
        content.facts = try own.deadline(.accessEnds, "expiry", &content.expiry)
        content.facts += try own.facts((.requestedAt, "created_at", .moment))
        // ACP describes none. The standard's are named as in Open Banking UK, which it follows.
        // Without any, which is also an empty list, nothing is said.
        var permissions: [String] = []
        for name in ["permissions", "Permissions"] {
            guard let codes = try own.texts(name), !codes.isEmpty else { continue }
            guard codes.allSatisfy(UKAccountAccess.permissions.contains) else {
                throw .unknownCode(own.place(name))
            }
            guard permissions.isEmpty || Set(permissions.map(\.exact)) == Set(codes.map(\.exact))
            else { throw .contradictory(own.place(name)) }
            permissions = codes
        }
        if !permissions.isEmpty {
            content.facts.add(.permissions, UKAccountAccess.permissions.value(permissions))
        }
        content.facts += try own.further()
        return content
    }
}

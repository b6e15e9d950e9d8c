import JSON
import Logins

/// What `GET /scope-grants/{L}` answers, as far as we use it (`cloudentity.md` 4.2).
struct ScopeGrant {
    private let body: JSONValue

    init(_ body: JSONValue) { self.body = body }

    /// What ACP remembers of the decision.
    var status: ConsentStatus {
        if body["scope_grant_approved"]?.bool == true { return .approved }
        if body["scope_grant_rejected"]?.bool == true { return .rejected }
        return .open
    }

    /// What is shown: the server's own words, and of the client's name what the start said where
    /// the server has none. As strict as with consents: what cannot be shown whole is not shown.
    /// `partial` is whether scopes may be left out that have to be asked for (CB-2).
    func consent(beside told: Consent, partial: Bool) throws(ConsentProblem) -> Consent {
        guard let object = body.object else { throw .incomplete("") }
        let address = ConsentAddress(.scopes)
        var members = ConsentMembers(object, at: "")
        // Rich authorization requests (RFC 9396), which scopes alone do not tell.
        if let details = members.take("authorization_details"), details.array?.isEmpty != true {
            throw .incomplete("authorization_details")
        }
        let scopes = try ConsentDecoder(address: address, allowsPartialScopes: partial)
            .scopes(&members)
        var client = try members.object("client_info")
        return Consent(
            clientName: try client?.text("client_name") ?? told.clientName,
            scopes: scopes,
            facts: try Self.claims(&members),
            source: try ConsentSource.digest(of: body, address)
        )
    }

    /// Claims that are asked for one by one, by their names.
    private static func claims(_ members: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        let name = "requested_claims_to_consent"
        guard let claims = try members.texts(name), !claims.isEmpty else { return [] }
        return [Fact(.further(name), .text(claims.joined(separator: ", ")))]
    }
}

extension Consent {
    /// A dynamic scope that stands for a consent lodged elsewhere (`consent:urn:…`).
    var namesConsent: Bool { scopes.contains { $0.requestedName.hasPrefix("consent:") } }
}

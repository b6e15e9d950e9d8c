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

    /// Rich authorization requests (RFC 9396), which scopes alone do not tell.
    var hasDetails: Bool { body["authorization_details"]?.array?.isEmpty == false }

    /// What is shown: the server's own words where it has them, else what the start said. `partial`
    /// is whether scopes may be left out that have to be asked for (CB-2).
    func consent(beside told: Consent, partial: Bool) throws(ConsentProblem) -> Consent {
        let scopes = (body["requested_scopes"]?.array ?? []).compactMap {
            Self.scope($0, partial: partial)
        }
        return Consent(
            clientName: body["client_info"]?["client_name"]?.string ?? told.clientName,
            scopes: scopes.isEmpty ? told.scopes : scopes,
            facts: claims,
            source: try ConsentSource.digest(of: body, ConsentAddress(.scopes))
        )
    }

    /// Claims that are asked for one by one, by their names.
    private var claims: [Fact] {
        let claims = (body["requested_claims_to_consent"]?.array ?? []).compactMap(\.string)
        guard !claims.isEmpty else { return [] }
        let text = claims.joined(separator: ", ")
        return [Fact(.further("requested_claims_to_consent"), .text(text))]
    }

    /// `requested_name`, or `name` only if that is empty (CB-1).
    private static func scope(_ value: JSONValue, partial: Bool) -> Consent.Scope? {
        let requested = value["requested_name"]?.string ?? ""
        guard let name = requested.isEmpty ? value["name"]?.string : requested, !name.isEmpty else {
            return nil
        }
        func text(_ member: String) -> String? {
            value[member]?.string.flatMap { $0.isEmpty ? nil : $0 }
        }
        let isImplicit = value["implicit_grant"]?.bool ?? false
        return Consent.Scope(
            requestedName: name,
            displayName: text("display_name"),
            explanation: text("description"),
            isOptional: partial && !isImplicit && name != "openid",
            isImplicit: isImplicit
        )
    }
}

extension Consent {
    /// A dynamic scope that stands for a consent lodged elsewhere (`consent:urn:…`).
    var namesConsent: Bool { scopes.contains { $0.requestedName.hasPrefix("consent:") } }
}

import JSON
import Logins

/// What `GET /scope-grants/{L}` answers, as far as we use it (`cloudentity.md` 4.2).
struct ScopeGrant {
    private let body: JSONValue

    init(_ body: JSONValue) { self.body = body }

    /// What ACP remembers of the decision.
    enum Standing { case open, approved, rejected }

    var standing: Standing {
        if body["scope_grant_approved"]?.bool == true { return .approved }
        if body["scope_grant_rejected"]?.bool == true { return .rejected }
        return .open
    }

    /// Rich authorization requests (RFC 9396), which scopes alone do not tell.
    var hasDetails: Bool { body["authorization_details"]?.array?.isEmpty == false }

    /// What is shown: the server's own words where it has them, else what the start said.
    func consent(beside told: Consent) -> Consent {
        let scopes = (body["requested_scopes"]?.array ?? []).compactMap(Self.scope)
        return Consent(
            clientName: body["client_info"]?["client_name"]?.string ?? told.clientName,
            scopes: scopes.isEmpty ? told.scopes : scopes
        )
    }

    /// `requested_name`, or `name` only if that is empty (CB-1).
    private static func scope(_ value: JSONValue) -> Consent.Scope? {
        let requested = value["requested_name"]?.string ?? ""
        guard let name = requested.isEmpty ? value["name"]?.string : requested, !name.isEmpty else {
            return nil
        }
        func text(_ member: String) -> String? {
            value[member]?.string.flatMap { $0.isEmpty ? nil : $0 }
        }
        return Consent.Scope(
            requestedName: name,
            displayName: text("display_name"),
            explanation: text("description")
        )
    }
}

extension Consent {
    /// A dynamic scope that stands for a consent lodged elsewhere (`consent:urn:…`).
    var namesConsent: Bool { scopes.contains { $0.requestedName.hasPrefix("consent:") } }
}

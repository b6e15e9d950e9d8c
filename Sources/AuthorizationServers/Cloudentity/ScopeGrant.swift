import JSON
import Logins
import Texts

/// ACP's answer about the scope grant of a plain login, as far as it is used [CD-5].
struct ScopeGrant {
    private static let claims = "requested_claims_to_consent"

    private let body: JSONValue

    init(_ body: JSONValue) { self.body = body }

    /// The decision that ACP has recorded.
    var status: ConsentStatus {
        if body["scope_grant_approved"]?.bool == true { return .approved }
        if body["scope_grant_rejected"]?.bool == true { return .rejected }
        return .open
    }

    /// What the user is shown. `told` is what the start said; it provides the client's name if ACP
    /// has none. As with lodged consents, a grant that cannot be shown completely is not shown.
    /// `partial` is whether the user may remove scopes [CB-2].
    func consent(beside told: Consent, partial: Bool) throws(ConsentProblem) -> Consent {
        guard let object = body.object else { throw .incomplete("") }
        var members = ConsentMembers(object, at: "")
        // A rich authorization request (RFC 9396) is more than its scopes.
        if let details = members.take("authorization_details"), details.array?.isEmpty != true {
            throw .incomplete("authorization_details")
        }
        let scopes = try members.scopes(allowsPartial: partial)
        var client = try members.object("client_info")
        return Consent(
            clientName: try client?.text("client_name") ?? told.clientName,
            scopes: scopes,
            facts: try Self.claims(&members),
            source: try ConsentSource.digest(of: body, [Self.claims])
        )
    }

    /// Claims that are requested individually, by their names.
    private static func claims(_ members: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        guard let claims = try members.texts(Self.claims), !claims.isEmpty else { return [] }
        return [Fact(.further(Self.claims), .text(claims.joined(separator: ", ")))]
    }
}

extension Consent {
    /// Whether a dynamic scope stands for a consent that is lodged elsewhere (`consent:urn:…`).
    var namesConsent: Bool { scopes.contains { $0.requestedName.startsExactly(with: "consent:") } }
}

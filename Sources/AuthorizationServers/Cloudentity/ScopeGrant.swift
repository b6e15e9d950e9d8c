import JSON
import Logins
import Texts

/// ACP's answer about the scope grant of a plain login, as far as it is used [CD-5].
struct ScopeGrant {
    private static let details = AuthorizationDetails.member

    private let body: JSONValue

    init(_ body: JSONValue) { self.body = body }

    /// The decision that ACP has recorded. It leaves out flags that are false.
    var status: ConsentStatus {
        if body["scope_grant_approved"]?.bool == true { return .approved }
        if body["scope_grant_rejected"]?.bool == true { return .rejected }
        return .open
    }

    /// What the user is shown. `login` is what the start said; it provides the client's name if ACP
    /// has none. As with lodged consents, a grant that cannot be shown completely is not shown.
    /// `partial` is whether the user may remove scopes [CB-2].
    func consent(
        beside login: PendingLogin.Details,
        partial: Bool
    ) throws(ConsentProblem) -> Consent {
        guard let object = body.object else { throw .incomplete("") }
        var members = ConsentMembers(object, at: "")
        let own = members.take(Self.details)
        let granted = try AuthorizationDetails(own)
        let told = try AuthorizationDetails(text: login.authorizationDetails)
        // A grant without the details that the client requested is not the one that it requested.
        if own != nil, granted == nil, told != nil { throw .incomplete(Self.details) }
        let details = own == nil ? told : granted
        let scopes = try members.scopes(allowsPartial: partial, isRequired: false)
        var client = try members.object("client_info")
        return Consent(
            clientName: try client?.wholeText("client_name") ?? login.clientName,
            scopes: scopes,
            facts: (details?.facts ?? []) + (try RequestWords.facts(of: body, beside: login)),
            authorizationDetails: details?.text,
            claims: try RequestWords.claims(of: body),
            source: try ConsentSource.digest(of: body, [Self.details] + RequestWords.members)
        )
    }
}

import JSON
import Logins
import Texts

/// ACP's answer about the scope grant of a plain login, as far as it is used [CD-5].
struct ScopeGrant {
    private static let claims = "requested_claims_to_consent"
    private static let details = AuthorizationDetails.member
    private static let acr = "requested_acr"
    private static let parameters = "request_query_params"

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
        let own = members.take(Self.details)
        let details = try AuthorizationDetails(own)
        // A grant without the details that the client requested is not the one that it requested.
        if own != nil, details == nil, told.authorizationDetails != nil {
            throw .incomplete(Self.details)
        }
        let scopes = try members.scopes(allowsPartial: partial, isRequired: false)
        var client = try members.object("client_info")
        let isTold = own == nil && told.authorizationDetails != nil
        return Consent(
            clientName: try client?.text("client_name") ?? told.clientName,
            scopes: scopes,
            facts: (isTold ? told.facts : details?.facts ?? [])
                + Self.listed(Self.claims, try members.texts(Self.claims))
                + Self.listed(Self.acr, try members.texts(Self.acr))
                + (try Self.parameters(members.take(Self.parameters))),
            authorizationDetails: isTold ? told.authorizationDetails : details?.text,
            source: try ConsentSource.digest(
                of: body,
                [Self.claims, Self.details, Self.acr, Self.parameters]
            )
        )
    }

    /// A list of names, under the server's name for it.
    private static func listed(_ name: String, _ values: [String]?) -> [Fact] {
        guard let values, !values.isEmpty else { return [] }
        return [Fact(.further(name), .text(values.joined(separator: ", ")))]
    }

    /// The parameters of the client's request, by their names, except those that are part of the
    /// protocol, are shown otherwise, or are secret. What refers to a consent is refused.
    private static func parameters(_ value: JSONValue?) throws(ConsentProblem) -> [Fact] {
        guard let value, !value.isNull else { return [] }
        guard let object = value.object, object.members.count <= ConsentLimits.further else {
            throw .incomplete(parameters)
        }
        var facts: [Fact] = []
        for member in object.members where !protocolParameters.contains(member.name) {
            let place = "\(parameters).\(member.name.firstBytes(64))"
            let values = member.value.strings ?? member.value.string.map { [$0] }
            guard let values, values.count <= ConsentLimits.codes,
                member.name.unicodeScalars.count <= 200,
                values.allSatisfy({ $0.unicodeScalars.count <= ConsentLimits.text }),
                !lodgedParameters.contains(member.name),
                !values.contains(where: { text in
                    lodgedParameters.contains { text.contains("\"\($0)\"") }
                })
            else { throw .incomplete(place) }
            facts += listed(member.name, values.filter { !$0.readsAsEmpty })
        }
        return facts
    }

    /// Parameters of OAuth, OpenID Connect and CIBA that do not change what is granted, or that the
    /// grant and the start have as members of their own.
    private static let protocolParameters: Set<String> = [
        "acr_values", "auth_req_id", "authorization_details", "binding_message", "client_assertion",
        "client_assertion_type", "client_id", "client_notification_token", "client_secret",
        "code_challenge", "code_challenge_method", "display", "grant_type", "id_token_hint",
        "login_hint", "login_hint_token", "max_age", "nonce", "prompt", "redirect_uri", "request",
        "request_uri", "requested_expiry", "response_mode", "response_type", "scope", "state",
        "ui_locales", "user_code",
    ]

    /// Parameters, and claims in `claims`, that name a consent.
    private static let lodgedParameters: Set<String> = [
        "openbanking_intent_id", "consent_id", "cdr_arrangement_id", "arrangement_id", "intent_id",
        "grant_id", "enrollment_id",
    ]
}

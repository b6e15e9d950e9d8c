import JSON
import Logins

/// Makes what `GET …/{L}` of a consent answers into what a person is shown (`cloudentity.md` 4).
///
/// Strict where showing matters: a wrong type, a missing amount or an unknown permission makes the
/// whole consent unusable. Generous in the envelope, whose unknown members say nothing of what is
/// approved.
struct ConsentDecoder {
    let address: ConsentAddress
    /// Whether scopes may be left out that are neither `openid` nor implicit (CB-2).
    var allowsPartialScopes = false

    /// What a family's own part of the answer gives.
    struct Content {
        var id: String?
        var facts: [Fact] = []
        var accounts: Consent.AccountChoice = .none
        var resources: [Consent.Resource] = []
        var endsAt: Timestamp?
    }

    /// Beside the answer it needs what the start said of the login: the client's name, for a server
    /// that says none, and the consent's, which has to be this one's.
    func consent(
        _ answer: JSONValue,
        of login: PendingLogin.Details
    ) throws(ConsentProblem) -> Consent {
        guard let envelope = answer.object else { throw .incomplete("") }
        var members = ConsentMembers(envelope, at: "")
        if let type = try members.text("type"), !address.isMeant(by: type) { throw .typeMismatch }
        try members.drop("status")
        let status = ConsentStatus(of: answer, address.member)
        try requireOpen(status)
        let id = try members.text("consent_id")
        let scopes = try scopes(&members)
        var client = try members.object("client_info")
        let clientName = try client?.text("client_name") ?? login.clientName
        let created = try members.timestamp("created_at")
        let content = try content(of: &members, scopes: scopes, created: created)
        let ids = Set([id, content.id, login.consentID?.value].compactMap { $0 })
        let name = ids.first.flatMap { ConsentID($0) }
        guard ids.count <= 1, ids.isEmpty || name != nil else { throw .incomplete("consent_id") }
        return Consent(
            kind: address.kind,
            id: name,
            clientName: clientName,
            scopes: scopes,
            facts: status == .approved ? content.facts + [Self.renewal] : content.facts,
            accounts: content.accounts,
            resources: content.resources,
            endsAt: content.endsAt,
            source: try ConsentSource.digest(of: answer, address)
        )
    }

    /// Access to data that was authorised before comes back when it is renewed after some time; no
    /// payment is decided twice.
    private func requireOpen(_ status: ConsentStatus) throws(ConsentProblem) {
        switch status {
        case .open: return
        case .approved where !address.kind.isPayment: return
        case .unready, .approved, .rejected, .over: throw .ended(status)
        }
    }

    /// Shown with what was authorised before; whoever looks after an attempt in doubt has to know
    /// that the word was there already.
    static let renewal = Fact(.known(.status), .text("Authorised"))

    private func content(
        of envelope: inout ConsentMembers,
        scopes: [Consent.Scope],
        created: Timestamp?
    ) throws(ConsentProblem) -> Content {
        var own = try envelope.requiredObject(address.member)
        switch address.kind {
        case .scopes: throw .typeMismatch
        case .ukAccountAccess: return try Self.accountAccess(&own)
        case .ukDomesticPayment, .ukDomesticScheduledPayment, .ukDomesticStandingOrder,
            .ukInternationalPayment, .ukInternationalScheduledPayment,
            .ukInternationalStandingOrder:
            return try Self.payment(&own, address.kind)
        case .ukFilePayment: return try Self.filePayment(&own)
        case .brasilData: return try Self.brasilData(&own)
        case .brasilPayment: return try Self.brasilPayment(&own, created: created)
        case .fdx: return try Self.fdx(&own)
        case .cdr:
            let previous = try envelope.object("previous_cdr_arrangement")
            return try Self.cdr(&own, replacing: previous, scopes)
        case .ksa: return try Self.ksa(&own)
        }
    }

    // MARK: Scopes

    /// RequestedScope (`cloudentity.md` 4.1, CB-1): granted by `requested_name`, by `name` only if
    /// that is empty.
    func scopes(_ envelope: inout ConsentMembers) throws(ConsentProblem) -> [Consent.Scope] {
        guard let value = envelope.take("requested_scopes") else {
            throw .incomplete("requested_scopes")
        }
        guard let values = value.array, !values.isEmpty, values.count <= ConsentLimits.codes else {
            throw .incomplete("requested_scopes")
        }
        var scopes: [Consent.Scope] = []
        for (index, value) in values.enumerated() {
            let place = "requested_scopes[\(index)]"
            guard let object = value.object else { throw .incomplete(place) }
            var members = ConsentMembers(object, at: place)
            let requested = try members.text("requested_name")
            let plain = try members.text("name")
            guard let name = requested ?? plain else { throw .incomplete(place) }
            let isImplicit = members.take("implicit_grant")?.bool ?? false
            scopes.append(
                Consent.Scope(
                    requestedName: name,
                    displayName: try members.text("display_name"),
                    explanation: try members.text("description"),
                    isOptional: allowsPartialScopes && !isImplicit && name != "openid",
                    isImplicit: isImplicit
                )
            )
        }
        guard Set(scopes.map(\.requestedName)).count == scopes.count else {
            throw .incomplete("requested_scopes")
        }
        return scopes
    }
}

import JSON
import Logins
import Texts

/// Decodes ACP's answer about a consent into what the user is shown [CD-1].
///
/// Strict about what is approved: a wrong type, a missing amount or an unknown permission makes the
/// consent unusable. Tolerant of unknown members of the envelope, which are not part of it.
struct ConsentDecoder {
    let address: ConsentAddress
    let family: any ConsentFamily
    /// Whether the user may remove scopes other than `openid` and implicit ones [CB-2].
    var allowsPartialScopes = false
    /// Whether a consent is refused after its deadline, and a prompt ends then.
    var refusesLate = true

    /// `login` provides the client's name if the answer has none, and the consent's identifier, which
    /// has to be the answer's. `asking` is the time of asking the user for the first time; nil at
    /// later looks, because the user then answered in time. `arrival` is when the login arrived.
    func consent(
        _ answer: JSONValue,
        of login: PendingLogin.Details,
        arrived arrival: Timestamp,
        asking: Timestamp? = nil
    ) throws(ConsentProblem) -> Consent {
        guard let object = answer.object else { throw .incomplete("") }
        var members = ConsentMembers(object, at: "", ofPayment: family.kind.isPayment)
        if let type = try members.text("type"), !address.isMeant(by: type) { throw .typeMismatch }
        try members.drop("status")
        let status = try family.statusWords.status(of: answer, address.member) ?? .open
        try requireOpen(status)
        let id = try members.text("consent_id")
        let scopes = try members.scopes(allowsPartial: allowsPartialScopes)
        var client = try members.object("client_info")
        let clientName = try client?.wholeText("client_name") ?? login.clientName
        let created = try members.timestamp("created_at")
        var own = try members.requiredObject(address.member)
        var envelope = ConsentEnvelope(members: members, scopes: scopes, created: created)
        let content = try family.content(&own, in: &envelope)
        let cutOff = refusesLate ? content.cutOff : nil
        if let cutOff, let asking, asking >= cutOff.time {
            throw .late(cutOff.member)
        }
        // Compared with a time that does not change, so that later looks have the same end.
        let expiry = content.expiry.map(\.time).flatMap { $0 > arrival ? $0 : nil }
        let ids = Set([id, content.id, login.consentID?.value].compactMap { $0?.exact })
        let name = ids.first.flatMap { ConsentID($0.text) }
        guard ids.count <= 1, ids.isEmpty || name != nil else { throw .incomplete("consent_id") }
        let facts =
            try content.facts.united(of: address.member)
            + RequestWords.facts(of: answer, beside: login, lodged: ids)
        return Consent(
            kind: content.subject.map(family.kind.with) ?? family.kind,
            id: name,
            clientName: clientName,
            scopes: scopes,
            facts: status == .approved ? facts + [Self.renewal] : facts,
            accounts: content.accounts,
            resources: content.resources,
            endsAt: [content.endsAt, expiry, cutOff?.time].compactMap(\.self).min(),
            source: try ConsentSource.digest(
                of: answer,
                [address.member] + family.otherApprovedMembers + RequestWords.members
            )
        )
    }

    /// Access to data that was authorised before is presented again for renewal after some time. A
    /// payment is decided once.
    private func requireOpen(_ status: ConsentStatus) throws(ConsentProblem) {
        switch status {
        case .open, .partlyApproved: return
        case .approved where !family.kind.isPayment: return
        case .unready, .approved, .spent, .rejected, .over: throw .ended(status)
        }
    }

    /// Shown with access that was authorised before. It also tells a later look at the server that
    /// the status says nothing about our report.
    static let renewal = Fact(
        .known(.status),
        .codes(["Authorised"], Fact.Codes("consent_status"))
    )
}

extension ConsentMembers {
    /// `requested_scopes`. A scope is granted by its `requested_name`, or by `name` if that is empty
    /// [CB-1].
    ///
    /// If they are not required, there may be none: a grant without scopes shares nothing, and is asked
    /// for like any other.
    mutating func scopes(
        allowsPartial: Bool,
        isRequired: Bool = true
    ) throws(ConsentProblem) -> [Consent.Scope] {
        let list = "requested_scopes"
        let member = take(list)
        if member == nil, !isRequired { return [] }
        guard let values = member?.array, !values.isEmpty || !isRequired,
            values.count <= ConsentLimits.codes
        else { throw .incomplete(list) }
        var scopes: [Consent.Scope] = []
        for (index, value) in values.enumerated() {
            let place = "\(list)[\(index)]"
            guard let object = value.object else { throw .incomplete(place) }
            var members = ConsentMembers(object, at: place)
            let requested = try members.exactText("requested_name")
            let plain = try members.exactText("name")
            guard let name = requested ?? plain, !name.readsAsEmpty else {
                throw .incomplete(place)
            }
            let isImplicit = members.take("implicit_grant")?.bool ?? false
            scopes.append(
                Consent.Scope(
                    requestedName: name,
                    displayName: try members.text("display_name"),
                    explanation: try members.text("description"),
                    isOptional: allowsPartial && !isImplicit && name != "openid",
                    isImplicit: isImplicit
                )
            )
        }
        guard Set(scopes.map(\.requestedName.exact)).count == scopes.count else {
            throw .incomplete(list)
        }
        return scopes
    }
}

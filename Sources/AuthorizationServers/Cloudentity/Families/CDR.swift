import JSON
import Logins
import Texts

/// The Consumer Data Right of Australia.
extension ConsentStandard {
    static let cdr = ConsentStandard("cdr", [CDRArrangement()], scopes: .cdr)
}

extension Fact.Codes {
    fileprivate static let sharingType = Self("sharing_type")
}

struct CDRArrangement: ConsentFamily {
    let kind = Consent.Kind("cdr", .data, accountRules: [.oneCustomer])
    let path = "cdr/cdr-arrangement"
    let member = "cdr_arrangement"
    let otherTypes: Set<String> = ["cdr"]
    /// The model of a rejection has no `id` [BO-1].
    let rejectsByID = false

    private static let previous = "previous_cdr_arrangement"
    var otherApprovedMembers: [String] { [Self.previous] }

    /// The scopes of all sectors, which alone say what data is shared (Consumer Data Standards,
    /// "Authorisation Scopes").
    private static let scopes = PermissionList(
        .scope,
        [
            .person: ["common:customer.basic:read", "common:customer.detail:read"],
            .accounts: [
                "bank:accounts.basic:read", "bank:accounts.detail:read",
                "energy:accounts.basic:read", "energy:accounts.detail:read",
                "energy:accounts.concessions:read", "energy:accounts.paymentschedule:read",
                "telco:accounts.basic:read", "telco:accounts.detail:read",
                "telco:accounts.concessions:read", "telco:accounts.paymentschedule:read",
            ],
            .transactions: [
                "bank:transactions:read", "energy:billing:read", "telco:billing:read",
            ],
            .regular: ["bank:payees:read", "bank:regular_payments:read"],
            .other: [
                "energy:electricity.servicepoints.basic:read",
                "energy:electricity.servicepoints.detail:read",
                "energy:electricity.der:read", "energy:electricity.usage:read",
                "telco:usage:read", "accounts", "payments",
            ],
        ]
    )
    private static let sharing = ClosedList(
        .sharingType,
        ["one_time", "one_time_with_refresh_token", "reusable"]
    )

    /// Of an arrangement that replaces another one, the user sees what is new and what stays. The
    /// accounts of the replaced one are preselected.
    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = ConsentContent()
        content.id = try own.text("cdr_arrangement_id")
        // Progress, and ACP's own identifiers.
        try own.drop(
            "status",
            "updated_at",
            "authorization_server_id",
            "client_id",
            "tenant_id",
            "subject",
            "spec_version"
        )
        own.dropProgress("cdr_arrangement_metadata")
        let amended = try own.text("amending_arrangement_id")
        let previous = try envelope.members.object(Self.previous)
        content.facts += try permissions(envelope.scopes, previous)
        if !envelope.scopes.contains(where: { Self.isOfBank($0.requestedName) }) {
            content.subject = .otherData
        }
        content.facts += try own.facts((.sharingType, "sharing_type", .oneOf(Self.sharing)))
        content.facts += try own.deadline(.accessEnds, "expiry", &content.expiry)
        var preselected = try own.texts("account_ids") ?? []
        if var previous {
            let name = try previous.text("cdr_arrangement_id") ?? amended
            guard let name, name.isExactly(amended ?? name) else {
                throw .incomplete("\(Self.previous).cdr_arrangement_id")
            }
            content.facts.add(.replacesArrangement, text: name)
            content.facts += try previous.facts(
                (.previousSharing, "sharing_type", .oneOf(Self.sharing)),
                (.previousEnds, "expiry", .moment)
            )
            preselected += try previous.texts("account_ids") ?? []
        } else {
            content.facts.add(.replacesArrangement, text: amended)
        }
        let granted = try Self.grants(&own)
        if !granted.isEmpty { content.facts.add(.granted, .codes(granted, .scope)) }
        content.facts += try own.facts(
            (.customer, "customer_id", .text),
            (.requestedAt, "created_at", .moment)
        )
        content.facts += try own.further()
        var seen: Set<ExactText> = []
        content.accounts = .several(
            preselected: preselected.filter { seen.insert($0.exact).inserted }
        )
        return content
    }

    /// What is shared; beside an earlier arrangement that says its scopes, what is new, what stays
    /// and what ends.
    private func permissions(
        _ scopes: [Consent.Scope],
        _ previous: ConsentMembers?
    ) throws(ConsentProblem) -> [Fact] {
        let data = try data(scopes)
        var before: [String] = []
        if var members = previous {
            before = try Self.scopeNames("requested_scopes", &members)
            before += try Self.grants(&members).filter { !Self.has(before, $0) }
        }
        before = before.filter(Self.scopes.contains)
        guard !before.isEmpty else {
            return [Fact(.known(.permissions), Self.scopes.value(data))]
        }
        let parts: [(Fact.Known, [String])] = [
            (.permissionsNew, data.filter { !Self.has(before, $0) }),
            (.permissionsKept, data.filter { Self.has(before, $0) }),
            (.permissionsEnded, before.filter { !Self.has(data, $0) }),
        ]
        return parts.filter { !$0.1.isEmpty }.map { Fact(.known($0.0), Self.scopes.value($0.1)) }
    }

    /// Whether a scope is about bank accounts, not energy, telecommunication or the customer.
    private static func isOfBank(_ scope: String) -> Bool {
        scope.startsExactly(with: "bank:") || scope.isExactly("accounts")
            || scope.isExactly("payments")
    }

    private static func has(_ names: [String], _ name: String) -> Bool {
        names.contains { $0.isExactly(name) }
    }

    /// The scopes that ACP granted under an arrangement; its identifiers of them say nothing.
    private static func grants(_ members: inout ConsentMembers) throws(ConsentProblem) -> [String] {
        try scopeNames("scope_grants", &members)
    }

    private static func scopeNames(
        _ name: String,
        _ members: inout ConsentMembers
    ) throws(ConsentProblem) -> [String] {
        guard let value = members.take(name) else { return [] }
        let place = members.place(name)
        guard let values = value.array, values.count <= ConsentLimits.codes else {
            throw .incomplete(place)
        }
        var names: [String] = []
        for (index, value) in values.enumerated() {
            let scope = try scopeName(value, "\(place)[\(index)]")
            if let scope, !has(names, scope) { names.append(scope) }
        }
        return names
    }

    /// The name alone, or the first of those that an object has. A granted one has the parameter of a
    /// dynamic scope; the others are the request's and the server's.
    private static func scopeName(
        _ value: JSONValue,
        _ place: String
    ) throws(ConsentProblem) -> String? {
        guard let object = value.object else {
            guard let name = value.string, name.unicodeScalars.count <= ConsentLimits.text else {
                throw .incomplete(place)
            }
            return name.isEmpty ? nil : name
        }
        var scope = ConsentMembers(object, at: place)
        for name in ["requested_name", "granted_scope_name", "scope_name", "name"] {
            if let text = try scope.text(name) { return text }
        }
        return nil
    }

    /// A scope that has no text of ours needs one from the server.
    private func data(_ scopes: [Consent.Scope]) throws(ConsentProblem) -> [String] {
        let known = scopes.map(\.requestedName).filter(Self.scopes.contains)
        guard !known.isEmpty else { throw .incomplete("requested_scopes") }
        for (index, scope) in scopes.enumerated()
        where !Self.has(known, scope.requestedName) && scope.displayName == nil
            && !ScopeTable.openID.contains(scope.requestedName.exact)
        {
            throw .unknownCode("requested_scopes[\(index)]")
        }
        return known
    }

    /// One arrangement has room for one customer.
    func acceptance(_ approval: Approval) throws(Unreportable) -> ReportMembers {
        let customers = Set(approval.accounts.map(\.customerID?.exact))
        guard customers.count <= 1 else {
            throw Unreportable(reason: "the chosen accounts belong to different customers")
        }
        return { json in
            json.member("account_ids", approval.grant.accounts)
            json.member("customer_id", customers.first??.text)
        }
    }
}

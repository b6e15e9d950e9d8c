import JSON
import Logins
import Texts

/// The Consumer Data Right of Australia.
extension ConsentStandard {
    static let cdr = ConsentStandard("cdr", [CDRArrangement()])
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
    var otherApprovedMembers: [String] { [Self.previous, "requested_claims_to_consent"] }

    /// The scopes of banking and of the customer, which alone say what data is shared.
    private static let scopes = PermissionList(
        .scope,
        [
            .person: ["common:customer.basic:read", "common:customer.detail:read"],
            .accounts: ["bank:accounts.basic:read", "bank:accounts.detail:read"],
            .transactions: ["bank:transactions:read"],
            .regular: ["bank:payees:read", "bank:regular_payments:read"],
            .other: ["accounts", "payments"],
        ]
    )
    /// Scopes of OpenID Connect (Core §5.4, §11), which request no data of a bank.
    private static let ordinaryScopes: Set = [
        "openid", "profile", "email", "address", "phone", "offline_access",
    ]

    /// The accounts of the arrangement that is replaced are preselected. Nothing else of it is
    /// shown, because nothing else of it is requested again.
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
        content.facts.add(.permissions, try data(envelope.scopes))
        content.facts += try own.facts(
            (.sharingType, "sharing_type", .code(.sharingType)),
            (.accessEnds, "expiry", .moment)
        )
        var preselected = try own.texts("account_ids") ?? []
        let amended = try own.text("amending_arrangement_id")
        if var previous = try envelope.members.object(Self.previous) {
            let name = try previous.text("cdr_arrangement_id") ?? amended
            guard let name, name.isExactly(amended ?? name) else {
                throw .incomplete("\(Self.previous).cdr_arrangement_id")
            }
            content.facts.add(.replacesArrangement, text: name)
            preselected += try previous.texts("account_ids") ?? []
        } else {
            content.facts.add(.replacesArrangement, text: amended)
        }
        content.facts += try own.facts((.requestedAt, "created_at", .moment))
        content.facts += try own.further()
        var seen: Set<ExactText> = []
        content.accounts = .several(
            preselected: preselected.filter { seen.insert($0.exact).inserted }
        )
        return content
    }

    /// A scope that has no text of ours needs one from the server.
    private func data(_ scopes: [Consent.Scope]) throws(ConsentProblem) -> Fact.Value {
        let known = scopes.map(\.requestedName).filter(Self.scopes.contains)
        guard !known.isEmpty else { throw .incomplete("requested_scopes") }
        for (index, scope) in scopes.enumerated()
        where !known.contains(scope.requestedName) && scope.displayName == nil
            && !Self.ordinaryScopes.contains(scope.requestedName)
        {
            throw .unknownCode("requested_scopes[\(index)]")
        }
        return Self.scopes.value(known)
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

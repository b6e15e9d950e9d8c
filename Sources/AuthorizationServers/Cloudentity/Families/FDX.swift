import JSON
import Logins

/// Financial Data Exchange, of North America.
extension ConsentStandard {
    static let fdx = ConsentStandard("fdx", [FDXConsent()])
}

extension Fact.Codes {
    fileprivate static let fdxCluster = Self("fdx_cluster")
    fileprivate static let durationType = Self("duration_type")
    fileprivate static let resourceType = Self("resource_type")
}

struct FDXConsent: ConsentFamily {
    let kind = Consent.Kind("fdx", .data)
    let path = "fdx/fdx"
    let member = "fdx_consent"
    let otherTypes: Set<String> = ["fdx_consents", "consents"]
    let statusWords = StatusWords.acp
        .adding(.open, "AWAITING", "PENDING")
        .adding(.approved, "ACTIVE")
        .adding(.over, "CLOSED")

    /// FDX 5 and 6, the data clusters of RFC 0167.
    private static let clusters = PermissionList(
        .fdxCluster,
        [
            .person: ["CUSTOMER_CONTACT", "CUSTOMER_PERSONAL"],
            .accounts: ["ACCOUNT_BASIC", "ACCOUNT_DETAILED"],
            .transactions: ["TRANSACTIONS", "STATEMENTS", "IMAGES"],
            .regular: ["ACCOUNT_PAYMENTS", "PAYMENT_SUPPORT", "BILLS"],
            .investments: ["INVESTMENTS"],
            .other: ["REWARDS", "TAX", "NOTIFICATIONS"],
        ]
    )

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = ConsentContent(accounts: .several(preselected: []))
        content.id = try own.text("id")
        // Progress, and ACP's own identifiers.
        try own.drop("status", "updatedTime", "authorization_server_id", "client_id", "tenant_id")
        var after: [Fact] = []
        for var party in try own.objects("parties") {
            content.facts += try party.facts((.recipient, "name", .text))
            // The address of a picture says nothing about what is approved.
            try party.drop("logoUri")
            after += try party.further("parties")
        }
        let resources = try own.objects("resources")
        guard !resources.isEmpty else { throw .incomplete(own.place("resources")) }
        for var resource in resources {
            let type = try resource.requiredText("resourceType")
            // A report repeats for each account what was requested of its type, so a type must not
            // occur twice.
            guard !content.resources.contains(where: { $0.type == type }) else {
                throw .incomplete(own.place("resources"))
            }
            let clusters = try resource.permissionCodes("dataClusters", Self.clusters)
            content.facts.add(.resource, .codes([type], .resourceType))
            content.facts.add(.permissions, Self.clusters.value(clusters))
            after += try resource.further("resources")
            content.resources.append(Consent.Resource(type: type, clusters: clusters))
        }
        content.facts += try own.facts(
            (.durationType, "durationType", .code(.durationType)),
            (.duration, "durationPeriod", .days),
            (.lookback, "lookbackPeriod", .days),
            (.accessEnds, "expirationTime", .moment),
            (.requestedAt, "createdTime", .moment)
        )
        content.facts += after
        content.facts += try own.further()
        return content
    }

    /// Repeats for each account what was requested of its type. `resouceType` is misspelt in ACP's
    /// interface [BO-4].
    func acceptance(_ approval: Approval) throws(Unreportable) -> ReportMembers {
        var granted: [(account: String, resource: Consent.Resource)] = []
        for account in approval.accounts {
            let requested = approval.consent?.resources.first { $0.type == account.resourceType }
            guard let requested else {
                throw Unreportable(reason: "nothing is requested of accounts of the chosen type")
            }
            granted.append((account.id, requested))
        }
        return { [granted] json in
            json.name("resources")
            json.array { json in
                for (account, resource) in granted {
                    json.object { json in
                        json.member("id", account)
                        json.member("resouceType", resource.type)
                        json.member("dataClusters", resource.clusters)
                    }
                }
            }
        }
    }
}

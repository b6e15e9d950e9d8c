import JSON
import Logins
import Texts

/// Financial Data Exchange, of North America.
extension ConsentStandard {
    static let fdx = ConsentStandard("fdx", [FDXConsent()], scopes: .fdx)
}

extension Fact.Codes {
    fileprivate static let fdxCluster = Self("fdx_cluster")
    fileprivate static let durationType = Self("duration_type")
    fileprivate static let resourceType = Self("resource_type")
}

extension ConsentContent {
    /// Resources of one type are granted together.
    fileprivate mutating func add(_ type: String, _ clusters: [String]) {
        let index = resources.firstIndex { $0.type.isExactly(type) }
        let all = (index.map { resources[$0].clusters } ?? []) + clusters
        var seen: Set<ExactText> = []
        let resource = Consent.Resource(
            type: type,
            clusters: all.filter { seen.insert($0.exact).inserted },
            needsAccounts: type.isExactly("ACCOUNT")
        )
        if let index { resources[index] = resource } else { resources.append(resource) }
    }
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

    private static let types = ClosedList(.resourceType, ["ACCOUNT", "CUSTOMER", "DOCUMENT"])
    private static let durations = ClosedList(
        .durationType,
        ["ONE_TIME", "TIME_BOUND", "PERSISTENT"]
    )
    /// What a party does, by `type`. One of another type or of none has a label that claims nothing.
    private static let roles: [ExactText: Fact.Known] = [
        "DATA_RECIPIENT".exact: .recipient, "DATA_PROVIDER".exact: .provider,
        "DATA_ACCESS_PLATFORM".exact: .intermediary, "VENDOR".exact: .vendor,
        "MERCHANT".exact: .merchant, "INDIVIDUAL".exact: .individual,
    ]

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = ConsentContent()
        content.id = try own.text("id")
        // Progress, and ACP's own identifiers.
        try own.drop("status", "updatedTime", "authorization_server_id", "client_id", "tenant_id")
        own.dropProgress("revocationReason")
        var after: [Fact] = []
        for var party in try own.objects("parties") {
            let type = try party.text("type")
            let label = type.flatMap { Self.roles[$0.exact] }
            if let label {
                content.facts += try party.facts((label, "name", .text))
            } else {
                let name = try party.text("name")
                let words = [name, type.map { name == nil ? $0 : "(\($0))" }].compactMap(\.self)
                if !words.isEmpty {
                    content.facts.add(.otherParty, text: words.joined(separator: " "))
                }
            }
            content.facts += try party.facts(
                (.website, "homeUri", .text),
                (.registry, "registryName", .text),
                (.registeredName, "registeredEntityName", .text)
            )
            // In ACP's interface and in the standard.
            let numbers = [
                try party.text("registeredEntityIdentifier"), try party.text("registeredEntityId"),
            ]
            content.facts.add(
                .registrationNumber,
                text: try party.one(numbers, "registeredEntityId")
            )
            // The address of a picture says nothing about what is approved.
            try party.drop("logoUri")
            after += try party.further("parties")
        }
        let resources = try own.objects("resources")
        guard !resources.isEmpty else { throw .incomplete(own.place("resources")) }
        for var resource in resources {
            // The misspelling is ACP's own, in what is granted [BO-4].
            let spelling = resource.has("resouceType") ? "resouceType" : "resourceType"
            let type = try resource.requiredText(spelling)
            guard Self.types.contains(type) else { throw .unknownCode(resource.place(spelling)) }
            if let other = try resource.text("resourceType"), !other.isExactly(type) {
                throw .incomplete(resource.place("resourceType"))
            }
            // The accounts that the user chooses are granted, and not one that the request names.
            guard !resource.has("id") else { throw .incomplete(resource.place("id")) }
            let clusters = try resource.permissionCodes("dataClusters", Self.clusters)
            content.facts.add(.resource, .codes([type], .resourceType))
            content.facts.add(.permissions, Self.clusters.value(clusters))
            after += try resource.further("resources")
            content.add(type, clusters)
        }
        if content.resources.contains(where: \.needsAccounts) {
            content.accounts = .several(preselected: [])
        } else {
            content.subject = .otherData
        }
        content.facts += try own.facts(
            (.durationType, "durationType", .oneOf(Self.durations)),
            (.duration, "durationPeriod", .days),
            (.lookback, "lookbackPeriod", .days)
        )
        content.facts += try own.deadline(.accessEnds, "expirationTime", &content.expiry)
        content.facts += try own.facts((.requestedAt, "createdTime", .moment))
        for var resource in try own.objects("granted_resources") {
            content.facts.add(.granted, try Self.granted(&resource, &after))
        }
        content.facts += after
        content.facts += try own.further()
        return content
    }

    /// What an earlier approval granted.
    private static func granted(
        _ resource: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Fact.Value? {
        var values: [Fact.Value] = []
        let types = [try resource.text("resourceType"), try resource.text("resouceType")]
        if let type = try resource.one(types, "resourceType") {
            values.append(.codes([type], .resourceType))
        }
        if let id = try resource.text("id") { values.append(.text(id)) }
        for cluster in try resource.texts("dataClusters") ?? [] {
            values.append(.codes([cluster], .fdxCluster))
        }
        after += try resource.further("granted_resources")
        return values.isEmpty ? nil : .group(values)
    }

    /// Repeats for each account what was requested of its type, and says once what belongs to no
    /// account. An account of no type is an `ACCOUNT`. `resouceType` is misspelt in ACP's interface
    /// [BO-4].
    func acceptance(_ approval: Approval) throws(Unreportable) -> ReportMembers {
        let resources = approval.consent?.resources ?? []
        var granted: [(account: String?, resource: Consent.Resource)] = []
        for account in approval.accounts {
            let type = account.resourceType ?? "ACCOUNT"
            let requested = resources.first { $0.needsAccounts && $0.type.isExactly(type) }
            guard let requested else {
                throw Unreportable(reason: "nothing is requested of accounts of the chosen type")
            }
            granted.append((account.id, requested))
        }
        granted += resources.filter { !$0.needsAccounts }.map { (nil, $0) }
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

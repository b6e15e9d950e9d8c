import Logins

// Data sharing by FDX, CDR (Australia) and KSA, as ACP answers it (`cloudentity.md` 4.3).

extension ConsentDecoder {
    static func fdx(_ own: inout ConsentMembers) throws(ConsentProblem) -> Content {
        var content = Content()
        content.id = try own.text("id")
        // Its progress, and names of the server's own things.
        try own.drop("status", "updatedTime", "authorization_server_id", "client_id", "tenant_id")
        var facts: [Fact] = []
        var after: [Fact] = []
        for var party in try own.objects("parties") {
            facts.add(.recipient, text: try party.text("name"))
            // A picture's address says nothing of what is approved.
            try party.drop("logoUri")
            after += try party.further("parties")
        }
        let resources = try own.objects("resources")
        guard !resources.isEmpty else { throw .incomplete(own.place("resources")) }
        for var resource in resources {
            let type = try resource.requiredText("resourceType")
            // A report says of each account what its type was asked for, once.
            guard !content.resources.contains(where: { $0.type == type }) else {
                throw .incomplete(own.place("resources"))
            }
            let clusters = try resource.permissions("dataClusters", .fdxCluster)
            facts.add(.resource, code: type, .resourceType)
            facts.add(.permissions, clusters)
            after += try resource.further("resources")
            guard case .codes(let codes, _) = clusters else { continue }
            content.resources.append(Consent.Resource(type: type, clusters: codes))
        }
        facts.add(.durationType, code: try own.text("durationType"), .durationType)
        facts.add(.duration, try own.days("durationPeriod"))
        facts.add(.lookback, try own.days("lookbackPeriod"))
        facts.add(.accessEnds, try own.moment("expirationTime"))
        facts.add(.requestedAt, try own.moment("createdTime"))
        content.facts = facts + after + (try own.further())
        content.accounts = .several(preselected: [])
        return content
    }

    /// Of the arrangement that this one replaces, the accounts are preselected. Nothing else of it
    /// is shown, for nothing else of it is asked.
    static func cdr(
        _ own: inout ConsentMembers,
        replacing previous: ConsentMembers?,
        _ scopes: [Consent.Scope]
    ) throws(ConsentProblem) -> Content {
        var content = Content()
        content.id = try own.text("cdr_arrangement_id")
        // Its progress, and names of the server's own things.
        try own.drop(
            "status",
            "updated_at",
            "authorization_server_id",
            "client_id",
            "tenant_id",
            "subject",
            "spec_version"
        )
        var facts: [Fact] = []
        facts.add(.permissions, try dataScopes(scopes))
        facts.add(.sharingType, code: try own.text("sharing_type"), .sharingType)
        facts.add(.accessEnds, try own.moment("expiry"))
        var preselected = try own.texts("account_ids") ?? []
        let amended = try own.text("amending_arrangement_id")
        if var previous {
            let name = try previous.text("cdr_arrangement_id") ?? amended
            guard let name, amended ?? name == name else {
                throw .incomplete("previous_cdr_arrangement.cdr_arrangement_id")
            }
            facts.add(.replacesArrangement, text: name)
            preselected += try previous.texts("account_ids") ?? []
        } else {
            facts.add(.replacesArrangement, text: amended)
        }
        facts.add(.requestedAt, try own.moment("created_at"))
        content.facts = facts + (try own.further())
        var seen: Set<String> = []
        content.accounts = .several(preselected: preselected.filter { seen.insert($0).inserted })
        return content
    }

    /// What data is shared, which CDR says by scopes alone. A scope without words of ours must
    /// have the server's.
    private static func dataScopes(
        _ scopes: [Consent.Scope]
    ) throws(ConsentProblem) -> Fact.Value {
        let known = scopes.map(\.requestedName).filter(ConsentCodes.isData(scope:))
        guard !known.isEmpty else { throw .incomplete("requested_scopes") }
        for (index, scope) in scopes.enumerated()
        where !known.contains(scope.requestedName) && scope.displayName == nil
            && !ConsentCodes.isOrdinary(scope: scope.requestedName)
        {
            throw .unknownCode("requested_scopes[\(index)]")
        }
        return .codes(known, .cdrScope)
    }

    static func ksa(_ own: inout ConsentMembers) throws(ConsentProblem) -> Content {
        var content = Content()
        content.id = try own.text("consent_id")
        // Its progress, and names of the server's own things.
        try own.drop("status", "client_id", "server_id", "tenant_id")
        var facts: [Fact] = []
        facts.add(.accessEnds, try own.moment("expiry"))
        facts.add(.requestedAt, try own.moment("created_at"))
        content.facts = facts + (try own.further())
        content.accounts = .several(preselected: [])
        return content
    }
}

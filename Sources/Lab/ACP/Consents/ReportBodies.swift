import JSON

/// Members of the models with which a consent is accepted. All that is here may be sent; what must
/// be is decided by what the consent asks for.
enum AcceptBody {
    private static let common: [Shape.Member] = [
        .may("granted_scopes", .list(.text(1...1000), 1...10_000)),
        .may("login_state", .text(0...1000)),
    ]
    private static let accounts = Shape.Member.may("account_ids", .list(.text(1...200), 0...500))

    /// AcceptConsent, AcceptPaymentConsent, AcceptFDX or AcceptCDR.
    static func members(of family: ConsentFamily) -> [Shape.Member] {
        switch (family.standard, family.choice) {
        case (.brasil, .payer): common + [accounts, .may("debtor_account", debtorAccount)]
        case (.fdx, _): common + [.may("resources", .list(resource, 1...500))]
        case (.cdr, _): common + [accounts, .may("customer_id", .text(1...200))]
        case (.uk, _), (.brasil, _), (.ksa, _): common + [accounts]
        }
    }

    /// In snake case, unlike the consent.
    private static let debtorAccount = Shape.object([
        .must("account_type", .oneOf(["CACC", "SVGS", "SLRY", "TRAN"])),
        .must("ispb", .digits(8...8)), .may("issuer", .digits(1...4)),
        .must("number", .text(1...20)),
    ])

    /// Spelled as on the wire: `resouceType`.
    private static let resource = Shape.object([
        .must("id", .text(1...200)), .must("resouceType", .text(1...40)),
        .may("dataClusters", .list(.text(1...60), 0...100)),
    ])

    /// What must be there for this consent and this person, with the member that is wrong.
    static func check(
        _ body: JSONValue,
        for consent: SimulatedConsent,
        accounts known: [String]?
    ) throws(Shape.Problem) {
        let accounts = body["account_ids"]?.strings ?? []
        switch consent.family.choice {
        case .nothing: break
        case .accounts:
            guard !accounts.isEmpty else {
                throw Shape.Problem(path: "account_ids", rule: "must name at least one account")
            }
        case .payer:
            guard accounts.count == 1 else {
                throw Shape.Problem(path: "account_ids", rule: "must name the one that pays")
            }
            if consent.family.standard == .brasil { try checkPayer(body, consent) }
        case .resources: try checkResources(body, consent, known)
        }
        guard Set(accounts).count == accounts.count else {
            throw Shape.Problem(path: "account_ids", rule: "must not name an account twice")
        }
        if let known, !Set(accounts).isSubset(of: known) {
            throw Shape.Problem(path: "account_ids", rule: "must be accounts of this person")
        }
    }

    private static func checkPayer(
        _ body: JSONValue,
        _ consent: SimulatedConsent
    ) throws(Shape.Problem) {
        let named = consent.lodged["data"]?["debtorAccount"]
        guard let chosen = body["debtor_account"] else {
            // The consent may have said it already.
            if named != nil { return }
            throw Shape.Problem(path: "debtor_account", rule: "is missing")
        }
        guard let named else { return }
        let pairs = [
            ("account_type", "accountType"), ("ispb", "ispb"), ("issuer", "issuer"),
            ("number", "number"),
        ]
        for (theirs, ours) in pairs where chosen[theirs] != named[ours] {
            throw Shape.Problem(
                path: "debtor_account.\(theirs)",
                rule: "must be that of the consent's debtorAccount"
            )
        }
    }

    private static func checkResources(
        _ body: JSONValue,
        _ consent: SimulatedConsent,
        _ known: [String]?
    ) throws(Shape.Problem) {
        guard let resources = body["resources"]?.array else {
            throw Shape.Problem(path: "resources", rule: "is missing")
        }
        let asked = consent.lodged["resources"]?.array ?? []
        for (index, resource) in resources.enumerated() {
            let path = "resources[\(index)]"
            guard let match = asked.first(where: { $0["resourceType"] == resource["resouceType"] })
            else {
                throw Shape.Problem(path: path + ".resouceType", rule: "was not asked for")
            }
            let clusters = Set(resource["dataClusters"]?.strings ?? [])
            guard clusters.isSubset(of: match["dataClusters"]?.strings ?? []) else {
                throw Shape.Problem(path: path + ".dataClusters", rule: "were not asked for")
            }
            if let known, let id = resource["id"]?.string, !known.contains(id) {
                throw Shape.Problem(path: path + ".id", rule: "must be of this person")
            }
        }
    }
}

/// Members of the models with which anything is rejected.
enum RejectBody {
    /// RejectScopeGrant and RejectConsent.
    static let members: [Shape.Member] = [.may("id", .text(1...1000))] + withoutID

    private static let withoutID: [Shape.Member] = [
        .may("login_state", .text(0...1000)), .may("status_code", .integer(400...599)),
        .may("error", .text(1...200)), .may("error_cause", .text(1...200)),
        .may("error_description", .text(0...2000)),
    ]

    /// RejectConsent, with Brasil's reason, or RejectCDR.
    static func members(of family: ConsentFamily) -> [Shape.Member] {
        switch family.standard {
        case .brasil:
            members + [
                .may(
                    "rejection_reason",
                    .object([.must("code", .text(1...80)), .may("details", .text(0...2000))])
                )
            ]
        case .cdr: withoutID
        case .uk, .fdx, .ksa: members
        }
    }
}

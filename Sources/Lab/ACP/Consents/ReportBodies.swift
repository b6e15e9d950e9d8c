import JSON

/// The members of the bodies with which logins are accepted and rejected. Families add theirs.
enum ReportBody {
    /// AcceptConsent and its variants.
    static let accept: [Shape.Member] = [
        .may("granted_scopes", .list(.text(1...1000), 1...10_000)),
        .may("login_state", .text(0...1000)),
    ]
    static let accounts = Shape.Member.may("account_ids", .list(.text(1...200), 0...500))

    /// RejectScopeGrant and RejectConsent.
    static let reject: [Shape.Member] = [.may("id", .text(1...1000))] + rejectWithoutID

    /// RejectCDR.
    static let rejectWithoutID: [Shape.Member] = [
        .may("login_state", .text(0...1000)), .may("status_code", .integer(400...599)),
        .may("error", .text(1...200)), .may("error_cause", .text(1...200)),
        .may("error_description", .text(0...2000)),
    ]

    /// What an accept must have for this consent and this user. Throws the member that is wrong.
    static func check(
        _ body: JSONValue,
        for consent: SimulatedConsent,
        accounts known: [String]?
    ) throws(Shape.Problem) {
        let accounts = body["account_ids"]?.strings ?? []
        switch consent.family.choice {
        case .nothing, .resources: break
        case .accounts:
            guard !accounts.isEmpty else {
                throw Shape.Problem(path: "account_ids", rule: "must name at least one account")
            }
        case .payer:
            guard accounts.count == 1 else {
                throw Shape.Problem(path: "account_ids", rule: "must name the account that pays")
            }
        }
        try consent.family.standard.checkAccept(body, consent, known)
        guard Set(accounts).count == accounts.count else {
            throw Shape.Problem(path: "account_ids", rule: "must not name an account twice")
        }
        if let known, !Set(accounts).isSubset(of: known) {
            throw Shape.Problem(path: "account_ids", rule: "must be accounts of this user")
        }
    }
}

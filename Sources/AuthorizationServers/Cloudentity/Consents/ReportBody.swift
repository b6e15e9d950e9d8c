import JSON
import Logins

/// What a report says, member by member as each family's model has it (`cloudentity.md` 3.2).
struct ReportBody {
    let outcome: Outcome
    let login: PendingLogin
    /// What is reported to.
    let kind: Consent.Kind
    let settings: CloudentityOutbound

    /// Why an approval cannot be put into words that its family has.
    struct Unsayable: Error { let reason: String }

    func bytes() throws(Unsayable) -> [UInt8] {
        guard case .approved(let decision) = outcome else { return rejection }
        let accounts = chosen(decision.grant)
        var json = JSONWriter()
        let resources = kind == .fdx ? try resources(accounts) : []
        let customer = kind == .cdr ? try customer(of: accounts) : nil
        json.object { json in
            if kind.isLodged, kind != .fdx { json.member("account_ids", decision.grant.accounts) }
            if kind == .brasilPayment { writeDebtor(accounts.first, &json) }
            json.member("granted_scopes", decision.grant.scopes)
            if kind == .scopes { json.member("id", login.key.login.value) }
            json.member("login_state", login.details.state)
            json.member("customer_id", customer)
            if kind == .fdx { write(resources, &json) }
        }
        return json.bytes
    }

    private func chosen(_ grant: Grant) -> [BankAccount] {
        let offered = login.question?.accounts ?? []
        return grant.accounts.compactMap { id in
            offered.first { $0.id.utf8.elementsEqual(id.utf8) }
        }
    }

    // MARK: Parts of an acceptance

    /// With underscores, unlike the consent's own (`AcceptPaymentConsent`). What the bank does not
    /// say of the account, the consent may.
    private func writeDebtor(_ account: BankAccount?, _ json: inout JSONWriter) {
        var number = account?.number
        if number == nil, case .payer(let named) = login.question?.consent.accounts {
            number = named
        }
        guard let number else { return }
        json.name("debtor_account")
        json.object { json in
            json.member("account_type", number.accountType)
            json.member("ispb", number.ispb)
            json.member("issuer", number.issuer)
            json.member("number", number.identification)
        }
    }

    /// One customer's accounts in one arrangement: the model has room for one.
    private func customer(of accounts: [BankAccount]) throws(Unsayable) -> String? {
        let customers = Set(accounts.map(\.customerID))
        guard customers.count <= 1 else {
            throw Unsayable(reason: "the chosen accounts belong to different customers")
        }
        return customers.first ?? nil
    }

    private struct Resource {
        let account: String
        let type: String
        let clusters: [String]
    }

    /// What was asked of each account's type.
    private func resources(_ accounts: [BankAccount]) throws(Unsayable) -> [Resource] {
        let asked = login.question?.consent.resources ?? []
        var resources: [Resource] = []
        for account in accounts {
            guard let wanted = asked.first(where: { $0.type == account.resourceType }) else {
                throw Unsayable(reason: "nothing is asked of accounts of the chosen one's type")
            }
            resources.append(
                Resource(account: account.id, type: wanted.type, clusters: wanted.clusters)
            )
        }
        return resources
    }

    /// `resouceType` is how the wire spells it.
    private func write(_ resources: [Resource], _ json: inout JSONWriter) {
        json.name("resources")
        json.array { json in
            for resource in resources {
                json.object { json in
                    json.member("id", resource.account)
                    json.member("resouceType", resource.type)
                    json.member("dataClusters", resource.clusters)
                }
            }
        }
    }

    // MARK: Rejecting

    private var rejection: [UInt8] {
        let description = Self.description(of: outcome)
        var json = JSONWriter()
        json.object { json in
            guard kind.isLodged else {
                json.member("id", login.key.login.value)
                json.member("login_state", login.details.state)
                json.member("error", "access_denied")
                json.member("error_description", description)
                return
            }
            // The model of CDR has no room for it.
            if kind != .cdr { json.member("id", login.key.login.value) }
            json.member("login_state", login.details.state)
            json.member("status_code", 403)
            json.member("error", "rejected")
            json.member("error_cause", "consent_rejected")
            json.member("error_description", description)
            guard let code = rejectionCode else { return }
            json.name("rejection_reason")
            json.object { json in
                json.member("code", code)
                json.member("details", description)
            }
        }
        return json.bytes
    }

    private var rejectionCode: String? {
        guard let cause = RejectionCodes.Cause(outcome) else { return nil }
        switch kind {
        case .brasilData: return settings.rejectionCodes.data[cause]
        case .brasilPayment: return settings.rejectionCodes.payments[cause]
        case .scopes, .ukAccountAccess, .ukDomesticPayment, .ukDomesticScheduledPayment,
            .ukDomesticStandingOrder, .ukFilePayment, .ukInternationalPayment,
            .ukInternationalScheduledPayment, .ukInternationalStandingOrder, .fdx, .cdr, .ksa:
            return nil
        }
    }

    /// One fixed ASCII sentence for each way of ending (CB-6).
    private static func description(of outcome: Outcome) -> String? {
        switch outcome {
        case .approved: nil
        case .denied(let decision) where decision.choice == .reportAsFraud:
            "The user reported the request as not theirs."
        case .denied: "The user declined the request."
        case .cancelled: "The user cancelled the request."
        case .expired: "The user did not answer in time."
        case .failed: "The user could not be asked."
        case .voided: "The request changed after the user approved it."
        }
    }
}

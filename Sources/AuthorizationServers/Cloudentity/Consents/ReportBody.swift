import JSON
import Logins
import Texts

/// The body of a report [BO-1, BO-2].
struct ReportBody {
    let outcome: Outcome
    let login: PendingLogin
    /// What is reported to; nil for a scope grant.
    let family: (any ConsentFamily)?
    let settings: CloudentityOutbound

    /// - Throws: why the family's model cannot express an approval.
    func bytes() throws(Unreportable) -> [UInt8] {
        guard case .approved(let decision) = outcome else { return rejection }
        let offered = login.question?.accounts ?? []
        let approval = Approval(
            consent: login.question?.consent,
            grant: decision.grant,
            accounts: decision.grant.accounts.compactMap { id in
                offered.first { $0.id.isExactly(id) }
            }
        )
        let own = try family?.acceptance(approval)
        var json = JSONWriter()
        json.object { json in
            json.member("granted_scopes", decision.grant.scopes)
            if family == nil { json.member("id", login.key.login.value) }
            json.member("login_state", login.details.state)
            if let details = login.question?.consent.authorizationDetails {
                json.name("granted_authorization_details")
                json.raw(details)
            }
            let claims = login.question?.consent.claims ?? []
            if !claims.isEmpty { json.member("granted_claims", claims) }
            own?(&json)
        }
        return json.bytes
    }

    private var rejection: [UInt8] {
        let description = Self.description(of: outcome)
        var json = JSONWriter()
        json.object { json in
            if family?.rejectsByID ?? true { json.member("id", login.key.login.value) }
            json.member("login_state", login.details.state)
            if let family {
                json.member("status_code", 403)
                json.member("error", "rejected")
                json.member("error_cause", "consent_rejected")
                json.member("error_description", description)
                reason(family, description, &json)
            } else {
                json.member("error", "access_denied")
                json.member("error_description", description)
            }
        }
        return json.bytes
    }

    private func reason(
        _ family: any ConsentFamily,
        _ description: String?,
        _ json: inout JSONWriter
    ) {
        guard let cause = RejectionCause(outcome), let code = family.rejectionCode(cause) else {
            return
        }
        json.name("rejection_reason")
        json.object { json in
            json.member("code", code)
            json.member("details", description)
        }
    }

    /// One fixed ASCII sentence per outcome, without personal data [CB-6].
    private static func description(of outcome: Outcome) -> String? {
        switch outcome {
        case .approved: nil
        case .denied(let decision) where decision.choice == .reportAsFraud:
            "The user reported the request as not theirs."
        case .denied: "The user declined the request."
        case .cancelled: "The user cancelled the request."
        case .expired: "The user did not answer in time."
        case .failed(.consentOfAnother), .voided(_, .consentOfAnother?):
            "The request is in the name of another person or company."
        case .failed(.wrongCodes): "The number was wrong too often."
        case .failed(.numberMissing): "The binding message has no number of the expected form."
        case .failed(.messageUnacceptable): "The binding message is not acceptable."
        case .failed: "The user could not be asked."
        case .voided(_, .some): "The user may no longer approve."
        case .voided(_, nil): "The request changed after the user approved it."
        }
    }
}

import Engine
import JSON
import Logins

extension Problem {
    /// Maps each refusal of the desk to a problem.
    init(_ refusal: DecisionDesk.Refusal) {
        switch refusal {
        case .noSuchPrompt:
            self.init(.unauthorized, "The bearer token is not a valid ticket.")
        case .otherLogin:
            self.init(.notFound, "id: does not match the ticket.")
        case .methodNotAllowed:
            self.init(
                .methodNotAllowed,
                "decision: \"approve\" requires more than a ticket here; \"deny\", \"cancel\" and \"fraud\" do not."
            )
        case .delegationNotAllowed:
            self.init(
                .delegationNotAllowed,
                "decision: the policy of delegation does not allow it for this login."
            )
        case .userMayNotApprove:
            self.init(
                .userNotAllowed,
                "decision: the user is disabled, removed or no longer reachable; \"deny\", \"cancel\" and \"fraud\" are possible."
            )
        case .directory:
            self.init(
                .unavailable,
                "The decision was not recorded. Retry after the time in Retry-After."
            )
        case .key(.removed): self = DeviceGuard.unknown
        case .key(.proofUsed): self = DeviceGuard.usedProof
        case .refused(.unfit(.codeWrong), let stored):
            self.init(
                .wrongCode,
                "code: is not the number that the client shows.",
                further: ["attempts_left": .integer(Int64(stored.login.codesLeft))]
            )
        case .refused(.alreadyEnded(.failed(.wrongCodes)), _):
            self.init(
                .wrongCode,
                "code: the number was wrong too often, and the login has ended.",
                outcome: "failed",
                further: ["attempts_left": .integer(0)]
            )
        case .refused(let refusal, _):
            self.init(refusal)
        case .store:
            self.init(
                .unavailable,
                "The request may not have been applied. Retry after the time in Retry-After."
            )
        }
    }

    private init(_ refusal: PendingLogin.Refusal) {
        switch refusal {
        case .notReady:
            self.init(.notReady, "The phase is \"preparing\"; decide when it is \"waiting\".")
        case .alreadyEnded(let outcome):
            self.init(
                .alreadyEnded,
                "The outcome is \"\(outcome.name)\" and cannot change.",
                outcome: outcome.name
            )
        case .userBlocked(let until):
            self.init(
                .userBlocked,
                "decision: the user may not approve before blocked_until; \"deny\", \"cancel\" and \"fraud\" are possible.",
                further: ["blocked_until": .time(until)]
            )
        case .key(.removed): self = DeviceGuard.unknown
        case .key(.proofUsed): self = DeviceGuard.usedProof
        case .pastDeadline:
            self.init(.tooLate, "expires_at has passed.")
        case .unfit(.shownMissing):
            self.init(.invalidBody, "digest: is required to approve.")
        case .unfit(let problem):
            self.init(.unfitSelection, Self.detail(problem))
        case .outOfPhase, .consentBusy:
            self.init(.notReady, "The login cannot be decided in its current phase.")
        }
    }

    private static func detail(_ problem: Selection.Problem) -> String {
        switch problem {
        case .accountMissing: "accounts: must have at least one of the offered accounts."
        case .oneAccountOnly: "accounts: must have exactly one account."
        case .accountUnknown: "accounts: each must be one of the offered accounts, at most once."
        case .accountFixed: "accounts: must be the account that the consent names."
        case .noAccountsTaken: "accounts: must be empty for this consent."
        case .scopeUnknown: "scopes: each must be one of the requested scopes, at most once."
        case .scopeRequired: "scopes: must have every required scope."
        case .scopeMissing: "scopes: must have at least one scope; to grant none, deny."
        case .differentCustomers: "accounts: must all belong to one customer."
        case .shownMissing: "digest: is required to approve."
        case .otherConsent: "digest: does not match the current consent."
        case .codeMissing: "code: must be the number that the client shows."
        case .codeWrong: "code: is not the number that the client shows."
        }
    }
}

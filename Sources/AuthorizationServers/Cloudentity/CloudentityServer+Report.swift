import HTTP
import JSON
public import Logins

extension CloudentityServer {
    /// Accepts or rejects the scope grant (`cloudentity.md` 3 and 6.3). Which of the two is fixed
    /// by the outcome, so that the opposite of what may have landed is never sent.
    public func report(
        _ outcome: Outcome,
        of login: PendingLogin,
        inDoubt: Bool
    ) async -> ReportAnswer {
        guard let grant = settings.scopeGrantURL(of: login.key) else {
            return .refused("no tenant is known to report to")
        }
        if inDoubt, let answer = await look(at: grant, for: outcome, of: login) { return answer }
        let url = grant + (outcome.isApproval ? "/accept" : "/reject")
        switch await call(.post, url, body(outcome, login), of: login) {
        case .answer(let answer):
            return await read(answer, grant, outcome, login, wasInDoubt: inDoubt)
        case .noToken(.refused(let reason)), .noToken(.unavailable(let reason, nil)):
            return .later(reason, after: nil, inDoubt: false)
        case .noToken(.unavailable(let reason, let after)):
            return .later(reason, after: after, inDoubt: false)
        case .failed(.notSent(let reason)):
            return .later(reason, after: nil, inDoubt: false)
        case .failed(.ambiguous(let reason)), .failed(.unusableAnswer(let reason)):
            return .later(reason, after: nil, inDoubt: true)
        case .failed(.forbiddenAddress(let reason)), .failed(.invalid(let reason)):
            // Ours to mend, perhaps at this moment: a certificate that is being replaced. Nothing
            // was sent, and the login's end bounds the attempts.
            return .later(reason, after: nil, inDoubt: false)
        }
    }

    private func read(
        _ answer: OutboundResponse,
        _ grant: String,
        _ outcome: Outcome,
        _ login: PendingLogin,
        wasInDoubt: Bool
    ) async -> ReportAnswer {
        let said = "\(answer.status)" + Self.reason(in: answer.body)
        switch StatusPolicy.reading(of: answer.status) {
        case .recorded:
            return .taken
        case .missing:
            // Attempts that were surely not processed do not make it any less early.
            if !wasInDoubt, isSettling(login) {
                return .later("not stored at the server yet", after: nil, inDoubt: false)
            }
            return .gone
        case .notProcessed:
            return .later(said, after: retryAfter(answer), inDoubt: false)
        case .ambiguous:
            return .later(said, after: retryAfter(answer), inDoubt: true)
        case .lookOnce:
            return await look(at: grant, for: outcome, of: login) ?? .refused(said)
        case .tokenRefused, .permanent:
            return .refused(said)
        }
    }

    /// What the server remembers; nil when it has no decision yet.
    private func look(
        at grant: String,
        for outcome: Outcome,
        of login: PendingLogin
    ) async -> ReportAnswer? {
        switch await call(.get, getURL(grant, login), nil, of: login) {
        case .answer(let answer) where answer.status == 200:
            guard let body = try? JSONValue(answer.body) else {
                return .later("looking: not JSON", after: nil, inDoubt: false)
            }
            switch ScopeGrant(body).standing {
            case .open: return nil
            case .approved:
                return outcome.isApproval ? .taken : .refused("the server has it approved")
            case .rejected:
                return outcome.isApproval ? .refused("the server has it rejected") : .taken
            }
        case .answer(let answer) where answer.status == 404:
            return .gone
        case .answer(let answer):
            switch StatusPolicy.reading(of: answer.status) {
            case .notProcessed, .ambiguous:
                return .later(
                    "looking: \(answer.status)",
                    after: retryAfter(answer),
                    inDoubt: false
                )
            case .recorded, .tokenRefused, .lookOnce, .missing, .permanent:
                return .refused("looking: \(answer.status)" + Self.reason(in: answer.body))
            }
        case .noToken(.refused(let reason)):
            return .later(reason, after: nil, inDoubt: false)
        case .noToken(.unavailable(let reason, let after)):
            return .later(reason, after: after, inDoubt: false)
        case .failed(let error):
            return .later("looking: \(error)", after: nil, inDoubt: false)
        }
    }

    /// The error code of an answer, if it has one (6.1). Never its free text, which may hold data
    /// of the person.
    private static func reason(in body: [UInt8]) -> String {
        guard let code = (try? JSONValue(body))?["error"]?.string else { return "" }
        return " " + code.prefix(64).filter { $0.isASCII && ($0.isLetter || $0 == "_") }
    }

    // MARK: Bodies (3.2)

    func body(_ outcome: Outcome, _ login: PendingLogin) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            switch outcome {
            case .approved(let decision):
                json.member("granted_scopes", decision.grant.scopes)
                if settings.sendsLoginID { json.member("id", login.key.login.value) }
                json.member("login_state", login.details.state)
            case .denied, .cancelled, .expired, .failed, .voided:
                if settings.sendsLoginID { json.member("id", login.key.login.value) }
                json.member("login_state", login.details.state)
                json.member("error", "access_denied")
                json.member("error_description", Self.description(of: outcome))
            }
        }
        return json.bytes
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

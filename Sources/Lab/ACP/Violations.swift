public import JSON
import Threads

/// Errors of the authentication service. Every test requires an empty list.
public final class ViolationList: Sendable {
    /// One error.
    public struct Violation: Hashable, Sendable {
        /// Milliseconds since 1970.
        public let at: Int64
        /// The violated rule.
        public let rule: Rule
        /// The login, if there is one.
        public let loginID: String?
        /// A description for people.
        public let detail: String

        /// The violation as JSON.
        public var json: JSONValue {
            .members([
                "at": .moment(at), "rule": .string(rule.rawValue), "login_id": .text(loginID),
                "detail": .string(detail),
            ])
        }
    }

    /// The rules that are always checked.
    public enum Rule: String, Hashable, Sendable, CaseIterable {
        case secondAccept = "decision.second_accept"
        case rejectAfterAccept = "decision.reject_after_accept"
        case secondReject = "decision.second_reject"
        case acceptAfterReject = "decision.accept_after_reject"
        case callAfterSuccess = "call.after_success"
        case lateDecision = "decision.late"
        case contentType = "call.content_type"
        case malformedBody = "call.malformed_body"
        case scopesMember = "accept.scopes_member"
        case grantedScopes = "accept.granted_scopes"
        case member = "call.member"
        case loginState = "call.login_state"
        case noBearer = "call.no_bearer"
        case unknownToken = "call.unknown_token"
        case scope = "call.scope"
        case certificate = "call.certificate"
        case assertionReplayed = "token.assertion_replayed"
        case tokenAfterExpiry = "token.after_expiry"
        case tokenAfterRefusal = "token.after_401"
        case tokenRequestsInFlight = "token.requests_in_flight"
        case decoyFetched = "call.fetched_link"
        case redirectFollowed = "call.followed_redirect"
        case retryTooSoon = "call.before_retry_after"
        case tooManyCalls = "call.too_many"
        case secretInQuery = "call.secret_in_query"
        case seedPath = "call.seed_path"
        case malformedAnswer = "answer.malformed"
    }

    private let journal: Journal
    private let clock: any SimulatorClock
    private let kept = Locked<[Violation]>([])
    /// Later violations are dropped.
    private static let capacity = 1000

    init(journal: Journal, clock: any SimulatorClock) {
        self.journal = journal
        self.clock = clock
    }

    /// All of them, oldest first.
    public var all: [Violation] { kept.withLock { $0 } }

    func record(_ rule: Rule, login: String? = nil, _ detail: String) {
        let violation = Violation(at: clock.now(), rule: rule, loginID: login, detail: detail)
        kept.withLock { if $0.count < Self.capacity { $0.append(violation) } }
        journal.append(
            "sim.violation",
            ["rule": .string(rule.rawValue), "login_id": .text(login), "detail": .string(detail)]
        )
    }

    func clear() { kept.withLock { $0 = [] } }
}

import Engine
public import HTTP
import JSON
import Logins

/// What went wrong, as our own interfaces say it (RFC 9457): one stable type for each kind, and a
/// detail for whoever reads it. It never repeats a secret or tells what exists.
public struct Problem: Error, Hashable, Sendable {
    /// The kinds. The raw value ends the type: `urn:beckon:problem:` and then this.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case invalidBody = "invalid-body"
        case invalidQuery = "invalid-query"
        case unauthorized = "unauthorized"
        case methodNotAllowed = "method-not-allowed"
        case notFound = "not-found"
        case notReady = "not-ready"
        case alreadyEnded = "already-ended"
        case tooLate = "too-late"
        case bodyTooLarge = "body-too-large"
        case unsupportedMediaType = "unsupported-media-type"
        case unfitSelection = "unfit-selection"
        case unavailable = "unavailable"

        /// The status it is answered with.
        public var status: Int {
            switch self {
            case .invalidBody, .invalidQuery: 400
            case .unauthorized: 401
            case .methodNotAllowed: 403
            case .notFound: 404
            case .notReady, .alreadyEnded: 409
            case .tooLate: 410
            case .bodyTooLarge: 413
            case .unsupportedMediaType: 415
            case .unfitSelection: 422
            case .unavailable: 503
            }
        }

        /// The same for every problem of the kind.
        public var title: String {
            switch self {
            case .invalidBody: "The body is not what is expected"
            case .invalidQuery: "The query is not what is expected"
            case .unauthorized: "The ticket is missing or opens nothing"
            case .methodNotAllowed: "This way of approving is switched off"
            case .notFound: "There is nothing here"
            case .notReady: "The login is not ready to be decided"
            case .alreadyEnded: "The login has ended in another way"
            case .tooLate: "The time for deciding is over"
            case .bodyTooLarge: "The body is too large"
            case .unsupportedMediaType: "The content type is not supported"
            case .unfitSelection: "What was chosen does not fit what is asked"
            case .unavailable: "The store cannot be used now"
            }
        }
    }

    public let kind: Kind
    /// What is wrong this time: the member or parameter, and the rule it breaks.
    public let detail: String
    /// The outcome that came first, for `alreadyEnded`.
    public let outcome: String?

    public init(_ kind: Kind, _ detail: String, outcome: String? = nil) {
        self.kind = kind
        self.detail = detail
        self.outcome = outcome
    }

    /// The answer as `application/problem+json`, with the fields that its status asks for.
    public var response: Response {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "urn:beckon:problem:" + kind.rawValue)
            json.member("title", kind.title)
            json.member("status", kind.status)
            json.member("detail", detail)
            json.member("outcome", outcome)
        }
        var fields = [Field.noStore, Field("X-Content-Type-Options", "nosniff")]
        switch kind {
        case .unauthorized: fields.append(Self.challenge)
        case .unavailable: fields.append(Self.retryAfter)
        case .invalidBody, .invalidQuery, .methodNotAllowed, .notFound, .notReady,
            .alreadyEnded, .tooLate, .bodyTooLarge, .unsupportedMediaType, .unfitSelection:
            break
        }
        return Response(
            status: kind.status,
            contentType: "application/problem+json",
            fields: fields,
            body: json.bytes
        )
    }

    /// RFC 6750 §3.
    static let challenge = Field("WWW-Authenticate", "Bearer realm=\"beckon\"")
    /// A store in trouble is mostly busy; a second is enough to ask again.
    static let retryAfter = Field("Retry-After", "1")
}

extension Problem {
    /// The one place where a refusal of the desk becomes a status.
    init(_ refusal: DecisionDesk.Refusal) {
        switch refusal {
        case .noSuchPrompt:
            self.init(.unauthorized, "The bearer ticket opens no login.")
        case .otherLogin:
            self.init(.notFound, "id: this ticket opens a login with another id.")
        case .digestMissing:
            self.init(.invalidBody, "digest: is missing; it is that of the consent shown.")
        case .methodNotAllowed:
            self.init(
                .methodNotAllowed,
                "decision: \"approve\" takes more than a ticket here; \"deny\", \"cancel\" and \"fraud\" do not."
            )
        case .refused(let refusal, _):
            self.init(refusal)
        case .store:
            self.init(
                .unavailable,
                "Nothing is known to have changed. Ask again after the time in Retry-After."
            )
        }
    }

    private init(_ refusal: PendingLogin.Refusal) {
        switch refusal {
        case .notReady:
            self.init(.notReady, "The phase is \"preparing\": decide when it is \"waiting\".")
        case .alreadyEnded(let outcome):
            self.init(
                .alreadyEnded,
                "Its outcome is \"\(outcome.name)\"; there is exactly one.",
                outcome: outcome.name
            )
        case .pastDeadline:
            self.init(.tooLate, "expires_at has passed.")
        case .unfit(let problem):
            self.init(.unfitSelection, Self.detail(problem))
        case .outOfPhase, .consentBusy:
            self.init(.notReady, "The login takes no decision in the phase that it is in.")
        }
    }

    private static func detail(_ problem: Selection.Problem) -> String {
        switch problem {
        case .accountMissing: "accounts: at least one of those offered must be named."
        case .oneAccountOnly: "accounts: exactly one must be named."
        case .accountUnknown: "accounts: each must be one of those offered, named once."
        case .accountFixed: "accounts: the consent names the account, and no other can be chosen."
        case .noAccountsTaken: "accounts: this consent takes none."
        case .scopeUnknown: "scopes: each must be one of those asked for, named once."
        case .scopeRequired: "scopes: one that is not optional was left out."
        case .scopeMissing: "scopes: at least one must be granted; to grant none, deny."
        case .differentCustomers: "accounts: all must belong to one customer."
        case .otherConsent: "digest: is not that of the consent that is asked now."
        }
    }
}

import JSON

/// A login of the authorization server.
///
/// `pending` becomes approved, rejected or expired; approved becomes consumed. Times are in
/// milliseconds since 1970.
struct SimulatedLogin: Sendable {
    enum Decision: Hashable, Sendable {
        case approved(scopes: [String])
        case rejected(error: String)

        var name: String {
            switch self {
            case .approved: "approved"
            case .rejected: "rejected"
            }
        }
    }

    enum Phase: String, Sendable { case pending, approved, rejected, expired, consumed }

    /// How its start is delivered. Decided at creation, so that a knob counts logins.
    let plan: StartPlan
    let id: String
    /// The state that accept and reject must contain.
    let state: String
    let authReqID: String
    /// `server_id`: the workspace of its client.
    let workspace: String
    let clientID: String
    let user: String
    let scopes: [String]
    let acrValues: [String]
    let bindingMessage: String?
    let notificationToken: String?
    /// Its consent; nil for a scope grant.
    let consentID: String?
    let family: ConsentFamily?
    /// `authorization_details` of the request.
    let authorizationDetails: JSONValue?
    /// Whether the consent was authorised before and is confirmed again.
    let isRenewal: Bool
    let created: Int64
    let expires: Int64
    /// When it really ends: earlier than `expires` if a knob says so.
    let dies: Int64
    /// The value of the knob `login_state.check` (K-06).
    var stateCheck: String?

    /// Seconds.
    var interval: Int
    var lastPoll: Int64?
    var pollsTooSoon = 0
    var decision: Decision?
    var decided: Int64?
    var consumed: Int64?
    var startDelivered: Int64?
    var startAttempts = 0
    var acceptCalls = 0
    var rejectCalls = 0
    /// Decisions that had an effect; at most one.
    var effectiveReports = 0
    /// All calls for it.
    var calls = 0
    /// GETs at addresses of other families.
    var probes = 0
    /// How often it was read.
    var views = 0
    /// The body of the report that had an effect.
    var report: JSONValue?
    /// When a decision got status 200.
    var reportAnswered: Int64?
    /// When each operation may be called again.
    var retryNotBefore: [String: Int64] = [:]
    /// Tokens that were refused in a call for this login.
    var refusedTokens: Set<String> = []

    func phase(at now: Int64) -> Phase {
        if consumed != nil { return .consumed }
        switch decision {
        case .approved: return .approved
        case .rejected: return .rejected
        case nil: return now >= dies ? .expired : .pending
        }
    }

    func json(at now: Int64) -> JSONValue {
        let decision: JSONValue? =
            switch self.decision {
            case .approved(let scopes):
                .members(["outcome": .string("approved"), "granted_scopes": .texts(scopes)])
            case .rejected(let error):
                .members(["outcome": .string("rejected"), "error": .string(error)])
            case nil: nil
            }
        return .members([
            "login_id": .string(id), "auth_req_id": .string(authReqID),
            "server_id": .string(workspace), "client_id": .string(clientID),
            "user": .string(user), "family": .string(family?.name ?? "scope_grant"),
            "consent_id": .text(consentID), "report": report,
            "state": .string(phase(at: now).rawValue), "requested_scopes": .texts(scopes),
            "binding_message": .text(bindingMessage), "decision": decision,
            "created_at": .moment(created), "expires_at": .moment(expires),
            "start_delivered_at": .moment(startDelivered), "decided_at": .moment(decided),
            "report_answered_at": .moment(reportAnswered), "consumed_at": .moment(consumed),
            "start_attempts": .integer(startAttempts), "accept_calls": .integer(acceptCalls),
            "reject_calls": .integer(rejectCalls), "calls": .integer(calls),
            "probes": .integer(probes), "views": .integer(views),
            "effective_reports": .integer(effectiveReports),
        ])
    }
}

/// How a start is delivered.
struct StartPlan: Sendable {
    var order: SimulatorConfiguration.StartOrder
    var delay: Int64 = 0
    var repeats = 0
    var gap: Int64 = 0
    var isParallel = false
    /// Nil for no limit but the deadline.
    var attempts: Int?
    /// Milliseconds before each retry; the last value doubles.
    var backoff: [Int64] = [1000]
    var stateField = "login_state"
    var shapes: Set<String> = []
    /// Seconds added to the sent `expires_at`.
    var skew: Int64 = 0

    /// Reads the knobs that apply to a login of this user.
    init(_ knobs: KnobBoard, user: String, login: String, usual order: Order) {
        func knob(_ name: KnobName) -> JSONValue? {
            knobs.take(name, user: user, login: login, operation: "start")
        }
        self.order = knob(.startOrder)?.string.flatMap(Order.init(rawValue:)) ?? order
        delay = knob(.startDelay)?.integer.map(Int64.init) ?? 0
        if let value = knob(.startRepeat) {
            repeats = value.integer ?? value["count"]?.integer ?? 1
            gap = value["gap_ms"]?.integer.map(Int64.init) ?? 0
            isParallel = value["parallel"]?.bool ?? false
        }
        if let value = knob(.startRetry) {
            attempts = value["attempts"]?.integer
            let pauses = value["backoff_ms"]?.array?.compactMap(\.integer).map(Int64.init) ?? []
            if !pauses.isEmpty { backoff = pauses }
        }
        stateField = knob(.stateField)?.string ?? "login_state"
        if let value = knob(.startShape) {
            shapes = Set(value.strings ?? value.string.map { [$0] } ?? [])
        }
        skew = knob(.clockSkew)?.integer.map(Int64.init) ?? 0
    }

    typealias Order = SimulatorConfiguration.StartOrder

    /// Milliseconds between an attempt, counted from 0, and the next one.
    func pause(after attempt: Int) -> Int64 {
        if attempt < backoff.count { return backoff[attempt] }
        let last = max(backoff[backoff.count - 1], 1)
        // Most logins live less than a minute longer.
        return min(last << Int64(min(attempt - backoff.count + 1, 16)), 60_000)
    }
}

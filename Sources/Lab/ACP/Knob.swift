/// A behaviour of the authorization server that can be varied. The raw value is its name in
/// `POST /_sim/knobs`; `Contract.md` describes the values.
public enum KnobName: String, Hashable, Sendable, CaseIterable {
    /// When the start is sent. (K-01)
    case startOrder = "start.order"
    /// Sends the start again. (K-02)
    case startRepeat = "start.repeat"
    /// Sends the start late. (K-03)
    case startDelay = "start.delay"
    /// How the start is retried. (K-04)
    case startRetry = "start.retry_until"
    /// The error for a user that cannot be reached. (K-05)
    case verifyMap = "verify.map"
    /// How `login_state` is checked. (K-06)
    case loginStateCheck = "login_state.check"
    /// The members that hold the state. (K-07)
    case stateField = "start.state_field"
    /// The response to a repeated or opposite decision. (K-08)
    case secondDecision = "decision.second"
    /// Whether a decided login can be read. (K-09)
    case getAfterDecision = "get.after_decision"
    /// Calls fail. (K-10)
    case callFail = "call.fail"
    /// The connection breaks. (K-11)
    case callDrop = "call.drop"
    /// The response is late or slow. (K-12)
    case callSlow = "call.slow"
    /// Calls are limited. (K-13)
    case rateLimit = "call.429"
    /// Access tokens expire early. (K-14)
    case tokenTTL = "token.ttl"
    /// An access token is revoked. (K-15)
    case tokenRevoke = "token.revoke"
    /// The token endpoint fails. (K-16)
    case tokenFail = "token.fail"
    /// Access tokens lack a scope. (K-17)
    case scopeMissing = "scope.missing"
    /// Requests name no user. (K-18)
    case hintNone = "hint.none"
    /// Starts have an old or invalid form. (K-19)
    case startShape = "start.shape"
    /// The client's notification endpoint fails. (K-20)
    case ping = "ping"
    /// The consent changes after it was shown. (K-21)
    case consentChange = "consent.change"
    /// The consent cannot be read or shown. (K-22)
    case consentGet = "consent.get"
    /// The link in the response to a decision. (K-23)
    case redirectTo = "redirect_to"
    /// The credentials of calls to the service. (K-24)
    case basic = "basic"
    /// The certificate that new connections see. (K-25)
    case tls = "tls"
    /// Calls are redirected. (K-26)
    case redirect = "redirect"
    /// `expires_at` is wrong. (K-27)
    case clockSkew = "clock.skew"
    /// The login ends early. (K-28)
    case expireEarly = "expire.early"
    /// Several logins for one consent. (K-29)
    case sameConsent = "same_consent"
    /// More logins start. (K-30)
    case burst = "burst"
}

/// What a knob applies to. Every given property must match.
public struct KnobMatch: Hashable, Sendable {
    /// The user identifier; `*` matches any characters.
    public var user: String?
    /// The id of the login.
    public var loginID: String?
    /// `verify`, `start`, `get`, `accept`, `reject`, `token` (the system token endpoint).
    public var operation: String?

    /// Matches everything with the given properties.
    public init(user: String? = nil, loginID: String? = nil, operation: String? = nil) {
        self.user = user
        self.loginID = loginID
        self.operation = operation
    }

    func accepts(user: String?, loginID: String?, operation: String?) -> Bool {
        if let wanted = self.user {
            guard let user, Self.glob(Array(wanted), Array(user)) else { return false }
        }
        if let wanted = self.loginID, wanted != loginID { return false }
        if let wanted = self.operation, wanted != operation { return false }
        return true
    }

    /// Linear in practice: only the latest star is ever retried.
    private static func glob(_ pattern: [Character], _ text: [Character]) -> Bool {
        var (at, place) = (0, 0)
        var star: (at: Int, place: Int)?
        while place < text.count {
            if at < pattern.count, pattern[at] == "*" {
                star = (at, place)
                at += 1
            } else if at < pattern.count, pattern[at] == text[place] {
                at += 1
                place += 1
            } else if let back = star {
                star = (back.at, back.place + 1)
                at = back.at + 1
                place = back.place + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == "*" }
    }
}

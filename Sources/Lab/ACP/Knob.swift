/// A behaviour of the authorization server that can be varied. The raw value is its name in
/// `POST /_sim/knobs`; the comment gives its number in the list of behaviours and its values.
public enum KnobName: String, Hashable, Sendable, CaseIterable {
    /// K-01: `before_answer`, `after_answer`, `inside`.
    case startOrder = "start.order"
    /// K-02: `{"count": 2, "gap_ms": 0, "parallel": false}`, or the count alone.
    case startRepeat = "start.repeat"
    /// K-03: milliseconds before the first delivery.
    case startDelay = "start.delay"
    /// K-04: `{"attempts": 3, "backoff_ms": [0, 100]}`.
    case startRetry = "start.retry_until"
    /// K-05: `unknown_user_id`, `access_denied`, `server_error`.
    case verifyMap = "verify.map"
    /// K-06: `off`, `400`, `403`, `404`, `expect_other`.
    case loginStateCheck = "login_state.check"
    /// K-07: `login_state`, `state`, `both_equal`, `both_different`, `none`.
    case stateField = "start.state_field"
    /// K-08: `same_200`, `same_409`, `other_409`, `404`.
    case secondDecision = "decision.second"
    /// K-09: `visible`, `404`.
    case getAfterDecision = "get.after_decision"
    /// K-10: a list of statuses, one a call, 200 for "as usual"; or
    /// `{"statuses": [500], "processed": true}` for failures that did their work.
    case callFail = "call.fail"
    /// K-11: `before_processing`, `after_processing`, `mid_body`.
    case callDrop = "call.drop"
    /// K-12: milliseconds before the first byte, or
    /// `{"first_byte_ms": 500, "bytes_per_second": 100}`.
    case callSlow = "call.slow"
    /// K-13: the value of `Retry-After`; `date:SECONDS` for an HTTP date, null for none.
    case rateLimit = "call.429"
    /// K-14: seconds.
    case tokenTTL = "token.ttl"
    /// K-15: `once`, or the number of uses after which one call gets 401.
    case tokenRevoke = "token.revoke"
    /// K-16: `invalid_client`, 401, 429, 500, `timeout`, `content_type`.
    case tokenFail = "token.fail"
    /// K-17: the scope that tokens lack.
    case scopeMissing = "scope.missing"
    /// K-18: `obuk_intent_only`, `ofb_option2`, or `{"user": "..."}` for the claimed user.
    case hintNone = "hint.none"
    /// K-19: one or several of `scopes_objects`, `scopes_string`, `scopes_null`, `acr_null`,
    /// `acr_array`, `unknown_members`, `no_expires_at`, `large_body`, `duplicate_keys`.
    case startShape = "start.shape"
    /// K-20: `off`, 500, `slow`, `redirect`.
    case ping = "ping"
    /// K-21: how many GETs show the true consent before it changes, or
    /// `{"after": 1, "what": "amount"}` with `amount` or `payee`.
    case consentChange = "consent.change"
    /// K-22: 404, 403, 500, `missing_amount`, `other_type`, `huge_list`, `html`.
    case consentGet = "consent.get"
    /// K-23: `absent`, `empty`, `decoy`.
    case redirectTo = "redirect_to"
    /// K-24: `wrong`, `absent`, `old`, or `{"user": "...", "password": "..."}`.
    case basic = "basic"
    /// K-25: `expired`, `wrong_name`, `unknown_ca`: the certificate that new connections see. Only
    /// for who listens with TLS.
    case tls = "tls"
    /// K-26: 301 or 307.
    case redirect = "redirect"
    /// K-27: seconds by which `expires_at` is off.
    case clockSkew = "clock.skew"
    /// K-28: milliseconds by which the login dies before its `expires_at`.
    case expireEarly = "expire.early"
    /// K-29: `allow` lets a consent have several live logins, `twice` starts a second one as well.
    case sameConsent = "same_consent"
    /// K-30: `{"count": 100, "per_second": 50, "many_users": false}` more logins beside the one that a
    /// client asks for; `POST /_sim/logins` takes the same members.
    case burst = "burst"
}

/// What a knob applies to. All that is given must agree.
public struct KnobMatch: Hashable, Sendable {
    /// The user identifier; `*` stands for any run of characters.
    public var user: String?
    /// The login's id.
    public var loginID: String?
    /// `verify`, `start`, `get`, `accept`, `reject`, `token` (the system token endpoint).
    public var operation: String?

    /// A match for everything that agrees with what is given.
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

    /// Linear in practice: a star only ever gives back to the latest one before it.
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

/// How the knobs are explained by `beckon-lab simulate acp --help`. `Contract.md` says besides what the
/// service must do.
extension KnobName {
    /// The values it takes.
    public var values: String {
        switch self {
        case .startOrder:
            "before_answer, after_answer, inside"
        case .startRepeat:
            #"a count, or {"count": 2, "gap_ms": 0, "parallel": false}"#
        case .startDelay:
            "milliseconds"
        case .startRetry:
            #"{"attempts": 3, "backoff_ms": [0, 100]}"#
        case .verifyMap:
            "unknown_user_id, access_denied, server_error"
        case .loginStateCheck:
            "off, 400, 403, 404, expect_other"
        case .stateField:
            "login_state, state, both_equal, both_different, none"
        case .secondDecision:
            "same_200, same_409, other_409, 404"
        case .getAfterDecision:
            "visible, 404"
        case .callFail:
            #"a list of statuses, or {"statuses": [500], "processed": true}"#
        case .callDrop:
            "before_processing, after_processing, mid_body"
        case .callSlow:
            #"milliseconds, or {"first_byte_ms": 500, "bytes_per_second": 100}"#
        case .rateLimit:
            "the value of Retry-After; date:SECONDS for a date; null for none"
        case .tokenTTL:
            "seconds"
        case .tokenRevoke:
            "once, or a number of uses"
        case .tokenFail:
            "invalid_client, 401, 429, 500, timeout, content_type"
        case .scopeMissing:
            "a scope"
        case .hintNone:
            #"obuk_intent_only, ofb_option2, {"user": "…"}"#
        case .startShape:
            "scopes_objects, scopes_string, scopes_null, acr_null, acr_array, unknown_members, no_expires_at, large_body, duplicate_keys"
        case .ping:
            "off, 500, slow, redirect"
        case .consentChange:
            #"a number of views, or {"after": 1, "what": "amount"} with amount or payee"#
        case .consentGet:
            "404, 403, 500, missing_amount, other_type, huge_list, html"
        case .redirectTo:
            "absent, empty, decoy"
        case .basic:
            #"wrong, absent, old, {"user": "…", "password": "…"}"#
        case .tls:
            "expired, wrong_name, unknown_ca"
        case .redirect:
            "301, 307"
        case .clockSkew:
            "seconds"
        case .expireEarly:
            "milliseconds"
        case .sameConsent:
            "allow, twice"
        case .burst:
            #"{"count": 100, "per_second": 50, "many_users": false}"#
        }
    }

    /// What it does.
    public var effect: String {
        switch self {
        case .startOrder:
            "the start is sent before, after or during the response to the client's request"
        case .startRepeat:
            "the same start is sent again"
        case .startDelay:
            "the start is late, or after the end of the login"
        case .startRetry:
            "the start is retried after a response other than 2xx, or a timeout"
        case .verifyMap:
            "the error that the client gets if the user cannot be reached"
        case .loginStateCheck:
            "the response to a wrong login_state; expect_other makes every value wrong"
        case .stateField:
            "the members that hold the state, as old and new versions of ACP name them"
        case .secondDecision:
            "the response to a repeated or opposite decision"
        case .getAfterDecision:
            "whether a login can be read after its decision"
        case .callFail:
            "calls fail, then succeed; processed fails after the work was done"
        case .callDrop:
            "the connection breaks before or after the call was processed, or in the middle of the body"
        case .callSlow:
            "the response is late or slow"
        case .rateLimit:
            "calls are limited"
        case .tokenTTL:
            "access tokens expire early"
        case .tokenRevoke:
            "one call gets 401"
        case .tokenFail:
            "the token endpoint fails"
        case .scopeMissing:
            "access tokens lack the scope: calls get 403"
        case .hintNone:
            "a client's request names no user"
        case .startShape:
            "starts have an old or invalid form"
        case .ping:
            "the client's notification endpoint fails"
        case .consentChange:
            "the consent changes after it was shown"
        case .consentGet:
            "the consent cannot be read or shown"
        case .redirectTo:
            "the response to a decision has no link, an empty one or one that must not be followed"
        case .basic:
            "the credentials of calls to Beckon"
        case .tls:
            "the certificate that new connections see; needs --tls"
        case .redirect:
            "a call is redirected"
        case .clockSkew:
            "expires_at is wrong by so much"
        case .expireEarly:
            "the login ends before its expires_at"
        case .sameConsent:
            "several logins for one consent are pending; twice also starts a second one"
        case .burst:
            "more logins start besides the requested one"
        }
    }
}

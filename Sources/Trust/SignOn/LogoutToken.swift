public import JOSE
import JSON
public import Logins

/// What a logout token that passed every check says (OpenID Connect Back-Channel Logout 1.0 §2.4).
public struct LogoutClaims: Hashable, Sendable {
    public let issuer: String
    /// Whose sessions end; nil if only `session` says it.
    public let subject: String?
    /// Which of the provider's sessions ends; nil for all of the subject.
    public let session: String?
    /// `jti`: the token counts once.
    public let tokenID: String
    /// From then on the token would be refused as too old.
    public let usableUntil: Timestamp
}

extension IDTokenCheck {
    private static let logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
    /// `typ` of the header, if there is one. Older providers write that of every JWT.
    private static let logoutTypes = ["logout+jwt", "JWT"]

    /// The claims of a logout token that passes every check (OpenID Connect Back-Channel Logout 1.0
    /// §2.6). That it is used for the first time is the caller's to check.
    ///
    /// - Throws: `IDTokenRefusal` for the first check that fails.
    public func logout(
        by token: String,
        keys: JWKSet,
        at now: Timestamp
    ) throws(IDTokenRefusal) -> LogoutClaims {
        let (header, claims) = try verified(token, keys: keys)
        let rules = TokenRules(claims, at: now)
        let isLogout =
            header.members["typ"] == nil || Self.logoutTypes.contains(where: header.isType)
        guard isLogout else { throw IDTokenRefusal(.type, "typ", of: header.members["typ"]) }
        try requireOrigin(rules, needsSubject: false)
        try requireTimes(rules, needsExpiry: false)
        let event = claims["events"]?.object?[Self.logoutEvent]
        try rules.require(event?.object != nil, .events, "events")
        // An ID token must not pass for a logout token.
        try rules.require(claims["nonce"] == nil, .nonce, "nonce")
        let session = claims["sid"]?.string
        if claims["sid"] != nil {
            try rules.require(session.map(Self.isSession) ?? false, .session, "sid")
        }
        let subject = claims["sub"]?.string
        try rules.require(session != nil || subject != nil, .session, "sid")
        let id = claims["jti"]?.string ?? ""
        try rules.require((1...255).contains(id.utf8.count), .tokenID, "jti")
        return LogoutClaims(
            issuer: issuer,
            subject: subject,
            session: session,
            tokenID: id,
            usableUntil: (rules.issuedAt ?? now) + Self.longestAge + .seconds(1)
        )
    }
}

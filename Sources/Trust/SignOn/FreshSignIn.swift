import Cryptography
public import JSON
public import Logins
import Texts

/// A sign-in that confirms one decision of one user, and begins no session.
///
/// The nonce of its ID token contains `challenge`, so the provider signs what the decision is bound to.
public struct FreshSignIn: Hashable, Sendable {
    /// 32 bytes (`DecisionChallenge`).
    public let challenge: [UInt8]
    /// Who must sign in.
    public let user: UserID
    /// What the caller needs to know afterwards. The browser keeps it; it can read it and not change
    /// it. A few hundred bytes.
    public let context: JSONValue
    /// The page to go back to, with the path of the public URL.
    public let page: String
    /// Names the login in the log and the audit.
    public let login: String

    public init(
        challenge: [UInt8],
        user: UserID,
        context: JSONValue,
        page: String,
        login: String
    ) {
        self.challenge = challenge
        self.user = user
        self.context = context
        self.page = page
        self.login = login
    }

    init?(_ json: JSONValue) {
        guard let challenge = json["challenge"]?.string.flatMap({ Base64URL.decode($0) }),
            let user = json["user"]?.string.flatMap({ UserID($0) }), let context = json["context"],
            let page = json["page"]?.string, let login = json["login"]?.string
        else { return nil }
        self.init(challenge: challenge, user: user, context: context, page: page, login: login)
    }

    var json: JSONValue {
        .members([
            "challenge": .string(Base64URL.encode(challenge)), "user": .string(user.value),
            "context": context, "page": .string(page), "login": .string(login),
        ])
    }
}

/// What a fresh sign-in must show beyond what every ID token must.
struct FreshnessRule {
    /// When the person was sent to the provider, and now, by our clock.
    let begun: Timestamp
    let now: Timestamp
    let leeway: Duration
    /// The `acr` of which one is demanded; empty for any.
    let contexts: [String]

    /// `auth_time` and `iat` have whole seconds.
    private static let rounding = Duration.seconds(2)

    /// The authentication, if it was made for this sign-in: not longer before the token was issued
    /// than the person was away. Both times are the provider's, so a wrong clock does not matter.
    func authentication(
        of claims: IDTokenClaims
    ) throws(IDTokenRefusal) -> Evidence.SignIn {
        let found = claims.authentication
        guard let at = found.at, at <= now + leeway,
            claims.issuedAt - at <= (now - begun) + Self.rounding
        else {
            let seconds = found.at.map { JSONValue.integer($0.milliseconds / 1000) }
            throw IDTokenRefusal(.authenticationTime, "auth_time", of: seconds)
        }
        let isStrong = found.context.map { context in
            contexts.contains { $0.isExactly(context) }
        }
        guard contexts.isEmpty || isStrong ?? false else {
            throw IDTokenRefusal(
                .authenticationContext,
                "acr",
                of: found.context.map { .string($0) },
                expected: .texts(contexts)
            )
        }
        return Evidence.SignIn(
            issuer: claims.issuer,
            at: at,
            context: found.context,
            methods: found.methods
        )
    }
}

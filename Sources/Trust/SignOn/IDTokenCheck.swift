public import JOSE
import JSON
public import Logins
import Texts

/// The checks of an ID token (OpenID Connect Core 1.0 §3.1.3.7), and of the claims that a sign-in at
/// Beckon needs. Pure: the caller has the keys, the nonce and the time.
public struct IDTokenCheck: Hashable, Sendable {
    /// The exact `iss`.
    public var issuer: String
    /// Our client id at the provider.
    public var clientID: String
    /// The accepted algorithms. HS256 only where the operator has chosen it.
    public var algorithms: Set<SignatureAlgorithm>
    /// The accepted difference between the clocks, 0 to 5 minutes.
    public var leeway: Duration
    /// Whether `email_verified` may be the text `true`, as some providers write it.
    public var allowsVerifiedAsText: Bool
    /// Audiences that may be beside ours. If there are some, no other may be.
    public var extraAudiences: Set<String>
    /// The full names of the custom claims that must be texts, such as
    /// `https://bank.example/ciba_user`.
    public var customClaims: [String]

    /// `iat` may be so long ago: the token is fetched right after it was issued.
    public static let longestAge = Duration.seconds(600)
    /// The longest `sub` (OpenID Connect Core 1.0 §2), in ASCII characters.
    public static let longestSubject = 255
    /// By default no secret is shared: the provider's own public keys.
    public static let standardAlgorithms = SignatureAlgorithm.asymmetric

    public init(
        issuer: String,
        clientID: String,
        algorithms: Set<SignatureAlgorithm> = standardAlgorithms,
        leeway: Duration = .seconds(60),
        allowsVerifiedAsText: Bool = false,
        extraAudiences: Set<String> = [],
        customClaims: [String]
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.algorithms = algorithms
        self.leeway = leeway
        self.allowsVerifiedAsText = allowsVerifiedAsText
        self.extraAudiences = extraAudiences
        self.customClaims = customClaims
    }

    /// The claims of a token that passes every check.
    ///
    /// - Throws: `IDTokenRefusal` for the first check that fails.
    public func claims(
        of token: String,
        keys: JWKSet,
        nonce: String,
        at now: Timestamp
    ) throws(IDTokenRefusal) -> IDTokenClaims {
        try claims(verified(token, keys: keys).claims, nonce: nonce, at: now)
    }

    /// The header and the claims of a token whose signature is right.
    func verified(
        _ token: String,
        keys: JWKSet
    ) throws(IDTokenRefusal) -> (header: JWS.Header, claims: JSONObject) {
        let jws: JWS
        do { jws = try JWS.verify(token, keys: keys, allowed: algorithms) } catch {
            throw signature(error)
        }
        let limits = JSONLimits(depth: JOSELimits.depth)
        guard let claims = (try? JSONValue(jws.payload, limits: limits))?.object else {
            throw signature(.notJSONObject)
        }
        return (jws.header, claims)
    }

    /// The refusal of a token whose signature or form is wrong.
    private func signature(_ error: JOSEError) -> IDTokenRefusal {
        var refusal = IDTokenRefusal(.signature, nil, cause: error)
        if error == .algorithm {
            refusal.claim = "alg"
            refusal.expected = .texts(algorithms.map(\.rawValue).sorted())
        }
        return refusal
    }

    private func claims(
        _ claims: JSONObject,
        nonce: String,
        at now: Timestamp
    ) throws(IDTokenRefusal) -> IDTokenClaims {
        let rules = TokenRules(claims, at: now)
        try requireOrigin(rules)
        try requireTimes(rules, needsExpiry: true)
        try rules.require(claims["nonce"]?.string?.isExactly(nonce) ?? false, .nonce, "nonce")

        let email = claims["email"]?.string ?? ""
        try rules.require(Self.isEmail(email), .email, "email")
        let isVerified =
            switch claims["email_verified"] {
            case .bool(let isVerified): isVerified
            case .string(let text): allowsVerifiedAsText && text.isExactly("true")
            default: false
            }
        try rules.require(
            isVerified,
            .emailNotVerified,
            "email_verified",
            expected: .bool(true)
        )
        for name in ["given_name", "family_name"] {
            try rules.require(claims[name]?.string.map(Self.isName) ?? false, .name, name)
        }
        var custom: [String: String] = [:]
        for name in customClaims {
            let value = claims[name]?.string ?? ""
            try rules.require(!value.isEmpty, .customClaim, name)
            custom[name] = value
        }
        return IDTokenClaims(
            issuer: issuer,
            subject: claims["sub"]?.string ?? "",
            email: email,
            givenName: claims["given_name"]?.string ?? "",
            familyName: claims["family_name"]?.string ?? "",
            custom: custom,
            skewSeconds: rules.skewSeconds ?? 0,
            session: claims["sid"]?.string.flatMap { Self.isSession($0) ? $0 : nil },
            issuedAt: rules.issuedAt ?? now,
            authentication: IDTokenClaims.Authentication(
                at: claims["auth_time"].flatMap { JWT.NumericDate($0) }.map(Self.time),
                context: claims["acr"]?.string,
                methods: claims["amr"]?.strings ?? []
            )
        )
    }

    /// Who issued the token, about whom, and for whom. A token without `sub` is only accepted where
    /// it need not have one.
    func requireOrigin(
        _ rules: TokenRules,
        needsSubject: Bool = true
    ) throws(IDTokenRefusal) {
        let claims = rules.claims
        try rules.require(
            claims["iss"]?.string?.isExactly(issuer) ?? false,
            .issuer,
            "iss",
            expected: .string(issuer)
        )
        if needsSubject || claims["sub"] != nil {
            try rules.require(Self.isSubject(claims["sub"]?.string ?? ""), .subject, "sub")
        }
        let expected = JSONValue.string(clientID)
        try rules.require(hasOurAudience(claims["aud"]), .audience, "aud", expected: expected)
        try rules.require(isAuthorizedParty(claims), .audience, "azp", expected: expected)
    }

    /// Whether the token is in force, and new.
    func requireTimes(
        _ rules: TokenRules,
        needsExpiry: Bool
    ) throws(IDTokenRefusal) {
        let claims = rules.claims
        let now = rules.now
        if needsExpiry || claims["exp"] != nil {
            let expiry = claims["exp"].flatMap { JWT.NumericDate($0) }
            let isInForce = expiry.map { now < Self.time($0) + leeway } ?? false
            try rules.require(isInForce, .expired, "exp")
        }
        let isCurrent = rules.issuedAt.map {
            $0 <= now + leeway && now <= $0 + Self.longestAge
        }
        try rules.require(isCurrent ?? false, .issuedAt, "iat")
        if let value = claims["nbf"] {
            let start = JWT.NumericDate(value)
            let hasBegun = start.map { Self.time($0) <= now + leeway } ?? false
            try rules.require(hasBegun, .issuedAt, "nbf")
        }
    }

    static func time(_ date: JWT.NumericDate) -> Timestamp {
        Timestamp(milliseconds: date.milliseconds)
    }

    /// A session's identifier at the provider (`sid`) that can be kept: 1 to 255 printable ASCII
    /// characters, as of `sub`.
    static func isSession(_ text: String) -> Bool { isSubject(text) }

    /// 1 to 255 printable ASCII characters.
    private static func isSubject(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= longestSubject
            && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    private static func isEmail(_ text: String) -> Bool {
        let parts = text.split(byte: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 320
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
    }

    /// Not only space, and without U+0000, which not every store can hold.
    private static func isName(_ text: String) -> Bool {
        text.unicodeScalars.contains { !$0.properties.isWhitespace } && !text.utf8.contains(0)
    }

    /// A text, or a list of texts with ours among them.
    private func hasOurAudience(_ value: JSONValue?) -> Bool {
        guard let value, let audiences = Self.audiences(value) else { return false }
        return audiences.contains { $0.isExactly(clientID) }
    }

    private static func audiences(_ value: JSONValue) -> [String]? {
        value.string.map { [$0] } ?? value.strings
    }

    /// `azp` is ours wherever there is one. With other audiences beside ours it must be there, unless
    /// the operator expects each of them.
    private func isAuthorizedParty(_ claims: JSONObject) -> Bool {
        let others = (claims["aud"].flatMap(Self.audiences) ?? []).filter {
            !$0.isExactly(clientID)
        }
        let areExpected = others.allSatisfy { other in
            extraAudiences.contains { $0.isExactly(other) }
        }
        guard let party = claims["azp"] else { return areExpected }
        guard party.string?.isExactly(clientID) ?? false else { return false }
        return areExpected || extraAudiences.isEmpty
    }
}

public import JOSE
public import JSON
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
        let jws: JWS
        do { jws = try JWS.verify(token, keys: keys, allowed: algorithms) } catch {
            throw signature(error)
        }
        let limits = JSONLimits(depth: JOSELimits.depth)
        guard let claims = (try? JSONValue(jws.payload, limits: limits))?.object else {
            throw signature(.notJSONObject)
        }
        return try self.claims(claims, nonce: nonce, at: now)
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
        let current = JWT.NumericDate(milliseconds: now.milliseconds)
        let issuedAt = claims["iat"].flatMap { JWT.NumericDate($0) }
        let skew = issuedAt.map { Int(($0.milliseconds - current.milliseconds) / 1000) }
        func require(
            _ holds: Bool,
            _ code: IDTokenRefusal.Code,
            _ claim: String,
            expected: JSONValue? = nil
        ) throws(IDTokenRefusal) {
            if holds { return }
            var refusal = IDTokenRefusal(code, claim, of: claims[claim])
            refusal.expected = expected
            refusal.skewSeconds = skew
            throw refusal
        }

        try require(
            claims["iss"]?.string?.isExactly(issuer) ?? false,
            .issuer,
            "iss",
            expected: .string(issuer)
        )
        let subject = claims["sub"]?.string ?? ""
        try require(Self.isSubject(subject), .subject, "sub")
        try require(hasOurAudience(claims["aud"]), .audience, "aud", expected: .string(clientID))
        try require(isAuthorizedParty(claims), .audience, "azp", expected: .string(clientID))

        let expiry = claims["exp"].flatMap { JWT.NumericDate($0) }
        try require(expiry.map { now < Self.time($0) + leeway } ?? false, .expired, "exp")
        let isCurrent = issuedAt.map {
            let time = Self.time($0)
            return time <= now + leeway && now <= time + Self.longestAge
        }
        try require(isCurrent ?? false, .issuedAt, "iat")
        if let value = claims["nbf"] {
            let start = JWT.NumericDate(value)
            try require(start.map { Self.time($0) <= now + leeway } ?? false, .issuedAt, "nbf")
        }
        try require(claims["nonce"]?.string?.isExactly(nonce) ?? false, .nonce, "nonce")

        let email = claims["email"]?.string ?? ""
        try require(Self.isEmail(email), .email, "email")
        let isVerified =
            switch claims["email_verified"] {
            case .bool(let isVerified): isVerified
            case .string(let text): allowsVerifiedAsText && text.isExactly("true")
            default: false
            }
        try require(isVerified, .emailNotVerified, "email_verified", expected: .bool(true))
        for name in ["given_name", "family_name"] {
            try require(claims[name]?.string.map(Self.isName) ?? false, .name, name)
        }
        var custom: [String: String] = [:]
        for name in customClaims {
            let value = claims[name]?.string ?? ""
            try require(!value.isEmpty, .customClaim, name)
            custom[name] = value
        }
        return IDTokenClaims(
            issuer: issuer,
            subject: subject,
            email: email,
            givenName: claims["given_name"]?.string ?? "",
            familyName: claims["family_name"]?.string ?? "",
            custom: custom,
            skewSeconds: skew ?? 0
        )
    }

    private static func time(_ date: JWT.NumericDate) -> Timestamp {
        Timestamp(milliseconds: date.milliseconds)
    }

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

    private static func isName(_ text: String) -> Bool {
        text.unicodeScalars.contains { !$0.properties.isWhitespace }
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

/// What an ID token that passed every check says.
public struct IDTokenClaims: Hashable, Sendable {
    /// The person is `issuer` and `subject` together, never the e-mail address.
    public let issuer: String
    public let subject: String
    /// Verified by the provider.
    public let email: String
    public let givenName: String
    public let familyName: String
    /// The custom claims by their full names.
    public let custom: [String: String]
    /// How far `iat` is ahead of our clock.
    public let skewSeconds: Int
}

/// The check that an ID token failed. It contains no value of the token but a Boolean.
public struct IDTokenRefusal: Error, Hashable, Sendable {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case signature
        case issuer
        case subject
        case audience
        case expired
        case issuedAt = "issued_at"
        case nonce
        case email
        case emailNotVerified = "email_not_verified"
        case name
        case customClaim = "custom_claim"
    }

    public let code: Code
    /// The name of the claim or header parameter; nil for the token as a whole.
    public internal(set) var claim: String?
    /// The value that was expected, where it is a constant of the configuration.
    public internal(set) var expected: JSONValue?
    /// A Boolean, or the type of what came; `absent` if nothing did.
    public let got: JSONValue
    /// How far `iat` is ahead of our clock; nil if it is not known.
    public internal(set) var skewSeconds: Int?
    /// Why a signature was refused, for the audit.
    public let cause: JOSEError?

    init(_ code: Code, _ claim: String?, of value: JSONValue?) {
        self.code = code
        self.claim = claim
        got = Self.shown(value)
        cause = nil
    }

    init(_ code: Code, _ claim: String?, cause: JOSEError) {
        self.code = code
        self.claim = claim
        got = .string("text")
        self.cause = cause
    }

    private static func shown(_ value: JSONValue?) -> JSONValue {
        switch value {
        case nil: .string("absent")
        case .null: .string("null")
        case .bool(let flag): .bool(flag)
        case .number: .string("number")
        case .string(let text): .string(text.isEmpty ? "empty text" : "text")
        case .array: .string("list")
        case .object: .string("object")
        }
    }
}

extension IDTokenRefusal: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        let about = claim.map { " (\($0))" } ?? ""
        return code.rawValue + about + (cause.map { ": \($0)" } ?? "")
    }
}

public import JSON

/// JSON Web Tokens (RFC 7519), always signed.
public enum JWT {
    /// The registered claims (RFC 7519 §4.1).
    public enum Claim: String, Hashable, Sendable, CaseIterable {
        case issuer = "iss"
        case subject = "sub"
        case audience = "aud"
        case expiresAt = "exp"
        case notBefore = "nbf"
        case issuedAt = "iat"
        case id = "jti"
    }

    /// A NumericDate (RFC 7519 §2): a time since the epoch, to the millisecond.
    public struct NumericDate: Hashable, Comparable, Sendable {
        public let milliseconds: Int64

        public init(milliseconds: Int64) { self.milliseconds = milliseconds }
        public init(seconds: Int64) { milliseconds = seconds * 1000 }

        public static func < (left: NumericDate, right: NumericDate) -> Bool {
            left.milliseconds < right.milliseconds
        }

        /// Times beyond the year 9999 are nobody's.
        private static let last = 253_402_300_799.0

        init?(_ value: JSONValue) {
            guard case .number(let text) = value, let seconds = Double(text),
                (0...Self.last).contains(seconds)
            else { return nil }
            milliseconds = Int64((seconds * 1000).rounded(.down))
        }

        /// Whole seconds: some readers take nothing else.
        var json: JSONValue { .number("\(milliseconds / 1000)") }

        func advanced(by duration: Duration) -> NumericDate {
            let (seconds, attoseconds) = duration.components
            return NumericDate(
                milliseconds: milliseconds + seconds * 1000 + attoseconds / 1_000_000_000_000_000
            )
        }
    }

    /// What a token claims.
    public struct Claims: Sendable {
        public var issuer: String?
        public var subject: String?
        /// `aud`; one text on the wire if it is one.
        public var audience: [String] = []
        public var expiresAt: NumericDate?
        public var notBefore: NumericDate?
        public var issuedAt: NumericDate?
        public var id: String?
        /// Everything else, in order.
        public var others = JSONObject()

        public init() {}

        public subscript(name: String) -> JSONValue? { others[name] }
    }

    /// What must be true of a token's claims.
    public struct Expectations: Sendable {
        /// Any one of these must have issued it; nil asks nothing.
        public var issuers: Set<String>?
        /// Any one of these must be in its audience; nil asks nothing.
        public var audiences: Set<String>?
        /// Nobody else may be in its audience: who is could use the token against us.
        public var allowsOtherAudiences = true
        public var subject: String?
        /// Claims that must be there. Times that are there are checked in any case.
        public var required: Set<Claim> = [.expiresAt]
        /// How far two clocks may differ.
        public var leeway = Duration.seconds(30)
        /// The longest time from `iat` (or now, if that is missing) to `exp`; nil asks nothing.
        public var longestLife: Duration?
        /// The value of `typ`; nil asks nothing.
        public var type: String?

        public init() {}
    }

    /// Signs claims; `type` becomes `typ`.
    ///
    /// - Throws: `JOSEError`.
    public static func sign(
        _ claims: Claims,
        type: String? = "JWT",
        key: SigningKey
    ) throws(JOSEError) -> String {
        let header = type.map { [JSONObject.Member(name: "typ", value: .string($0))] } ?? []
        return try JWS.sign(
            payload: claims.json.bytes,
            header: JSONObject(header),
            key: key
        )
    }

    /// Verifies a token's signature and then its claims.
    ///
    /// - Throws: `JOSEError`.
    public static func verify(
        _ token: String,
        keys: JWKSet,
        allowed: Set<SignatureAlgorithm>,
        expecting expectations: Expectations,
        at now: NumericDate
    ) throws(JOSEError) -> Claims {
        let jws = try JWS.verify(token, keys: keys, allowed: allowed)
        if let type = expectations.type {
            guard jws.header.isType(type) else { throw .type }
        }
        let claims = try Claims(payload: jws.payload)
        try claims.check(expectations, at: now)
        return claims
    }
}

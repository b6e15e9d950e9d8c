import Cryptography
public import JSON
import Texts

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

        private static let names = allCases.map(\.rawValue)

        /// Whether a claim of this name is one of them.
        static func has(_ name: String) -> Bool {
            // All are this short, and most other claims are not.
            name.utf8.count == 3 && names.contains(where: name.isExactly)
        }
    }

    /// A NumericDate (RFC 7519 §2): a time since the epoch, to the millisecond.
    public struct NumericDate: Hashable, Comparable, Sendable {
        /// Since 1970.
        public let milliseconds: Int64

        /// From milliseconds since 1970.
        public init(milliseconds: Int64) { self.milliseconds = milliseconds }
        /// From seconds since 1970.
        public init(seconds: Int64) { milliseconds = seconds * 1000 }

        public static func < (left: NumericDate, right: NumericDate) -> Bool {
            left.milliseconds < right.milliseconds
        }

        /// Times after the year 9999 are refused.
        private static let last = 253_402_300_799.0

        /// Nil for what is not a number of seconds from 1970 to the year 9999. A number may be written
        /// in any form, such as `1.7e9`; a text is none.
        public init?(_ value: JSONValue) {
            guard case .number(let text) = value, let seconds = Double(text),
                (0...Self.last).contains(seconds)
            else { return nil }
            milliseconds = Int64((seconds * 1000).rounded(.down))
        }

        /// Whole seconds: some readers accept nothing else.
        var json: JSONValue { .number("\(milliseconds / 1000)") }

        func advanced(by duration: Duration) -> NumericDate {
            let (seconds, attoseconds) = duration.components
            return NumericDate(
                milliseconds: milliseconds + seconds * 1000 + attoseconds / 1_000_000_000_000_000
            )
        }
    }

    /// The claims of a token.
    public struct Claims: Sendable {
        /// `iss`.
        public var issuer: String?
        /// `sub`.
        public var subject: String?
        /// `aud`; written as one string if there is only one.
        public var audience: [String] = []
        /// `exp`.
        public var expiresAt: NumericDate?
        /// `nbf`.
        public var notBefore: NumericDate?
        /// `iat`.
        public var issuedAt: NumericDate?
        /// `jti`.
        public var id: String?
        /// All other claims, in their order.
        public var others = JSONObject()

        /// No claims.
        public init() {}

        /// One of the other claims.
        public subscript(name: String) -> JSONValue? { others[name] }
    }

    /// The conditions that the claims of a token must meet.
    public struct Expectations: Sendable {
        /// The accepted issuers; nil accepts any.
        public var issuers: Set<String>?
        /// At least one of these must be in the audience; nil accepts any.
        public var audiences: Set<String>?
        /// False refuses further audiences: one of them could replay the token.
        public var allowsOtherAudiences = true
        /// The expected `sub`; nil accepts any.
        public var subject: String?
        /// Claims that must be present. Times are always checked if present.
        public var required: Set<Claim> = [.expiresAt]
        /// The accepted difference between the clocks.
        public var leeway = Duration.seconds(30)
        /// The longest time from `iat` (or now, if it is missing) to `exp`; nil accepts any.
        public var longestLife: Duration?
        /// The expected `typ`; nil accepts any.
        public var type: String?

        /// Only requires `exp`.
        public init() {}
    }

    /// Signs claims; `type` is `typ` of the header.
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

    /// `iss` of a token of which nothing else is checked: whose keys to verify it with. Nil if there is
    /// none.
    public static func unverifiedIssuer(of token: String) -> String? {
        let token = Array(token.utf8)
        guard token.count <= JOSELimits.token else { return nil }
        let parts = CompactParts(token)
        guard parts.count == 3, let payload = Base64URL.decode(token.span.extracting(parts[1]))
        else { return nil }
        var scanner = JSONScanner(payload, limits: JSONLimits(depth: JOSELimits.depth))
        var issuer: String?
        do throws(JSONError) {
            try scanner.object { (scanner, name) throws(JSONError) in
                if name.isExactly("iss"), try scanner.kind() == .string {
                    issuer = try scanner.string()
                } else {
                    try scanner.skip()
                }
            }
            try scanner.end()
        } catch {
            return nil
        }
        return issuer
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

public import JOSE
public import JSON
import Logins

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
        /// Of sign-ins that confirm an approval alone.
        case authenticationTime = "auth_time"
        case authenticationContext = "acr"
        /// Of logout tokens alone.
        case type
        case events
        case session
        case tokenID = "token_id"
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

    init(_ code: Code, _ claim: String?, of value: JSONValue?, expected: JSONValue? = nil) {
        self.code = code
        self.claim = claim
        self.expected = expected
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

/// Claims that are checked one by one at one time, and what a refusal says about them.
struct TokenRules {
    let claims: JSONObject
    let now: Timestamp
    /// `iat`, if it is a time.
    let issuedAt: Timestamp?

    init(_ claims: JSONObject, at now: Timestamp) {
        self.claims = claims
        self.now = now
        issuedAt = claims["iat"].flatMap { JWT.NumericDate($0) }.map(IDTokenCheck.time)
    }

    /// How far `iat` is ahead of our clock.
    var skewSeconds: Int? { issuedAt.map { Int(($0 - now).milliseconds / 1000) } }

    func require(
        _ holds: Bool,
        _ code: IDTokenRefusal.Code,
        _ claim: String,
        expected: JSONValue? = nil
    ) throws(IDTokenRefusal) {
        if holds { return }
        var refusal = IDTokenRefusal(code, claim, of: claims[claim])
        refusal.expected = expected
        refusal.skewSeconds = skewSeconds
        throw refusal
    }
}

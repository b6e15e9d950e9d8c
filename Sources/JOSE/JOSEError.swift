public import Cryptography

/// Why a token, a key or a set of keys is refused. Of what was sent it contains only names.
public enum JOSEError: Error, Hashable, Sendable {
    /// Longer than the limit, in bytes.
    case tooLong(limit: Int)
    /// Not three parts separated by dots.
    case notCompact
    /// Five parts: an encrypted token (RFC 7516), which is not supported.
    case encrypted
    /// A part is not canonical base64url without padding (RFC 7515 §2).
    case notBase64URL
    /// The header or the claims are not one JSON object with unique names.
    case notJSONObject
    /// A member is missing.
    case missing(String)
    /// A member does not have the type or form that its specification requires.
    case malformed(String)
    /// Critical extensions that are not supported (RFC 7515 §4.1.11).
    case critical
    /// The algorithm is unknown, `none`, or not allowed by the caller.
    case algorithm
    /// None of the caller's keys fits the token.
    case noKey
    /// The signature is not valid for these bytes, key and algorithm.
    case signature
    /// `typ` is not the expected one (RFC 8725 §3.11).
    case type
    /// A shared secret with fewer bytes than its algorithm requires (RFC 7518 §3.2).
    case weakSecret(minimum: Int)
    /// A kind of key that is not supported: its `kty` or `crv`.
    case unsupportedKey
    /// The JWK contains a private or secret key where a public key is expected.
    case privateKey
    /// The key cannot be used.
    case key(KeyError)
    /// A claim does not have an expected value.
    case claim(JWT.Claim)
}

extension JOSEError: CustomStringConvertible {
    /// A sentence for logs and configuration errors.
    public var description: String {
        switch self {
        case .tooLong(let limit): "longer than \(limit) bytes"
        case .notCompact: "not a compact JWS: three parts with dots between them"
        case .encrypted: "encrypted, which is not supported"
        case .notBase64URL: "a part is not base64url"
        case .notJSONObject: "not a JSON object with each name once"
        case .missing(let name): "\(name) is missing"
        case .malformed(let name): "\(name) is malformed"
        case .critical: "it has extensions that must be understood and are not"
        case .algorithm: "the algorithm is not allowed"
        case .noKey: "no known key fits"
        case .signature: "the signature does not hold"
        case .type: "typ is not the expected one"
        case .weakSecret(let minimum): "the secret has fewer than \(minimum) bytes"
        case .unsupportedKey: "the kind of key is not supported"
        case .privateKey: "it contains a private key where a public key is expected"
        case .key(let error): "the key \(error)"
        case .claim(let claim): "the claim \(claim.rawValue) does not hold"
        }
    }
}

/// Limits for tokens and keys, in bytes unless stated otherwise.
public enum JOSELimits {
    /// A token. A signed authorization request with many details has a few thousand.
    public static let token = 65_536
    /// A decoded header.
    public static let header = 4_096
    /// A JWK or a JWK Set.
    public static let keySet = 262_144
    /// Number of keys in a set.
    public static let keys = 64
    /// A `kid`.
    public static let keyID = 256
    /// Nesting depth of the JSON of headers and claims.
    public static let depth = 16
}

public import Cryptography

/// Why a token, a key or a set of keys is not taken. Nothing in it repeats what was sent but names.
public enum JOSEError: Error, Hashable, Sendable {
    /// Longer than the limit, in bytes.
    case tooLong(limit: Int)
    /// Not three parts with a dot between each two.
    case notCompact
    /// Five parts: it is encrypted (RFC 7516), which is not supported.
    case encrypted
    /// A part is not base64url as RFC 7515 §2 has it: without padding, in the one way to write it.
    case notBase64URL
    /// The header or the claims are not one JSON object, each name once.
    case notJSONObject
    /// A member is missing.
    case missing(String)
    /// A member is not of the type or form that its specification says.
    case malformed(String)
    /// Extensions that must be understood and are not (RFC 7515 §4.1.11).
    case critical
    /// The algorithm is unknown, `none`, or not one that the caller allows.
    case algorithm
    /// No key of the caller's fits the token.
    case noKey
    /// The signature belongs to other bytes, another key or another algorithm.
    case signature
    /// `typ` is not the one that is expected (RFC 8725 §3.11).
    case type
    /// A shared secret of fewer bytes than its algorithm demands (RFC 7518 §3.2).
    case weakSecret(minimum: Int)
    /// A kind of key that is not supported, by its `kty` or `crv`.
    case unsupportedKey
    /// The JWK holds a private or secret key where a public one belongs.
    case privateKey
    /// The key itself is not usable.
    case key(KeyError)
    /// A claim does not hold.
    case claim(JWT.Claim)
}

extension JOSEError: CustomStringConvertible {
    /// A sentence for a log or for whoever wrote the configuration.
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
        case .privateKey: "it holds a private key where a public one belongs"
        case .key(let error): "the key \(error)"
        case .claim(let claim): "the claim \(claim.rawValue) does not hold"
        }
    }
}

/// What a token or a key may cost, in bytes unless said otherwise.
public enum JOSELimits {
    /// A whole token. A signed authorization request with rich details has a few thousand.
    public static let token = 65_536
    /// A header before its base64url.
    public static let header = 4_096
    /// A JWK or a JWK Set.
    public static let keySet = 262_144
    /// Keys in a set.
    public static let keys = 64
    /// A key's name.
    public static let keyID = 256
    /// How deep a header's or a claim's JSON nests.
    public static let depth = 16
}

public import Cryptography

/// The supported signature algorithms, with their names (RFC 7518 §3.1, RFC 8037 §3.1). `none` is
/// not one of them.
public enum SignatureAlgorithm: String, Hashable, Sendable, CaseIterable {
    case rs256 = "RS256"
    case ps256 = "PS256"
    case es256 = "ES256"
    /// With Ed25519.
    case edDSA = "EdDSA"
    /// With a shared secret.
    case hs256 = "HS256"

    /// The algorithms with a public key: the verifier cannot sign.
    public static let asymmetric: Set<SignatureAlgorithm> = [.rs256, .ps256, .es256, .edDSA]

    /// The scheme of a key pair; nil for a shared secret.
    public var scheme: SignatureScheme? {
        switch self {
        case .rs256: .rsaPKCS1
        case .ps256: .rsaPSS
        case .es256: .ecdsaP256
        case .edDSA: .ed25519
        case .hs256: nil
        }
    }

    /// The default algorithm for a key: PS256 for RSA, because RS256 is only for peers that require
    /// it (RFC 8725 §3.2, FAPI 2.0).
    public static func preferred(for kind: KeyKind) -> SignatureAlgorithm {
        switch kind {
        case .rsa: .ps256
        case .p256: .es256
        case .ed25519: .edDSA
        }
    }
}

/// A secret that two sides share, for HS256.
public struct SharedSecret: Hashable, Sendable {
    /// The length of the hash (RFC 7518 §3.2).
    public static let minimumBytes = 32

    private let bytes: [UInt8]

    /// - Throws: `JOSEError` with `.weakSecret`.
    public init(_ bytes: [UInt8]) throws(JOSEError) {
        guard bytes.count >= Self.minimumBytes else {
            throw .weakSecret(minimum: Self.minimumBytes)
        }
        self.bytes = bytes
    }

    func authenticate(_ message: [UInt8]) -> [UInt8] { HMAC.sha256(key: bytes, message) }
}

extension SharedSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "a shared secret" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

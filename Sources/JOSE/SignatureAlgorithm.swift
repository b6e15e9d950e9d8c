public import Cryptography

/// The algorithms that Beckon signs and verifies with, by the names of RFC 7518 §3.1 and
/// RFC 8037 §3.1. There is no `none`.
public enum SignatureAlgorithm: String, Hashable, Sendable, CaseIterable {
    case rs256 = "RS256"
    case ps256 = "PS256"
    case es256 = "ES256"
    /// With Ed25519.
    case edDSA = "EdDSA"
    /// Both sides hold the secret.
    case hs256 = "HS256"

    /// Those with a public key: whoever verifies cannot sign.
    public static let asymmetric: Set<SignatureAlgorithm> = [.rs256, .ps256, .es256, .edDSA]

    /// How a key pair signs; nil for a shared secret.
    public var scheme: SignatureScheme? {
        switch self {
        case .rs256: .rsaPKCS1
        case .ps256: .rsaPSS
        case .es256: .ecdsaP256
        case .edDSA: .ed25519
        case .hs256: nil
        }
    }

    /// The algorithm for a key when nothing says which: PS256 for RSA, because RS256 is only for
    /// peers that demand it (RFC 8725 §3.2, FAPI 2.0).
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
    /// As many bytes as the hash has (RFC 7518 §3.2).
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

/// The stored form of a high-entropy secret: `sha256:<salt>:<digest>`, both in base64url.
///
/// A single salted SHA-256: it may be compared for every request, so it must be cheap. It is
/// therefore secure only for randomly generated secrets. `beckon hash-secret` makes sure of that.
public struct SecretHash: Hashable, Sendable {
    /// Bytes of salt in a new hash.
    public static let saltBytes = 16
    private static let scheme = "sha256"

    private let salt: [UInt8]
    private let digest: [UInt8]

    /// Hashes a secret with a new random salt.
    public init(of secret: [UInt8]) {
        self.init(of: secret, salt: Random.bytes(Self.saltBytes))
    }

    /// Hashes a secret with a given salt. Only tests and the demo choose one.
    public init(of secret: [UInt8], salt: [UInt8]) {
        self.salt = salt
        digest = SHA256.digest(salt + secret)
    }

    /// Parses the stored form; nil when it is invalid.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == Self.scheme,
            let salt = Base64URL.decode(String(parts[1])), salt.count >= 8, salt.count <= 64,
            let digest = Base64URL.decode(String(parts[2])), digest.count == SHA256.byteCount
        else { return nil }
        self.salt = salt
        self.digest = digest
    }

    /// The stored form.
    public var text: String {
        "\(Self.scheme):\(Base64URL.encode(salt)):\(Base64URL.encode(digest))"
    }

    /// Whether `secret` is the hashed secret. The time does not depend on the digest.
    public func matches(_ secret: [UInt8]) -> Bool { matches(secret[...]) }

    /// The same for a part of an array, without a copy.
    public func matches(_ secret: ArraySlice<UInt8>) -> Bool {
        SHA256.matches(salt[...], secret, digest)
    }
}

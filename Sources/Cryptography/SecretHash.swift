/// A secret of a peer, hashed for the configuration: `sha256$salt$digest`, both in base64url.
///
/// One salted SHA-256, because it is compared at every call: fit for long random secrets only,
/// never for what a person can remember.
public struct SecretHash: Hashable, Sendable {
    public static let saltBytes = 16
    /// Characters under which a secret is taken for guessable.
    public static let strongLength = 20

    private let salt: [UInt8]
    private let digest: [UInt8]

    /// Hashes a secret with a new salt.
    public init(of secret: [UInt8]) {
        salt = Random.bytes(Self.saltBytes)
        digest = SHA256.digest(salt + secret)
    }

    /// Reads what `text` wrote; nil when it is something else.
    public init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "sha256", let salt = Base64URL.decode(String(parts[1])),
            salt.count == Self.saltBytes, let digest = Base64URL.decode(String(parts[2])),
            digest.count == SHA256.byteCount
        else { return nil }
        self.salt = salt
        self.digest = digest
    }

    public var text: String { "sha256$\(Base64URL.encode(salt))$\(Base64URL.encode(digest))" }

    /// Takes the same time whether the secret is right or wrong.
    public func matches(_ secret: ArraySlice<UInt8>) -> Bool {
        ConstantTime.equal(SHA256.digest(salt + secret), digest)
    }
}

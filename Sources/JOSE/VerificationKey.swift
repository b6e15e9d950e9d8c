public import Cryptography
public import JSON

/// A key that verifies tokens, with its `kid` and `alg`, if it has them.
public struct VerificationKey: Hashable, Sendable {
    /// The key itself.
    public enum Material: Hashable, Sendable {
        /// For all algorithms but HS256.
        case publicKey(PublicKey)
        /// For HS256. Never from a JWK Set, which is public.
        case secret(SharedSecret)
    }

    /// The key itself.
    public let material: Material
    /// `kid` (RFC 7517 §4.5).
    public let id: String?
    /// `alg` (RFC 7517 §4.4): if it is set, the key verifies no other algorithm.
    public let algorithm: SignatureAlgorithm?

    /// A public key.
    public init(_ key: PublicKey, id: String? = nil, algorithm: SignatureAlgorithm? = nil) {
        material = .publicKey(key)
        self.id = id
        self.algorithm = algorithm
    }

    /// A shared secret, for HS256.
    public init(secret: SharedSecret, id: String? = nil) {
        material = .secret(secret)
        self.id = id
        algorithm = .hs256
    }

    /// Nil for a shared secret.
    public var publicKey: PublicKey? {
        if case .publicKey(let key) = material { key } else { nil }
    }

    /// Whether the key may verify a token with this algorithm. A public key is never used as a
    /// secret, and a key of one kind never for the algorithm of another.
    func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        if let own = self.algorithm, own != algorithm { return false }
        switch (material, algorithm.scheme) {
        case (.publicKey(let key), .some(let scheme)): return scheme.fits(key.kind)
        case (.secret, .none): return true
        case (.publicKey, .none), (.secret, .some): return false
        }
    }

    func verify(
        _ signature: [UInt8],
        of message: [UInt8],
        by algorithm: SignatureAlgorithm
    ) -> Bool {
        guard fits(algorithm) else { return false }
        switch (material, algorithm.scheme) {
        case (.publicKey(let key), .some(let scheme)):
            return key.verify(signature, of: message, by: scheme)
        case (.secret(let secret), .none):
            return ConstantTime.equal(secret.authenticate(message), signature)
        case (.publicKey, .none), (.secret, .some): return false
        }
    }

    /// The public JWK (RFC 7517 §4), with `use`, and with `kid` and `alg` if they are set; nil for
    /// a shared secret.
    public var jwk: JSONValue? {
        guard let publicKey else { return nil }
        var members = publicKey.numbers.jwkMembers
        members.append(.init(name: "use", value: .string("sig")))
        if let algorithm {
            members.append(.init(name: "alg", value: .string(algorithm.rawValue)))
        }
        if let id { members.append(.init(name: "kid", value: .string(id))) }
        return .object(JSONObject(members))
    }
}

/// The thumbprint of a public key: RFC 7638 §3 with SHA-256, and RFC 8037 §2 for Ed25519.
public enum Thumbprint {
    /// 32 bytes in base64url, usable as `kid`.
    public static func sha256(of key: PublicKey) -> String {
        let members = key.numbers.jwkMembers.sorted { $0.name < $1.name }
        return Base64URL.encode(SHA256.digest(JSONValue.object(JSONObject(members)).bytes))
    }
}

extension PublicKeyNumbers {
    /// The members that the thumbprint is computed from, which every JWK has.
    var jwkMembers: [JSONObject.Member] {
        func member(_ name: String, _ bytes: [UInt8]) -> JSONObject.Member {
            .init(name: name, value: .string(Base64URL.encode(bytes)))
        }
        switch self {
        case .rsa(let modulus, let exponent):
            return [
                .init(name: "kty", value: .string("RSA")), member("n", modulus),
                member("e", exponent),
            ]
        case .p256(let x, let y):
            return [
                .init(name: "kty", value: .string("EC")),
                .init(name: "crv", value: .string("P-256")), member("x", x), member("y", y),
            ]
        case .ed25519(let x):
            return [
                .init(name: "kty", value: .string("OKP")),
                .init(name: "crv", value: .string("Ed25519")), member("x", x),
            ]
        }
    }
}

public import Cryptography
public import JSON

/// A key that signs tokens, with its algorithm and `kid`.
public struct SigningKey: Sendable {
    private enum Material: Sendable {
        case pair(PrivateKey)
        case secret(SharedSecret)
    }

    private let material: Material
    /// The only algorithm that the key is used with.
    public let algorithm: SignatureAlgorithm
    /// `kid` in the header of each token; nil omits it.
    public let id: String?

    /// By default with the preferred algorithm for the kind of key, and with its thumbprint as
    /// `kid` (RFC 7638).
    ///
    /// - Throws: `JOSEError` with `.algorithm` when the key does not fit the algorithm, and with
    ///   `.malformed` for an `id` that is empty or longer than `JOSELimits.keyID`.
    public init(
        _ key: PrivateKey,
        algorithm: SignatureAlgorithm? = nil,
        id: String? = nil
    ) throws(JOSEError) {
        let algorithm = algorithm ?? .preferred(for: key.kind)
        guard let scheme = algorithm.scheme, scheme.fits(key.kind) else { throw .algorithm }
        if let id {
            guard !id.isEmpty, id.utf8.count <= JOSELimits.keyID else { throw .malformed("kid") }
        }
        material = .pair(key)
        self.algorithm = algorithm
        self.id = id ?? Thumbprint.sha256(of: key.publicKey)
    }

    /// For HS256. There is no default `kid`: a thumbprint of a secret would help to guess it.
    public init(secret: SharedSecret, id: String? = nil) {
        material = .secret(secret)
        algorithm = .hs256
        self.id = id
    }

    /// Generates a key pair. `bits` is for RS256 and PS256, within `KeyKind.generatedRSABits`.
    ///
    /// - Throws: `JOSEError` with `.algorithm` for HS256, which has no key pair, and with `.key`.
    public static func generate(
        _ algorithm: SignatureAlgorithm,
        rsaBits: Int = 2048,
        id: String? = nil
    ) throws(JOSEError) -> SigningKey {
        let kind: KeyKind
        switch algorithm {
        case .rs256, .ps256: kind = .rsa(bits: rsaBits)
        case .es256: kind = .p256
        case .edDSA: kind = .ed25519
        case .hs256: throw .algorithm
        }
        let key: PrivateKey
        do { key = try PrivateKey.generate(kind) } catch { throw .key(error) }
        return try SigningKey(key, algorithm: algorithm, id: id)
    }

    /// Parses a private key in PEM (`PrivateKey.init(pem:)`) or a private JWK.
    ///
    /// If a JWK has `alg` or `kid`, the caller must not pass other values.
    ///
    /// - Throws: `JOSEError`.
    public init(
        text: String,
        algorithm: SignatureAlgorithm? = nil,
        id: String? = nil
    ) throws(JOSEError) {
        if text.drop(while: \.isWhitespace).first == "{" {
            let jwk = try JWK(bytes: Array(text.utf8))
            let key = try jwk.privateKey()
            if let algorithm, let own = jwk.algorithm, own != algorithm { throw .algorithm }
            if let id, let own = jwk.id, own != id { throw .malformed("kid") }
            try self.init(key, algorithm: jwk.algorithm ?? algorithm, id: jwk.id ?? id)
        } else {
            let key: PrivateKey
            do { key = try PrivateKey(pem: text) } catch { throw .key(error) }
            try self.init(key, algorithm: algorithm, id: id)
        }
    }

    /// The key that verifies its signatures; for a shared secret, the secret itself.
    public var verificationKey: VerificationKey {
        switch material {
        case .pair(let key): VerificationKey(key.publicKey, id: id, algorithm: algorithm)
        case .secret(let secret): VerificationKey(secret: secret, id: id)
        }
    }

    /// The private key as a JWK, for a file that only its owner may read.
    ///
    /// - Throws: `JOSEError` with `.unsupportedKey` for a shared secret.
    public func secretJWK() throws(JOSEError) -> JSONValue {
        guard case .pair(let key) = material, let jwk = verificationKey.jwk?.object else {
            throw .unsupportedKey
        }
        let numbers: PrivateKeyNumbers
        do { numbers = try key.secretNumbers() } catch { throw .key(error) }
        return .object(JSONObject(jwk.members + numbers.jwkMembers))
    }

    /// The private key as PKCS#8 in PEM, which contains neither the algorithm nor the `kid`.
    ///
    /// - Throws: `JOSEError` as `secretJWK()` does.
    public func secretPEM() throws(JOSEError) -> String {
        guard case .pair(let key) = material else { throw .unsupportedKey }
        do { return try key.secretPEM() } catch { throw .key(error) }
    }

    func sign(_ message: [UInt8]) throws(JOSEError) -> [UInt8] {
        switch (material, algorithm.scheme) {
        case (.pair(let key), .some(let scheme)):
            do { return try key.sign(message, by: scheme) } catch { throw .key(error) }
        case (.secret(let secret), .none): return secret.authenticate(message)
        case (.pair, .none), (.secret, .some): throw .algorithm
        }
    }
}

extension PrivateKeyNumbers {
    /// The private members of a JWK (RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2).
    fileprivate var jwkMembers: [JSONObject.Member] {
        let members: [(String, [UInt8])] =
            switch self {
            case .rsa(let rsa):
                [
                    ("d", rsa.privateExponent), ("p", rsa.firstPrime), ("q", rsa.secondPrime),
                    ("dp", rsa.firstExponent), ("dq", rsa.secondExponent), ("qi", rsa.coefficient),
                ]
            case .p256(_, _, let d), .ed25519(_, let d): [("d", d)]
            }
        return members.map { .init(name: $0.0, value: .string(Base64URL.encode($0.1))) }
    }
}

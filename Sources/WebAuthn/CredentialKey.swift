public import Cryptography

/// The signature algorithms that a passkey may have, by their numbers (IANA COSE Algorithms).
public enum CredentialAlgorithm: Int, Hashable, Sendable, CaseIterable {
    /// ECDSA on P-256 with SHA-256.
    case es256 = -7
    /// Ed25519.
    case edDSA = -8
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = -257

    var scheme: SignatureScheme {
        switch self {
        case .es256: .ecdsaP256
        case .edDSA: .ed25519
        case .rs256: .rsaPKCS1
        }
    }
}

/// A passkey's public key.
public struct CredentialKey: Hashable, Sendable {
    /// The one algorithm that it verifies.
    public let algorithm: CredentialAlgorithm
    /// The key itself.
    public let key: PublicKey

    /// The key that was stored; its kind says the algorithm.
    public init(_ key: PublicKey) {
        self.key = key
        algorithm =
            switch key.kind {
            case .p256: .es256
            case .ed25519: .edDSA
            case .rsa: .rs256
            }
    }

    /// Reads a COSE_Key (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4): all members that its type needs, `alg`,
    /// and no others (WebAuthn §6.5.1). A point must be on its curve, an RSA modulus have 2048 bits.
    ///
    /// - Throws: `COSEError`.
    public init(_ value: CBOR) throws(COSEError) {
        guard let entries = value.entries else { throw .malformed }
        guard let number = value[Label.algorithm]?.integer else { throw .missing(Label.algorithm) }
        guard let algorithm = CredentialAlgorithm(rawValue: number) else {
            throw .algorithm(number)
        }
        let labels = Label.needed(by: algorithm)
        for label in labels where value[label] == nil { throw .missing(label) }
        guard entries.count == labels.count else { throw .extraMember }
        guard value[Label.type]?.integer == Label.type(of: algorithm) else { throw .keyType }
        let numbers: PublicKeyNumbers
        switch algorithm {
        case .es256:
            guard value[Label.curve]?.integer == 1 else { throw .curve }
            guard let x = value[Label.x]?.bytes, let y = value[Label.y]?.bytes else {
                throw .malformed
            }
            numbers = .p256(x: x, y: y)
        case .edDSA:
            guard value[Label.curve]?.integer == 6 else { throw .curve }
            guard let x = value[Label.x]?.bytes else { throw .malformed }
            numbers = .ed25519(x)
        case .rs256:
            guard let n = value[Label.modulus]?.bytes, let e = value[Label.exponent]?.bytes else {
                throw .malformed
            }
            numbers = .rsa(modulus: n, exponent: e)
        }
        do {
            key = try PublicKey(numbers)
        } catch {
            throw .key(error)
        }
        self.algorithm = algorithm
    }

    /// Whether the authenticator made `signature` over `message`. ECDSA signatures are DER here
    /// (WebAuthn §6.5.5).
    public func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch algorithm {
        case .es256:
            guard let numbers = ECDSASignature.numbers(ofDER: signature) else { return false }
            return key.verify(numbers, of: message, by: .ecdsaP256)
        case .edDSA, .rs256:
            return key.verify(signature, of: message, by: algorithm.scheme)
        }
    }

    /// The labels of a COSE_Key (RFC 9052 table 4, RFC 9053 tables 18 and 19, RFC 8230 table 4). Some
    /// mean different things for different types.
    private enum Label {
        static let type = 1
        static let algorithm = 3
        static let curve = -1
        static let x = -2
        static let y = -3
        static let modulus = -1
        static let exponent = -2

        static func needed(by algorithm: CredentialAlgorithm) -> [Int] {
            switch algorithm {
            case .es256: [type, Label.algorithm, curve, x, y]
            case .edDSA: [type, Label.algorithm, curve, x]
            case .rs256: [type, Label.algorithm, modulus, exponent]
            }
        }

        /// `kty`: OKP, EC2, RSA.
        static func type(of algorithm: CredentialAlgorithm) -> Int {
            switch algorithm {
            case .edDSA: 1
            case .es256: 2
            case .rs256: 3
            }
        }
    }
}

/// Why a COSE_Key is not taken.
public enum COSEError: Error, Hashable, Sendable {
    /// Not a map, or a member of another type than it has.
    case malformed
    /// The member with this label is missing.
    case missing(Int)
    /// A member that WebAuthn forbids, such as a private half.
    case extraMember
    /// An algorithm that is not supported.
    case algorithm(Int)
    /// A `kty` that is not the algorithm's.
    case keyType
    /// A curve that is not the algorithm's.
    case curve
    /// The numbers are no acceptable key.
    case key(KeyError)
}

extension COSEError: CustomStringConvertible {
    /// Completes "the key …".
    public var description: String {
        switch self {
        case .malformed: "is no COSE_Key"
        case .missing(let label): "has no member \(label)"
        case .extraMember: "has a member that it must not have"
        case .algorithm(let number): "is for the algorithm \(number), which is not supported"
        case .keyType: "is of another type than its algorithm"
        case .curve: "is on another curve than its algorithm's"
        case .key(let error): error.description
        }
    }
}

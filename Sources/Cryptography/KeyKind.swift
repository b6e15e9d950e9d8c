/// The keys that Beckon signs and verifies with.
public enum KeyKind: Hashable, Sendable {
    /// RSA (RFC 8017) with a modulus of so many bits.
    case rsa(bits: Int)
    /// ECDSA on P-256 (RFC 7518 §6.2.1.1).
    case p256
    /// Ed25519 (RFC 8032).
    case ed25519

    /// The accepted sizes of RSA keys, in bits. Shorter keys can be broken (RFC 7518 §3.3); longer
    /// ones would let a peer's key cost too much time.
    public static let rsaBits = 2048...8192
    /// The sizes of generated RSA keys, in bits.
    public static let generatedRSABits = 2048...4096
}

/// How a key signs. Each belongs to one kind of key.
public enum SignatureScheme: Hashable, Sendable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2).
    case rsaPKCS1
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 bytes of salt (RFC 7518 §3.5).
    case rsaPSS
    /// ECDSA with SHA-256; R and S as 32 bytes each (RFC 7518 §3.4).
    case ecdsaP256
    /// Ed25519 (RFC 8032 §5.1).
    case ed25519

    /// Whether the scheme is for this kind of key.
    public func fits(_ kind: KeyKind) -> Bool {
        switch (self, kind) {
        case (.rsaPKCS1, .rsa), (.rsaPSS, .rsa), (.ecdsaP256, .p256), (.ed25519, .ed25519): true
        case (.rsaPKCS1, _), (.rsaPSS, _), (.ecdsaP256, _), (.ed25519, _): false
        }
    }
}

/// Why a key is not taken, or did not sign.
public enum KeyError: Error, Hashable, Sendable {
    /// The text has no complete PEM block.
    case notPEM
    /// The key is encrypted; a service cannot ask for a passphrase.
    case encrypted
    /// A PEM block of another kind, with its label.
    case label(String)
    /// The text has more than one key.
    case severalKeys
    /// The bytes are not a valid key of the stated kind.
    case malformed
    /// A kind of key that is not supported.
    case kind
    /// An RSA modulus of so many bits, outside `KeyKind.rsaBits`.
    case rsaBits(Int)
    /// An RSA exponent that is even, below 3 or longer than 64 bits.
    case rsaExponent
    /// The numbers of a private key are inconsistent.
    case inconsistent
    /// The scheme is for another kind of key.
    case scheme
    /// OpenSSL failed.
    case openSSL
}

extension KeyError: CustomStringConvertible {
    /// Completes "the key …". It contains nothing of the key but a label.
    public var description: String {
        switch self {
        case .notPEM: "is not PEM"
        case .encrypted: "is encrypted, and there is nobody to ask for its passphrase"
        case .label(let label): "is not one: the PEM block is a \(label.prefix(40))"
        case .severalKeys: "is not alone: the text has several"
        case .malformed: "is damaged"
        case .kind: "is neither RSA, nor on P-256, nor Ed25519"
        case .rsaBits(let bits):
            "has \(bits) bits; RSA keys have \(KeyKind.rsaBits.lowerBound) to "
                + "\(KeyKind.rsaBits.upperBound)"
        case .rsaExponent: "has a weak RSA exponent"
        case .inconsistent: "has numbers that do not belong together"
        case .scheme: "cannot sign in this way"
        case .openSSL: "cannot be used by OpenSSL"
        }
    }
}

internal import COpenSSL

/// The numbers of a public key, as a JWK has them; most significant byte first.
public enum PublicKeyNumbers: Hashable, Sendable {
    /// Without leading zeros (RFC 7518 §6.3.1).
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// 32 bytes each (RFC 7518 §6.2.1).
    case p256(x: [UInt8], y: [UInt8])
    /// 32 bytes (RFC 8037 §2).
    case ed25519([UInt8])
}

/// A key that verifies. Immutable, and of a strength that may be trusted: see `KeyKind`.
@safe public final class PublicKey: Sendable {
    private enum Verifier: Sendable {
        case handle(KeyHandle)
        case curve(CurveKey)
    }

    private let verifier: Verifier
    /// Its numbers, as a JWK has them (RFC 7518 §6, RFC 8037 §2).
    public let numbers: PublicKeyNumbers
    /// The kind of key, with the size of an RSA modulus in bits.
    public let kind: KeyKind

    init(_ handle: KeyHandle) throws(KeyError) {
        kind = handle.kind
        switch kind {
        case .rsa:
            guard let modulus = handle.number("n"), let exponent = handle.number("e") else {
                throw .malformed
            }
            numbers = .rsa(modulus: modulus, exponent: exponent)
        case .p256:
            guard let point = handle.point else { throw .malformed }
            numbers = .p256(x: point.x, y: point.y)
            verifier = .curve(try CurveKey(x: point.x, y: point.y))
            return
        case .ed25519:
            guard let bytes = handle.rawHalf(isPrivate: false) else { throw .malformed }
            numbers = .ed25519(bytes)
        }
        verifier = .handle(handle)
    }

    private init(x: [UInt8], y: [UInt8]) throws(KeyError) {
        verifier = .curve(try CurveKey(x: x, y: y))
        numbers = .p256(x: x, y: y)
        kind = .p256
    }

    /// The key as OpenSSL wants it for everything but a verification.
    var handle: KeyHandle {
        get throws(KeyError) {
            switch (verifier, numbers) {
            case (.handle(let handle), _): handle
            case (.curve, .p256(let x, let y)): try .p256([4] + x + y)
            case (.curve, .rsa), (.curve, .ed25519): throw .kind
            }
        }
    }

    /// Makes a key of its numbers.
    ///
    /// - Throws: `KeyError` for wrong lengths, a point off the curve and weak RSA.
    public convenience init(_ numbers: PublicKeyNumbers) throws(KeyError) {
        switch numbers {
        case .rsa(let modulus, let exponent):
            // An even modulus is no product of two primes.
            guard modulus.last.map({ $0 & 1 == 1 }) ?? false else { throw .malformed }
            let key = DER.sequence([DER.integer(modulus), DER.integer(exponent)])
            try self.init(.rsaPublic(key))
        case .p256(let x, let y): try self.init(x: x, y: y)
        case .ed25519(let bytes): try self.init(.ed25519(bytes, isPrivate: false))
        }
    }

    /// Reads the only key of a PEM text: `PUBLIC KEY` (RFC 5280) or `RSA PUBLIC KEY` (PKCS#1).
    public convenience init(pem text: String) throws(KeyError) {
        let blocks = try PEM.blocks(of: text)
        guard let block = blocks.first, blocks.count == 1 else { throw .severalKeys }
        switch block.label {
        case "PUBLIC KEY": try self.init(.publicInfo(block.bytes))
        case "RSA PUBLIC KEY": try self.init(.rsaPublic(block.bytes))
        default: throw .label(block.label)
        }
    }

    /// Reads SubjectPublicKeyInfo in DER (RFC 5280 §4.1), and nothing behind it.
    ///
    /// - Throws: `KeyError`.
    public convenience init(info: [UInt8]) throws(KeyError) {
        if let (x, y) = KeyHandle.p256Point(of: info) {
            try self.init(x: x, y: y)
        } else {
            try self.init(.publicInfo(info))
        }
    }

    /// SubjectPublicKeyInfo in DER (RFC 5280 §4.1); nil only if OpenSSL fails.
    public var info: [UInt8]? {
        if case .p256(let x, let y) = numbers {
            KeyHandle.p256Info(x, y)
        } else {
            (try? handle)?.publicInfo
        }
    }

    /// SubjectPublicKeyInfo (RFC 5280 §4.1) in PEM.
    ///
    /// - Throws: `KeyError` with `.openSSL`.
    public func pem() throws(KeyError) -> String {
        guard let info else { throw .openSSL }
        return PEM(label: "PUBLIC KEY", bytes: info).text
    }

    /// Whether `signature` was made over `message` by the private half. A signature of another
    /// length, in another form or of another scheme was not.
    public func verify(
        _ signature: [UInt8],
        of message: [UInt8],
        by scheme: SignatureScheme
    ) -> Bool {
        guard scheme.fits(kind) else { return false }
        let handle: KeyHandle
        switch verifier {
        case .curve(let key): return key.verify(signature, over: SHA256.digest(message))
        case .handle(let other): handle = other
        }
        return unsafe handle.withPointer { key in
            guard let context = unsafe EVP_MD_CTX_new() else { return false }
            defer { unsafe EVP_MD_CTX_free(context) }
            var options: OpaquePointer?
            guard
                unsafe EVP_DigestVerifyInit(context, &options, scheme.digest, nil, key) == 1,
                unsafe scheme.set(options)
            else { return false }
            return unsafe EVP_DigestVerify(
                context,
                signature,
                signature.count,
                message,
                message.count
            ) == 1
        }
    }
}

extension PublicKey: Hashable {
    /// Whether the numbers are the same.
    public static func == (left: PublicKey, right: PublicKey) -> Bool {
        left.numbers == right.numbers
    }

    /// Hashes the numbers.
    public func hash(into hasher: inout Hasher) { hasher.combine(numbers) }
}

extension SignatureScheme {
    /// Ed25519 hashes by itself.
    var digest: OpaquePointer? { self == .ed25519 ? nil : unsafe EVP_sha256() }

    /// Sets the padding of RSA; false when OpenSSL would not.
    func set(_ options: OpaquePointer?) -> Bool {
        switch self {
        case .rsaPKCS1:
            unsafe EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PADDING) == 1
        case .rsaPSS:
            unsafe EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(options, Int32(SHA256.byteCount)) == 1
        case .ecdsaP256, .ed25519: true
        }
    }
}

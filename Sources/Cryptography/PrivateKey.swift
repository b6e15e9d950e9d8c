internal import COpenSSL

/// The numbers of a private key, as a JWK has them; most significant byte first.
public enum PrivateKeyNumbers: Hashable, Sendable {
    /// RFC 7518 §6.3.2; every one but the multi-prime `oth`.
    public struct RSA: Hashable, Sendable {
        /// `n`, `e`, `d`, `p` and `q`.
        public var modulus, exponent, privateExponent, firstPrime, secondPrime: [UInt8]
        /// `dp`, `dq` and `qi`.
        public var firstExponent, secondExponent, coefficient: [UInt8]

        /// The numbers as given; a `PrivateKey` of them checks that they belong together.
        public init(
            modulus: [UInt8],
            exponent: [UInt8],
            privateExponent: [UInt8],
            firstPrime: [UInt8],
            secondPrime: [UInt8],
            firstExponent: [UInt8],
            secondExponent: [UInt8],
            coefficient: [UInt8]
        ) {
            self.modulus = modulus
            self.exponent = exponent
            self.privateExponent = privateExponent
            self.firstPrime = firstPrime
            self.secondPrime = secondPrime
            self.firstExponent = firstExponent
            self.secondExponent = secondExponent
            self.coefficient = coefficient
        }
    }

    /// An RSA key with two primes (RFC 7518 §6.3.2).
    case rsa(RSA)
    /// 32 bytes each (RFC 7518 §6.2.2).
    case p256(x: [UInt8], y: [UInt8], d: [UInt8])
    /// 32 bytes each (RFC 8037 §2).
    case ed25519(x: [UInt8], d: [UInt8])
}

/// A key that signs. Immutable; its description says nothing of it.
@safe public final class PrivateKey: Sendable {
    let handle: KeyHandle
    /// The key that verifies its signatures.
    public let publicKey: PublicKey

    private init(_ handle: KeyHandle) throws(KeyError) {
        self.handle = handle
        publicKey = try PublicKey(handle)
    }

    /// Makes a new key. RSA of 4096 bits takes seconds.
    ///
    /// - Throws: `KeyError` with `.rsaBits` outside `KeyKind.generatedRSABits`.
    public static func generate(_ kind: KeyKind) throws(KeyError) -> PrivateKey {
        try PrivateKey(.generate(kind))
    }

    /// Reads the only private key of a PEM text: PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`)
    /// or SEC 1 (`EC PRIVATE KEY`), not encrypted.
    ///
    /// - Throws: `KeyError` for another text, another kind of key, or one that is too weak.
    public convenience init(pem text: String) throws(KeyError) {
        // `openssl ecparam -genkey` writes the curve before the key.
        let blocks = try PEM.blocks(of: text).filter { $0.label != "EC PARAMETERS" }
        guard blocks.count <= 1 else { throw .severalKeys }
        switch blocks.first?.label {
        case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY": break
        case "ENCRYPTED PRIVATE KEY": throw .encrypted
        case let label: throw .label(label ?? "EC PARAMETERS")
        }
        try self.init(checking: .anyPrivate(blocks[0].bytes))
    }

    /// Makes a key of its numbers.
    ///
    /// - Throws: `KeyError`, with `.inconsistent` when the public ones are not those of the private.
    public convenience init(_ numbers: PrivateKeyNumbers) throws(KeyError) {
        let key: KeyHandle
        let expected: PublicKeyNumbers
        switch numbers {
        case .rsa(let rsa):
            let numbers = [
                [0], rsa.modulus, rsa.exponent, rsa.privateExponent, rsa.firstPrime,
                rsa.secondPrime, rsa.firstExponent, rsa.secondExponent, rsa.coefficient,
            ]
            key = try .anyPrivate(DER.sequence(numbers.map { DER.integer($0) }))
            expected = .rsa(modulus: rsa.modulus, exponent: rsa.exponent)
        case .p256(let x, let y, let d):
            guard x.count == 32, y.count == 32, d.count == 32 else { throw .malformed }
            // Without the public half (RFC 5915 §3), so that OpenSSL computes it.
            let der = DER.sequence([DER.integer([1]), DER.octets(d), DER.element(0xA0, DER.p256)])
            key = try .anyPrivate(der)
            expected = .p256(x: x, y: y)
        case .ed25519(let x, let d):
            key = try .ed25519(d, isPrivate: true)
            expected = .ed25519(x)
        }
        try self.init(checking: key)
        guard publicKey.numbers == expected else { throw .inconsistent }
    }

    /// For keys from outside: a damaged one would sign what gives it away.
    private convenience init(checking handle: KeyHandle) throws(KeyError) {
        try self.init(handle)
        // Of Ed25519 the private half is all there is.
        guard handle.kind != .ed25519 else { return }
        let isSound = unsafe handle.withPointer { key in
            guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else {
                return false
            }
            defer { unsafe EVP_PKEY_CTX_free(context) }
            return unsafe EVP_PKEY_check(context) == 1
        }
        guard isSound else { throw .inconsistent }
    }

    /// The kind of key, with the size of an RSA modulus in bits.
    public var kind: KeyKind { handle.kind }

    /// Signs `message`; the form is the scheme's.
    ///
    /// - Throws: `KeyError` with `.scheme` or `.openSSL`.
    public func sign(_ message: [UInt8], by scheme: SignatureScheme) throws(KeyError) -> [UInt8] {
        guard scheme.fits(kind) else { throw .scheme }
        if scheme == .ecdsaP256 {
            let digest = SHA256.digest(message)
            let signature: [UInt8]? = unsafe handle.withSigningContext { context in
                // As long as the longest DER form of two numbers of 32 bytes.
                var bytes = [UInt8](repeating: 0, count: 72)
                var count = bytes.count
                guard
                    unsafe EVP_PKEY_sign(context, &bytes, &count, digest, digest.count) == 1
                else { return nil }
                return DER.fixedWidth(bytes[..<count], width: 32)
            }
            guard let signature else { throw .openSSL }
            return signature
        }
        let signature: [UInt8]? = unsafe handle.withPointer { key in
            guard let context = unsafe EVP_MD_CTX_new() else { return nil }
            defer { unsafe EVP_MD_CTX_free(context) }
            var options: OpaquePointer?
            guard
                unsafe EVP_DigestSignInit(context, &options, scheme.digest, nil, key) == 1,
                unsafe scheme.set(options)
            else { return nil }
            var bytes = [UInt8](repeating: 0, count: Int(unsafe EVP_PKEY_get_size(key)))
            var count = bytes.count
            guard
                unsafe EVP_DigestSign(context, &bytes, &count, message, message.count) == 1
            else { return nil }
            return Array(bytes[..<count])
        }
        guard let signature else { throw .openSSL }
        return signature
    }

    /// The secret itself, as PKCS#8 (RFC 5958) in PEM, for a file that nobody else may read.
    ///
    /// - Throws: `KeyError` with `.openSSL`.
    public func secretPEM() throws(KeyError) -> String {
        let bytes: [UInt8]? = unsafe handle.withPointer { key in
            guard let info = unsafe EVP_PKEY2PKCS8(key) else { return nil }
            defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
            let count = unsafe i2d_PKCS8_PRIV_KEY_INFO(info, nil)
            guard count > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: Int(count))
            let written = unsafe bytes.withUnsafeMutableBufferPointer { room in
                var start = room.baseAddress
                return unsafe i2d_PKCS8_PRIV_KEY_INFO(info, &start)
            }
            return written == count ? bytes : nil
        }
        guard let bytes else { throw .openSSL }
        return PEM(label: "PRIVATE KEY", bytes: bytes).text
    }

    /// The secret itself, as numbers, for a private JWK.
    ///
    /// - Throws: `KeyError` with `.openSSL`.
    public func secretNumbers() throws(KeyError) -> PrivateKeyNumbers {
        switch publicKey.numbers {
        case .rsa(let modulus, let exponent):
            let names = [
                "d", "rsa-factor1", "rsa-factor2", "rsa-exponent1", "rsa-exponent2",
                "rsa-coefficient1",
            ]
            let numbers = names.compactMap { handle.number($0) }
            guard numbers.count == names.count else { throw .openSSL }
            return .rsa(
                PrivateKeyNumbers.RSA(
                    modulus: modulus,
                    exponent: exponent,
                    privateExponent: numbers[0],
                    firstPrime: numbers[1],
                    secondPrime: numbers[2],
                    firstExponent: numbers[3],
                    secondExponent: numbers[4],
                    coefficient: numbers[5]
                )
            )
        case .p256(let x, let y):
            guard let d = handle.number("priv", width: 32) else { throw .openSSL }
            return .p256(x: x, y: y, d: d)
        case .ed25519(let x):
            guard let d = handle.rawHalf(isPrivate: true) else { throw .openSSL }
            return .ed25519(x: x, d: d)
        }
    }
}

internal import COpenSSL

extension KeyHandle {
    /// A new key.
    static func generate(_ kind: KeyKind) throws(KeyError) -> KeyHandle {
        switch kind {
        case .rsa(let bits):
            guard KeyKind.generatedRSABits.contains(bits) else { throw .rsaBits(bits) }
            return unsafe try KeyHandle(beckon_rsa_generate(bits))
        case .p256: return try generateP256()
        case .ed25519: return unsafe try KeyHandle(beckon_ed25519_generate())
        }
    }

    /// Any key of P-256, from which others get its parameters: OpenSSL derives them anew for each key
    /// that it reads, which takes as long as a signature.
    private static let curve: KeyHandle? = unsafe try? KeyHandle(beckon_ec_generate("P-256"))

    private static func generateP256() throws(KeyError) -> KeyHandle {
        guard let curve else { throw .openSSL }
        return unsafe try KeyHandle(
            curve.withPointer { curve in
                guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, curve, nil) else {
                    return nil
                }
                defer { unsafe EVP_PKEY_CTX_free(context) }
                var key: OpaquePointer?
                guard unsafe EVP_PKEY_keygen_init(context) == 1,
                    unsafe EVP_PKEY_generate(context, &key) == 1
                else { return nil }
                return unsafe key
            }
        )
    }

    /// An uncompressed point of P-256 (SEC 1 §2.3.3), 65 bytes. OpenSSL refuses one off the curve.
    static func p256(_ point: [UInt8]) throws(KeyError) -> KeyHandle {
        guard point.count == 65, point[0] == 4 else { throw .malformed }
        guard let curve else { throw .openSSL }
        return unsafe try KeyHandle(
            curve.withPointer { curve -> OpaquePointer? in
                guard let key = unsafe EVP_PKEY_new() else { return nil }
                guard unsafe EVP_PKEY_copy_parameters(key, curve) == 1,
                    unsafe EVP_PKEY_set1_encoded_public_key(key, point, point.count) == 1
                else {
                    unsafe EVP_PKEY_free(key)
                    return nil
                }
                return unsafe key
            },
            knownAs: .p256
        )
    }

    /// The SubjectPublicKeyInfo of a point of P-256: OpenSSL's encoder takes as long as a signature.
    static func p256Info(_ x: [UInt8], _ y: [UInt8]) -> [UInt8] { p256Info + [4] + x + y }

    /// What a SubjectPublicKeyInfo of P-256 begins with; an uncompressed point follows.
    private static let p256Info = Array(
        DER.sequence([
            DER.sequence([DER.ecPublicKey, DER.p256]),
            DER.bits([UInt8](repeating: 0, count: 65)),
        ])
        .dropLast(65)
    )

    /// The point in the SubjectPublicKeyInfo of a key of P-256; nil for anything else.
    static func p256Point(of der: [UInt8]) -> (x: [UInt8], y: [UInt8])? {
        let start = p256Info.count
        guard der.count == start + 65, der.starts(with: p256Info), der[start] == 4 else {
            return nil
        }
        return (Array(der[start + 1..<start + 33]), Array(der[(start + 33)...]))
    }

    /// A SubjectPublicKeyInfo (RFC 5280 §4.1).
    static func publicInfo(_ der: [UInt8]) throws(KeyError) -> KeyHandle {
        unsafe try KeyHandle(
            whole(der) { start, count in unsafe d2i_PUBKEY(nil, &start, count) }
        )
    }

    /// An RSAPublicKey (RFC 8017 §A.1.1).
    static func rsaPublic(_ der: [UInt8]) throws(KeyError) -> KeyHandle {
        unsafe try KeyHandle(
            whole(der) { start, count in unsafe d2i_PublicKey(EVP_PKEY_RSA, nil, &start, count) }
        )
    }

    /// A private key in PKCS#8, PKCS#1 or SEC 1.
    static func anyPrivate(_ der: [UInt8]) throws(KeyError) -> KeyHandle {
        unsafe try KeyHandle(
            whole(der) { start, count in unsafe d2i_AutoPrivateKey(nil, &start, count) }
        )
    }

    /// A half of an Ed25519 key.
    static func ed25519(_ half: [UInt8], isPrivate: Bool) throws(KeyError) -> KeyHandle {
        guard half.count == 32 else { throw .malformed }
        return unsafe try KeyHandle(
            isPrivate
                ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, half, half.count)
                : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, half, half.count)
        )
    }

    /// Lends bytes to one of OpenSSL's `d2i` functions; nil unless it reads all of them.
    private static func whole(
        _ der: [UInt8],
        _ read: (inout UnsafePointer<UInt8>?, Int) -> OpaquePointer?
    ) -> OpaquePointer? {
        unsafe der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            guard let key = unsafe read(&start, bytes.count) else { return nil }
            guard unsafe start == bytes.baseAddress.map({ unsafe $0 + bytes.count }) else {
                unsafe EVP_PKEY_free(key)
                return nil
            }
            return unsafe key
        }
    }
}

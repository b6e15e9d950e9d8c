internal import COpenSSL

extension KeyHandle {
    /// A new key.
    static func generate(_ kind: KeyKind) throws(KeyError) -> KeyHandle {
        switch kind {
        case .rsa(let bits):
            guard KeyKind.generatedRSABits.contains(bits) else { throw .rsaBits(bits) }
            return unsafe try KeyHandle(beckon_rsa_generate(bits))
        case .p256: return unsafe try KeyHandle(beckon_ec_generate("P-256"))
        case .ed25519: return unsafe try KeyHandle(beckon_ed25519_generate())
        }
    }

    /// A SubjectPublicKeyInfo (RFC 5280 §4.1).
    static func publicInfo(_ der: [UInt8]) throws(KeyError) -> KeyHandle {
        unsafe try KeyHandle(whole(der) { start, count in unsafe d2i_PUBKEY(nil, &start, count) })
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

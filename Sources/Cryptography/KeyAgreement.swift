internal import COpenSSL

extension PrivateKey {
    /// The secret that this key and the owner of `peer` share (ECDH, SP 800-56A §5.7.1.2): the 32 bytes
    /// of the coordinate x. Not uniform: derive keys from it with `HKDF`.
    ///
    /// - Throws: `KeyError` with `.scheme` unless both keys are of P-256.
    public func sharedSecret(with peer: PublicKey) throws(KeyError) -> [UInt8] {
        guard kind == .p256, peer.kind == .p256 else { throw .scheme }
        let other = try peer.handle
        let secret: [UInt8]? = unsafe handle.withPointers(other) { key, peer in
            guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else {
                return nil
            }
            defer { unsafe EVP_PKEY_CTX_free(context) }
            var bytes = [UInt8](repeating: 0, count: 32)
            var count = bytes.count
            guard unsafe EVP_PKEY_derive_init(context) == 1,
                // Without the validation that OpenSSL repeats for each agreement: a point is checked to
                // be on the curve when its key is made, and on P-256 every such point is in the group
                // (cofactor 1, SP 800-56A §5.6.2.3.4).
                unsafe EVP_PKEY_derive_set_peer_ex(context, peer, 0) == 1,
                unsafe EVP_PKEY_derive(context, &bytes, &count) == 1, count == bytes.count
            else { return nil }
            return bytes
        }
        guard let secret else { throw .openSSL }
        return secret
    }
}

/// HKDF with SHA-256 (RFC 5869).
public enum HKDF {
    /// The pseudorandom key of a secret (§2.2): 32 bytes.
    public static func extract(_ secret: [UInt8], salt: [UInt8]) -> [UInt8] {
        HMAC.sha256(key: salt, secret)
    }

    /// `count` bytes, at most 8160, from a pseudorandom key (§2.3).
    public static func expand(_ key: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
        // allowed: the number is a constant of the caller's.
        precondition((1...8160).contains(count), "the number of blocks is a byte")
        var result: [UInt8] = []
        var block: [UInt8] = []
        var number: UInt8 = 0
        while result.count < count {
            number += 1
            block = HMAC.sha256(key: key, block + info + [number])
            result += block
        }
        return Array(result[..<count])
    }
}

/// AES-128 in GCM (SP 800-38D), with a nonce of 12 bytes and a tag of 16.
@safe public enum AES128GCM {
    /// The cipher text and its tag. A key must never be used twice with one nonce.
    ///
    /// - Throws: `KeyError` with `.malformed` for a wrong length, or `.openSSL`.
    public static func seal(
        _ text: [UInt8],
        key: [UInt8],
        nonce: [UInt8]
    ) throws(KeyError) -> [UInt8] {
        guard key.count == 16, nonce.count == 12, text.count < 1 << 30 else { throw .malformed }
        guard let context = unsafe EVP_CIPHER_CTX_new() else { throw .openSSL }
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        var sealed = [UInt8](repeating: 0, count: text.count + 16)
        var tag = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        var rest: Int32 = 0
        guard
            unsafe EVP_EncryptInit_ex2(context, EVP_aes_128_gcm(), key, nonce, nil) == 1,
            unsafe EVP_EncryptUpdate(context, &sealed, &count, text, Int32(text.count)) == 1,
            Int(count) == text.count,
            unsafe EVP_EncryptFinal_ex(context, &tag, &rest) == 1, rest == 0,
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
        else { throw .openSSL }
        sealed.replaceSubrange(text.count..., with: tag)
        return sealed
    }

    /// The text of what `seal` made; nil if anything of it was changed.
    public static func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8]) -> [UInt8]? {
        guard key.count == 16, nonce.count == 12, (16..<1 << 30).contains(sealed.count),
            let context = unsafe EVP_CIPHER_CTX_new()
        else { return nil }
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        let length = sealed.count - 16
        var text = [UInt8](repeating: 0, count: length + 16)
        var tag = Array(sealed[length...])
        var count: Int32 = 0
        var rest: Int32 = 0
        var spare = [UInt8](repeating: 0, count: 16)
        guard
            unsafe EVP_DecryptInit_ex2(context, EVP_aes_128_gcm(), key, nonce, nil) == 1,
            unsafe EVP_DecryptUpdate(context, &text, &count, sealed, Int32(length)) == 1,
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1,
            unsafe EVP_DecryptFinal_ex(context, &spare, &rest) == 1
        else { return nil }
        return Array(text[..<length])
    }
}

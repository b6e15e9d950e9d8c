import Cryptography

/// The encryption of a push message for one browser (RFC 8291), in one record of `aes128gcm`
/// (RFC 8188).
enum PushEncryption {
    /// The most that fits into the record: 4096 bytes with the header (RFC 8291 §4).
    static let longestText = 3993
    private static let recordSize: UInt32 = 4096

    /// The body of the request, made with a new key and a new salt.
    ///
    /// - Throws: `KeyError`, `.malformed` for a text that is too long.
    static func body(
        _ text: [UInt8],
        for subscription: PushSubscription
    ) throws(KeyError) -> [UInt8] {
        try body(
            text,
            for: subscription.key,
            secret: subscription.secret,
            salt: Random.bytes(16),
            key: .generate(.p256)
        )
    }

    static func body(
        _ text: [UInt8],
        for receiver: PublicKey,
        secret: [UInt8],
        salt: [UInt8],
        key: PrivateKey
    ) throws(KeyError) -> [UInt8] {
        guard text.count <= longestText, let own = point(key.publicKey),
            let other = point(receiver)
        else { throw .malformed }
        // RFC 8291 §3.4.
        let shared = try key.sharedSecret(with: receiver)
        let material = HKDF.expand(
            HKDF.extract(shared, salt: secret),
            info: Array("WebPush: info\0".utf8) + other + own,
            count: 32
        )
        // RFC 8188 §2.2 and §2.3.
        let random = HKDF.extract(material, salt: salt)
        let contentKey = HKDF.expand(
            random,
            info: Array("Content-Encoding: aes128gcm\0".utf8),
            count: 16
        )
        let nonce = HKDF.expand(random, info: Array("Content-Encoding: nonce\0".utf8), count: 12)
        // 2 marks the last record (RFC 8188 §2).
        let record = try AES128GCM.seal(text + [2], key: contentKey, nonce: nonce)
        let size = (0..<4).reversed().map { UInt8(truncatingIfNeeded: recordSize >> (8 * $0)) }
        return salt + size + [UInt8(own.count)] + own + record
    }

    /// The key as an uncompressed point (SEC 1 §2.3.3).
    static func point(_ key: PublicKey) -> [UInt8]? {
        guard case .p256(let x, let y) = key.numbers else { return nil }
        return [4] + x + y
    }
}

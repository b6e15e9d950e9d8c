internal import COpenSSL

/// A private key on P-256 that signs as ES256 does (RFC 7518 §3.4). Immutable after `init`.
@safe public final class ES256Key: @unchecked Sendable {
    // Invariant behind @unchecked: an EVP_PKEY is only read once it is made, and its reference
    // count is atomic.
    private let key: OpaquePointer

    /// A new key; nil when OpenSSL cannot make one.
    public init?() {
        guard let key = unsafe beckon_ec_generate("P-256") else { return nil }
        unsafe self.key = key
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// R and S, 32 bytes each; nil when OpenSSL fails.
    public func sign(_ message: [UInt8]) -> [UInt8]? {
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1 else {
            return nil
        }
        var der = [UInt8](repeating: 0, count: 80)
        var length = der.count
        guard unsafe EVP_DigestSign(context, &der, &length, message, message.count) == 1 else {
            return nil
        }
        return Self.raw(fromDER: der[..<length])
    }

    /// The affine coordinates of the public key, 32 bytes each, as a JWK carries them (RFC 7518 §6.2.1).
    public var publicCoordinates: (x: [UInt8], y: [UInt8])? {
        var point = [UInt8](repeating: 0, count: 65)
        var length = 0
        let code = unsafe EVP_PKEY_get_octet_string_param(
            key,
            "encoded-pub-key",
            &point,
            point.count,
            &length
        )
        guard code == 1, length == 65, point[0] == 4 else { return nil }
        return (Array(point[1..<33]), Array(point[33..<65]))
    }

    /// `SEQUENCE { INTEGER r, INTEGER s }` to two numbers of fixed width (RFC 7518 §3.4).
    private static func raw(fromDER der: ArraySlice<UInt8>) -> [UInt8]? {
        var index = der.startIndex
        func byte() -> UInt8? {
            guard index < der.endIndex else { return nil }
            defer { index += 1 }
            return der[index]
        }
        func integer() -> [UInt8]? {
            guard byte() == 0x02, let length = byte(), length <= 33,
                der.endIndex - index >= Int(length)
            else { return nil }
            defer { index += Int(length) }
            let digits = der[index..<(index + Int(length))].drop { $0 == 0 }
            guard digits.count <= 32 else { return nil }
            return [UInt8](repeating: 0, count: 32 - digits.count) + digits
        }
        guard byte() == 0x30, byte() != nil, let r = integer(), let s = integer() else {
            return nil
        }
        return r + s
    }
}

internal import COpenSSL

/// A public key of P-256 that verifies.
@safe final class CurveKey: @unchecked Sendable {
    // Invariant behind @unchecked: an EC_KEY is only read once it is made.
    private let key: OpaquePointer

    // Invariant behind nonisolated(unsafe): set once, and a group is only read once it is made.
    private nonisolated(unsafe) static let group: OpaquePointer? = unsafe beckon_p256_group()

    /// The key of a point, 32 bytes for each coordinate.
    ///
    /// - Throws: `malformed` if it is not on the curve. Every point on it is in the group (cofactor 1).
    init(x: [UInt8], y: [UInt8]) throws(KeyError) {
        guard x.count == 32, y.count == 32 else { throw .malformed }
        guard let group = unsafe Self.group else { throw .openSSL }
        defer { ERR_clear_error() }
        guard let key = unsafe beckon_p256_key(group, [4] + x + y) else { throw .malformed }
        unsafe self.key = key
    }

    deinit { unsafe beckon_p256_free(key) }

    /// Whether R and S, 32 bytes each, are a signature over a digest (FIPS 186-5 §6.4.2).
    func verify(_ signature: [UInt8], over digest: [UInt8]) -> Bool {
        guard signature.count == 64, digest.count == 32 else { return false }
        defer { ERR_clear_error() }
        return unsafe beckon_p256_verify(key, signature, digest) == 1
    }
}

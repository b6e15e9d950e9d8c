internal import COpenSSL
import Synchronization

/// One `EVP_PKEY` of a kind that is used here, freed with its last owner.
@safe final class KeyHandle: @unchecked Sendable {
    // Invariant behind @unchecked: an EVP_PKEY is only read once it is made, and its reference
    // count is atomic.
    private let key: OpaquePointer
    let kind: KeyKind
    /// A context for signatures of ECDSA that is ready, as an address; zero before the first use.
    private let signing = Atomic<UInt>(0)

    /// Takes over `key`, and frees it if it is not taken.
    init(_ key: OpaquePointer?) throws(KeyError) {
        ERR_clear_error()
        guard let key = unsafe key else { throw .malformed }
        do {
            kind = try unsafe Self.kind(of: key)
        } catch {
            unsafe EVP_PKEY_free(key)
            throw error
        }
        unsafe self.key = key
    }

    /// Takes over a key that is known to be of a kind.
    init(_ key: OpaquePointer?, knownAs kind: KeyKind) throws(KeyError) {
        ERR_clear_error()
        guard let key = unsafe key else { throw .malformed }
        self.kind = kind
        unsafe self.key = key
    }

    deinit {
        unsafe EVP_PKEY_CTX_free(Self.context(signing))
        unsafe EVP_PKEY_free(key)
    }

    /// Lends the pointers of this key and another one.
    func withPointers<Result>(
        _ other: KeyHandle,
        _ body: (OpaquePointer, OpaquePointer) -> Result
    ) -> Result {
        unsafe withPointer { key in unsafe other.withPointer { unsafe body(key, $0) } }
    }

    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        defer { ERR_clear_error() }
        return unsafe body(key)
    }

    /// Lends a context of its own for one signature of ECDSA over a digest. OpenSSL looks for the
    /// algorithm by its name, under locks, for each context that it makes; so it is a copy of one that
    /// this key keeps and that nothing changes.
    func withSigningContext<Result>(_ body: (OpaquePointer) -> Result?) -> Result? {
        unsafe withPointer { key in
            guard let kept = unsafe Self.kept(signing, key),
                let context = unsafe EVP_PKEY_CTX_dup(kept)
            else { return nil }
            defer { unsafe EVP_PKEY_CTX_free(context) }
            return unsafe body(context)
        }
    }

    private static func kept(
        _ place: borrowing Atomic<UInt>,
        _ key: OpaquePointer
    ) -> OpaquePointer? {
        if let kept = unsafe context(place) { return unsafe kept }
        guard let new = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return nil }
        guard unsafe EVP_PKEY_sign_init(new) == 1 else {
            unsafe EVP_PKEY_CTX_free(new)
            return nil
        }
        let (isFirst, other) = place.compareExchange(
            expected: 0,
            desired: UInt(bitPattern: new),
            ordering: .acquiringAndReleasing
        )
        if isFirst { return unsafe new }
        unsafe EVP_PKEY_CTX_free(new)
        return unsafe OpaquePointer(bitPattern: other)
    }

    private static func context(_ place: borrowing Atomic<UInt>) -> OpaquePointer? {
        unsafe OpaquePointer(bitPattern: place.load(ordering: .acquiring))
    }

    private static func kind(of key: OpaquePointer) throws(KeyError) -> KeyKind {
        switch unsafe EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA:
            let bits = Int(unsafe EVP_PKEY_get_bits(key))
            guard KeyKind.rsaBits.contains(bits) else { throw .rsaBits(bits) }
            guard unsafe hasSoundExponent(key) else { throw .rsaExponent }
            return .rsa(bits: bits)
        case EVP_PKEY_EC:
            guard unsafe namedCurve(of: key) == "prime256v1" else { throw .kind }
            return .p256
        case EVP_PKEY_ED25519: return .ed25519
        default: throw .kind
        }
    }

    /// Whether an RSA exponent is odd, at least 3 and at most 64 bits long: with an exponent of one a
    /// signature is its own message.
    static func hasSoundExponent(_ key: OpaquePointer) -> Bool {
        guard let exponent = unsafe number("e", of: key)?.drop(while: { $0 == 0 }),
            exponent.count <= 8, let last = exponent.last
        else { return false }
        return last & 1 == 1 && (exponent.count > 1 || last >= 3)
    }

    /// OpenSSL's name for the curve of an EC key; nil for a curve that is written out, which RFC 5480
    /// §2.1.1 forbids: it is a way to bring another one.
    static func namedCurve(of key: OpaquePointer) -> String? {
        var name = [CChar](repeating: 0, count: 32)
        var count = 0
        var isExplicit: Int32 = 1
        guard unsafe EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1,
            unsafe EVP_PKEY_get_int_param(key, "decoded-from-explicit", &isExplicit) == 1,
            isExplicit == 0
        else { return nil }
        return String(decoding: name.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// One of the key's numbers by OpenSSL's name for it, most significant byte first.
    func number(_ name: String, width: Int? = nil) -> [UInt8]? {
        unsafe withPointer { unsafe Self.number(name, of: $0, width: width) }
    }

    private static func number(_ name: String, of key: OpaquePointer, width: Int? = nil) -> [UInt8]?
    {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(key, name, &number) == 1 else { return nil }
        defer { unsafe BN_clear_free(number) }
        let count = width ?? Int(unsafe beckon_bn_bytes(number))
        var bytes = [UInt8](repeating: 0, count: count)
        let written = unsafe BN_bn2binpad(number, &bytes, Int32(clamping: count))
        return written == count ? bytes : nil
    }

    /// The affine coordinates of a point on P-256, 32 bytes each.
    var point: (x: [UInt8], y: [UInt8])? {
        var point = [UInt8](repeating: 0, count: 65)
        var count = 0
        let code = unsafe withPointer { key in
            unsafe EVP_PKEY_get_octet_string_param(
                key,
                "encoded-pub-key",
                &point,
                point.count,
                &count
            )
        }
        guard code == 1, count == 65, point[0] == 4 else { return nil }
        return (Array(point[1..<33]), Array(point[33..<65]))
    }

    /// The 32 bytes of an Ed25519 key's half.
    func rawHalf(isPrivate: Bool) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        let code = unsafe withPointer { key in
            isPrivate
                ? unsafe EVP_PKEY_get_raw_private_key(key, &bytes, &count)
                : unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &count)
        }
        return code == 1 && count == 32 ? bytes : nil
    }

    /// The public half as a SubjectPublicKeyInfo (RFC 5280 §4.1).
    var publicInfo: [UInt8]? {
        unsafe withPointer { key in
            let count = unsafe i2d_PUBKEY(key, nil)
            guard count > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: Int(count))
            let written = unsafe bytes.withUnsafeMutableBufferPointer { room in
                var start = room.baseAddress
                return unsafe i2d_PUBKEY(key, &start)
            }
            return written == count ? bytes : nil
        }
    }
}

internal import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL.
@safe public enum SHA256 {
    /// Bytes of a digest.
    public static let byteCount = 32

    /// The digest of an array.
    public static func digest(_ bytes: [UInt8]) -> [UInt8] {
        digest(bytes.span)
    }

    /// The digest of a span.
    public static func digest(_ bytes: borrowing Span<UInt8>) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { room, count in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe beckon_sha256(bytes.baseAddress, bytes.count, nil, 0, room.baseAddress)
            }
            count = byteCount
        }
    }
}

extension SHA256 {
    /// Whether the hash of two concatenated parts is `digest`, in constant time. It does not
    /// allocate, because it may run for every request.
    static func matches(
        _ head: ArraySlice<UInt8>,
        _ tail: ArraySlice<UInt8>,
        _ digest: [UInt8]
    ) -> Bool {
        guard digest.count == byteCount else { return false }
        return unsafe head.withUnsafeBytes { head in
            unsafe tail.withUnsafeBytes { tail in
                unsafe digest.withUnsafeBytes { digest in
                    unsafe beckon_sha256_matches(
                        head.baseAddress,
                        head.count,
                        tail.baseAddress,
                        tail.count,
                        digest.baseAddress
                    ) == 1
                }
            }
        }
    }
}

/// Keyed hashing (RFC 2104).
@safe public enum HMAC {
    /// HMAC-SHA-256, 32 bytes.
    public static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 32) { room, count in
            var length: UInt32 = 0
            let result = unsafe COpenSSL.HMAC(
                EVP_sha256(),
                key,
                Int32(clamping: key.count),
                message,
                message.count,
                room.baseAddress,
                &length
            )
            // allowed: OpenSSL only fails here without memory, which ends a Swift program
            // anyway.
            unsafe precondition(result != nil && length == 32, "OpenSSL computes HMAC-SHA-256")
            count = 32
        }
    }
}

/// Comparing secrets.
@safe public enum ConstantTime {
    /// The time depends on the lengths only.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        equal(left[...], right[...])
    }

    /// The same for parts of arrays.
    public static func equal(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                unsafe beckon_equal(left.baseAddress, right.baseAddress, left.count) == 1
            }
        }
    }
}

/// Random numbers.
@safe public enum Random {
    /// Unpredictable bytes from OpenSSL's generator, for secrets.
    public static func bytes(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            let code = unsafe RAND_bytes(room.baseAddress, Int32(clamping: count))
            // allowed: the kernel's generator needs no file and no descriptor (getrandom), and
            // is seeded when the machine has started.
            precondition(code == 1, "the random generator is seeded")
            initialized = count
        }
    }

    /// Uniformly distributed in 0..<1, for jitter.
    public static func fraction() -> Double { Double.random(in: 0..<1) }
}

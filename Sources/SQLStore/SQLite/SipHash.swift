/// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed 64-bit hash. Without the key nobody can choose
/// inputs that share a hash.
///
/// Swift's `Hasher` does not do: its seed changes with each process, and these hashes are stored.
/// `NumbersByHash` has the cost of an insert with and without it.
struct SipHash {
    struct Key: Hashable, Sendable {
        let low: UInt64
        let high: UInt64
    }

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    static func hash(_ bytes: [UInt8], _ key: Key) -> Int64 {
        var state = SipHash(key)
        let words = bytes.count / 8
        unsafe bytes.withUnsafeBytes { bytes in
            for word in 0..<words {
                let value = unsafe bytes.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self)
                state.compress(UInt64(littleEndian: value))
            }
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        for index in 8 * words..<bytes.count {
            last |= UInt64(bytes[index]) << UInt64(8 * (index & 7))
        }
        state.compress(last)
        return state.finalize()
    }

    private init(_ key: Key) {
        v0 = key.low ^ 0x736f_6d65_7073_6575
        v1 = key.high ^ 0x646f_7261_6e64_6f6d
        v2 = key.low ^ 0x6c79_6765_6e65_7261
        v3 = key.high ^ 0x7465_6462_7974_6573
    }

    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func finalize() -> Int64 {
        v2 ^= 0xff
        for _ in 0..<4 { round() }
        return Int64(bitPattern: v0 ^ v1 ^ v2 ^ v3)
    }

    private mutating func round() {
        v0 &+= v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 &+= v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 &+= v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }
}

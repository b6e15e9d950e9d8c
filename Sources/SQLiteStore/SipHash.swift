/// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of 64 bits whose collisions cannot be
/// made without the key. `Hasher` would do, but its seed changes with each process and ours is
/// stored with the rows that are found by it.
struct SipHash {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var tail: UInt64 = 0
    private var count: UInt64 = 0

    struct Key: Hashable, Sendable {
        let low: UInt64
        let high: UInt64
    }

    init(_ key: Key) {
        v0 = key.low ^ 0x736f_6d65_7073_6575
        v1 = key.high ^ 0x646f_7261_6e64_6f6d
        v2 = key.low ^ 0x6c79_6765_6e65_7261
        v3 = key.high ^ 0x7465_6462_7974_6573
    }

    mutating func combine(_ byte: UInt8) {
        tail |= UInt64(byte) << ((count & 7) * 8)
        count &+= 1
        if count & 7 == 0 {
            compress(tail)
            tail = 0
        }
    }

    /// A text and its end: no identifier has a zero byte, so that neighbours cannot run together.
    mutating func combine(_ text: String?) {
        if var text { text.withUTF8 { unsafe combine($0.span) } }
        combine(0)
    }

    /// The same of a text's bytes, which need not be UTF-8: a damaged row has a hash too.
    mutating func combine(_ bytes: [UInt8]?) {
        if let bytes { combine(bytes.span) }
        combine(0)
    }

    /// Eight bytes at a time, wherever the word under way stands.
    private mutating func combine(_ bytes: Span<UInt8>) {
        let shift = (count & 7) * 8
        var index = 0
        while index + 8 <= bytes.count {
            var word: UInt64 = 0
            for byte in 0..<8 { word |= UInt64(bytes[index + byte]) &<< UInt64(8 * byte) }
            compress(tail | word &<< shift)
            tail = shift == 0 ? 0 : word &>> (64 - shift)
            count &+= 8
            index += 8
        }
        while index < bytes.count {
            combine(bytes[index])
            index += 1
        }
    }

    consuming func finalize() -> Int64 {
        compress(tail | (count << 56))
        v2 ^= 0xff
        for _ in 0..<4 { round() }
        return Int64(bitPattern: v0 ^ v1 ^ v2 ^ v3)
    }

    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
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

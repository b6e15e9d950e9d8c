/// Sets of ASCII characters as two words of bits, so that a lookup touches no memory.
struct ByteClass {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte & 0x40 == 0 ? low : high
        return byte < 0x80 && (word &>> UInt64(byte)) & 1 == 1
    }

    // The words are written out, not computed, so that no lazily made global is read for each
    // byte; a test computes them again from the grammar.

    /// tchar: what method and field names are made of (RFC 9110 §5.6.2).
    static var token: ByteClass {
        ByteClass(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// pchar and `/` (RFC 3986 §3.3), percent included.
    static var path: ByteClass {
        ByteClass(low: 0x2FFF_FFF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)
    }

    /// What browsers leave as it is in a query (WHATWG URL, query percent-encode set): more than
    /// RFC 3986 §3.4 allows, and harmless, because only the form decoder reads it.
    static var query: ByteClass {
        ByteClass(low: 0xAFFF_FFF2_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF)
    }

    /// A registered name or an IPv4 address (RFC 3986 §3.2.2), percent included.
    static var host: ByteClass {
        ByteClass(low: 0x2BFF_7FF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }
}

extension UInt8 {
    var isDigit: Bool { self &- 0x30 < 10 }
    var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    var hexDigit: UInt8? {
        if isDigit { return self - 0x30 }
        let letter = self | 0x20
        return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : nil
    }
}

/// Searches eight bytes at a time.
extension Span<UInt8> {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var tops: UInt64 { 0x8080_8080_8080_8080 }

    private func word(at index: Int) -> UInt64 {
        UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index,
                as: UInt64.self
            )
        )
    }

    /// The first line feed, nil when there is none.
    func firstLineFeed(from start: Int, to end: Int) -> Int? {
        precondition(start >= 0 && end <= count, "a search leaves the buffer")
        var index = start
        while index + 8 <= end {
            let difference = word(at: index) ^ (Self.ones &* 0x0A)
            // The lowest bit set belongs to the first byte that is zero now; borrows only spoil
            // the bytes after it.
            let hits = (difference &- Self.ones) & ~difference & Self.tops
            if hits != 0 { return index + hits.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < end {
            if self[unchecked: index] == 0x0A { return index }
            index += 1
        }
        return nil
    }

    /// Whether there is a byte that no field value may contain: a control character other than a
    /// tab (RFC 9110 §5.5).
    func hasControl(from start: Int, to end: Int) -> Bool {
        precondition(start >= 0 && end <= count, "a search leaves the buffer")
        var index = start
        while index + 8 <= end {
            let word = word(at: index)
            let deleted = word ^ (Self.ones &* 0x7F)
            let low = (word &- Self.ones &* 0x20) & ~word
            if (low | (deleted &- Self.ones) & ~deleted) & Self.tops != 0 { break }
            index += 8
        }
        // Here at the first suspicious word, which may be a tab, or at the last few bytes.
        while index < end {
            let byte = self[unchecked: index]
            if byte < 0x20 && byte != 0x09 || byte == 0x7F { return true }
            index += 1
        }
        return false
    }

    /// Compares without regard to case. `text` is in lower case.
    func equals(_ text: StaticString, from start: Int, to end: Int) -> Bool {
        guard end - start == text.utf8CodeUnitCount, start >= 0, end <= count else { return false }
        return text.withUTF8Buffer { wanted in
            for index in 0..<wanted.count
            where self[unchecked: start + index].lowercased != wanted[index] { return false }
            return true
        }
    }
}

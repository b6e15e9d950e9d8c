/// A set of ASCII characters as two words of bits, so that a lookup reads no memory.
struct ByteClass {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte & 0x40 == 0 ? low : high
        return byte < 0x80 && (word &>> UInt64(byte)) & 1 == 1
    }

    // The words are literals, so that no lazily initialised global is read for each byte; a test
    // computes them again from the grammar.

    /// tchar: the characters of method and field names (RFC 9110 §5.6.2).
    static var token: ByteClass {
        ByteClass(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// pchar and `/` (RFC 3986 §3.3), percent included.
    static var path: ByteClass {
        ByteClass(low: 0x2FFF_FFF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)
    }

    /// The characters that browsers do not encode in a query (WHATWG URL, query percent-encode
    /// set). These are more than RFC 3986 §3.4 allows; only the form decoder reads them.
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

    func word(at index: Int) -> UInt64 {
        UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index,
                as: UInt64.self
            )
        )
    }

    /// Whether every byte is one of a token (RFC 9110 §5.6.2).
    var isToken: Bool {
        for index in indices where !ByteClass.token.contains(self[unchecked: index]) {
            return false
        }
        return true
    }

    /// The first line feed, nil when there is none.
    func firstLineFeed(from start: Int, to end: Int) -> Int? {
        // allowed: the parser searches between its position and the end that it was given.
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
        // allowed: the parser searches between its position and the end that it was given.
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

    /// The first control character, delete included; nil when there is none.
    func firstControl(from start: Int, to end: Int) -> Int? {
        // allowed: the parser searches between its position and the end that it was given.
        precondition(start >= 0 && end <= count, "a search leaves the buffer")
        var index = start
        while index + 8 <= end {
            let word = word(at: index)
            let deleted = word ^ (Self.ones &* 0x7F)
            let low = (word &- Self.ones &* 0x20) & ~word
            let hits = (low | (deleted &- Self.ones) & ~deleted) & Self.tops
            if hits != 0 { return index + hits.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < end {
            let byte = self[unchecked: index]
            if byte < 0x20 || byte == 0x7F { return index }
            index += 1
        }
        return nil
    }

    /// Skips bytes that are letters or `-`, eight at a time as long as that many are left. What
    /// stops it may still be one.
    func skipLettersAndHyphens(from start: Int, to end: Int) -> Int {
        skip(from: start, to: end) { word in
            let hyphen = word ^ (Self.ones &* 0x2D)
            return Self.letters(word) | ~(hyphen | ((hyphen & ~Self.tops) &+ ~Self.tops))
        }
    }

    /// Skips bytes that are letters, digits, `-`, `.` or `/`, eight at a time as long as that many
    /// are left. What stops it may still be one.
    func skipPlainPath(from start: Int, to end: Int) -> Int {
        skip(from: start, to: end) { word in
            let low = word & ~Self.tops
            // From 0x2D to 0x39: hyphen, full stop, slash, digits.
            let others = (low &+ Self.ones &* 0x53) & ~(low &+ Self.ones &* 0x46) & ~word
            return Self.letters(word) | others
        }
    }

    /// `matches` sets the top bit of each byte that may be skipped.
    @inline(__always)
    private func skip(from start: Int, to end: Int, _ matches: (UInt64) -> UInt64) -> Int {
        // allowed: the parser searches between its position and the end that it was given.
        precondition(start >= 0 && end <= count, "a search leaves the buffer")
        var index = start
        while index + 8 <= count, index < end {
            let others = ~matches(word(at: index)) & Self.tops
            if others != 0 { return Swift.min(end, index + others.trailingZeroBitCount / 8) }
            index += 8
        }
        return Swift.min(index, end)
    }

    /// The top bit of each byte that is a letter.
    @inline(__always)
    private static func letters(_ word: UInt64) -> UInt64 {
        let lower = (word | ones &* 0x20) & ~tops
        return (lower &+ ones &* 0x1F) & ~(lower &+ ones &* 0x05) & ~word
    }

    /// Compares without regard to case. `text` is in lower case.
    func equals(_ text: StaticString, from start: Int, to end: Int) -> Bool {
        guard end - start == text.utf8CodeUnitCount, start >= 0, end <= count else { return false }
        return text.withUTF8Buffer { wanted in
            let wanted = UnsafeRawBufferPointer(wanted)
            if wanted.count < 8 {
                for index in 0..<wanted.count
                where self[unchecked: start + index].lowercased != wanted[index] { return false }
                return true
            }
            var index = 0
            while true {
                let word = word(at: start + index)
                let upper = Self.letters(word) & ~(word &<< 2) & Self.tops
                let other = wanted.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if word | upper &>> 2 != UInt64(littleEndian: other) { return false }
                if index == wanted.count - 8 { return true }
                // The last word overlaps the one before it.
                index = Swift.min(index + 8, wanted.count - 8)
            }
        }
    }

    /// Whether `other` has the same bytes.
    func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index + 8 <= count {
            if word(at: index) != other.word(at: index) { return false }
            index += 8
        }
        while index < count {
            if self[unchecked: index] != other[unchecked: index] { return false }
            index += 1
        }
        return true
    }
}

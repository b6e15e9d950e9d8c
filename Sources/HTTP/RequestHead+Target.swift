/// Request targets and authorities (RFC 9112 §3.2, RFC 3986 §3.2).
extension RequestHead {
    /// Reads the origin form, the absolute form, and for OPTIONS the asterisk form. The authority
    /// form is for CONNECT, which is not supported.
    mutating func readTarget(_ bytes: Span<UInt8>, _ target: Range<Int>) throws(RequestError) {
        switch bytes[unchecked: target.lowerBound] {
        case 0x2F:
            try readPath(bytes, target)
        case 0x2A:
            guard target.count == 1, method == .options else { throw .badTarget }
            path = target
            query = target.upperBound..<target.upperBound
        default:
            try readAbsoluteForm(bytes, target)
        }
    }

    private mutating func readAbsoluteForm(
        _ bytes: Span<UInt8>,
        _ target: Range<Int>
    ) throws(RequestError) {
        var start = target.lowerBound
        for scheme in ["http://", "https://"] as [StaticString] {
            let end = target.lowerBound + scheme.utf8CodeUnitCount
            if end <= target.upperBound, bytes.equals(scheme, from: target.lowerBound, to: end) {
                start = end
            }
        }
        var end = start
        while end < target.upperBound, bytes[unchecked: end] != 0x2F, bytes[unchecked: end] != 0x3F
        {
            end += 1
        }
        guard start > target.lowerBound, Self.isAuthority(bytes, start..<end) else {
            throw .badTarget
        }
        authority = start..<end
        if end < target.upperBound, bytes[unchecked: end] == 0x2F {
            try readPath(bytes, end..<target.upperBound)
        } else {
            // An empty path means `/` (RFC 9110 §4.2.3); the last slash of `://` is one.
            try readPath(bytes, end..<target.upperBound)
            path = start - 1..<start
        }
    }

    /// Path and query; a fragment is not part of any target.
    private mutating func readPath(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(RequestError) {
        var index = bytes.skipPlainPath(from: range.lowerBound, to: range.upperBound)
        while index < range.upperBound, bytes[unchecked: index] != 0x3F {
            guard ByteClass.path.contains(bytes[unchecked: index]) else { throw .badTarget }
            if bytes[unchecked: index] == 0x25 {
                guard Self.isEscape(bytes, at: index, before: range.upperBound) else {
                    throw .badTarget
                }
            }
            index += 1
        }
        path = range.lowerBound..<index
        query = min(index + 1, range.upperBound)..<range.upperBound
        for index in query {
            guard ByteClass.query.contains(bytes[unchecked: index]) else { throw .badTarget }
        }
    }

    /// The path in a request line that is not taken or has not come whole; nil if it has no end yet.
    static func path(in line: ArraySlice<UInt8>) -> Range<Int>? {
        guard let space = line.firstIndex(of: 0x20) else { return nil }
        var target = line[(space + 1)...]
        for scheme in ["http://", "https://"] where target.starts(with: scheme.utf8) {
            target = target.dropFirst(scheme.utf8.count).drop { $0 != 0x2F && $0 > 0x20 }
        }
        guard target.first == 0x2F,
            let end = target.firstIndex(where: { $0 <= 0x20 || $0 == 0x3F || $0 == 0x23 })
        else { return nil }
        return target.startIndex..<end
    }

    private static func isEscape(_ bytes: Span<UInt8>, at index: Int, before end: Int) -> Bool {
        index + 2 < end && bytes[unchecked: index + 1].hexDigit != nil
            && bytes[unchecked: index + 2].hexDigit != nil
    }

    /// `host [":" port]`. User information is not allowed in an http URL (RFC 9110 §4.2.4), and the
    /// host is required (§4.2.1).
    static func isAuthority(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        var index = range.lowerBound
        if bytes[unchecked: index] == 0x5B {
            // An IPv6 address in brackets; only its characters are checked.
            index += 1
            let start = index
            while index < range.upperBound,
                bytes[unchecked: index].hexDigit != nil || bytes[unchecked: index] == 0x3A
                    || bytes[unchecked: index] == 0x2E
            { index += 1 }
            guard index > start + 1, index < range.upperBound, bytes[unchecked: index] == 0x5D
            else { return false }
            index += 1
        } else {
            let start = index
            while index < range.upperBound, ByteClass.host.contains(bytes[unchecked: index]) {
                if bytes[unchecked: index] == 0x25 {
                    guard isEscape(bytes, at: index, before: range.upperBound) else { return false }
                }
                index += 1
            }
            guard index > start else { return false }
        }
        guard index < range.upperBound else { return true }
        guard bytes[unchecked: index] == 0x3A, range.upperBound - index <= 6 else { return false }
        for digit in index + 1..<range.upperBound {
            guard bytes[unchecked: digit].isDigit else { return false }
        }
        return true
    }
}

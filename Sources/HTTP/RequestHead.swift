/// The request line and the fields read so far, as far as the parser needs them.
struct RequestHead: Sendable {
    enum Coding: Sendable { case none, chunked, unsupported }

    var method = Method.get
    var minorVersion = 1
    var path = 0..<0
    var query = 0..<0
    /// From a target in absolute form; it replaces the Host field (RFC 9112 §3.2.2).
    var authority: Range<Int>?
    var host: Range<Int>?
    var contentLength: Int?
    var coding = Coding.none
    var closes = false
    var keepsAlive = false
    var expectsContinue = false
    var hasUnmetExpectation = false
    /// Bits for the names of the fields so far, see `mayRepeat`.
    var seenNames: UInt64 = 0

    /// Reads `method SP target SP version` (RFC 9112 §3), without its line end.
    mutating func readRequestLine(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        limits: HTTPLimits
    ) throws(RequestError) {
        var index = bytes.skipLettersAndHyphens(from: line.lowerBound, to: line.upperBound)
        while index < line.upperBound, ByteClass.token.contains(bytes[unchecked: index]) {
            index += 1
        }
        guard index > line.lowerBound, index < line.upperBound, bytes[unchecked: index] == 0x20
        else { throw .badRequestLine }
        let name = line.lowerBound..<index

        // `SP HTTP/1.1` are the last nine bytes; the target is between.
        let space = line.upperBound - 9
        guard space > index + 1, bytes[unchecked: space] == 0x20 else { throw .badRequestLine }
        try readVersion(bytes, at: space + 1)
        method = Self.method(bytes, name)
        guard space - (index + 1) <= limits.target else { throw .targetTooLong }
        try readTarget(bytes, index + 1..<space)
    }

    private mutating func readVersion(
        _ bytes: Span<UInt8>,
        at start: Int
    ) throws(RequestError) {
        if bytes.word(at: start) == 0x312E_312F_5054_5448 {
            minorVersion = 1
            return
        }  // HTTP/1.1
        guard bytes[unchecked: start] == 0x48, bytes[unchecked: start + 1] == 0x54,
            bytes[unchecked: start + 2] == 0x54, bytes[unchecked: start + 3] == 0x50,
            bytes[unchecked: start + 4] == 0x2F, bytes[unchecked: start + 5].isDigit,
            bytes[unchecked: start + 6] == 0x2E, bytes[unchecked: start + 7].isDigit
        else { throw .badRequestLine }
        guard bytes[unchecked: start + 5] == 0x31 else { throw .unsupportedVersion }
        // A higher minor version is read as the highest known one (RFC 9110 §2.5).
        minorVersion = bytes[unchecked: start + 7] == 0x30 ? 0 : 1
    }

    private static func method(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Method {
        // Methods are case-sensitive (RFC 9110 §9.1), so no lower case here.
        func matches(_ text: StaticString) -> Bool {
            text.withUTF8Buffer { wanted in
                for index in 0..<wanted.count
                where bytes[unchecked: name.lowerBound + index] != wanted[index] { return false }
                return true
            }
        }
        switch name.count {
        case 3 where matches("GET"): return .get
        case 4 where matches("POST"): return .post
        case 3 where matches("PUT"): return .put
        case 4 where matches("HEAD"): return .head
        case 5 where matches("PATCH"): return .patch
        case 6 where matches("DELETE"): return .delete
        case 7 where matches("OPTIONS"): return .options
        default:
            var text = ""
            for index in name { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
            return .other(text)
        }
    }

    /// Reads one field line (RFC 9112 §5), without its line end. `isClean` when it is known to have
    /// no control characters.
    mutating func readField(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        isClean: Bool
    ) throws(RequestError) -> Request.FieldRange {
        let field = try Self.splitField(bytes, line, isClean: isClean)
        let name = Int(field.name.lowerBound)..<Int(field.name.upperBound)
        let value = Int(field.value.lowerBound)..<Int(field.value.upperBound)
        func isNamed(_ text: StaticString) -> Bool {
            bytes.equals(text, from: name.lowerBound, to: name.upperBound)
        }
        switch name.count {
        case 4 where isNamed("host"):
            guard host == nil else { throw .badHost }
            guard Self.isAuthority(bytes, value) else { throw .badHost }
            host = value
        case 6 where isNamed("expect"):
            guard !expectsContinue, !hasUnmetExpectation else { throw .repeatedField }
            if bytes.equals("100-continue", from: value.lowerBound, to: value.upperBound) {
                expectsContinue = true
            } else {
                hasUnmetExpectation = true
            }
        case 10 where isNamed("connection"): readConnection(bytes, value)
        case 14 where isNamed("content-length"): try readContentLength(bytes, value)
        case 17 where isNamed("transfer-encoding"): try readTransferEncoding(bytes, value)
        default: break
        }
        return field
    }

    /// Checks the grammar of a field line and trims its value. Folded lines begin with a space,
    /// which is no token, and so are refused (RFC 9112 §5.2).
    static func splitField(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        isClean: Bool
    ) throws(RequestError) -> Request.FieldRange {
        var colon = bytes.skipLettersAndHyphens(from: line.lowerBound, to: line.upperBound)
        while colon < line.upperBound, ByteClass.token.contains(bytes[unchecked: colon]) {
            colon += 1
        }
        // RFC 9112 §5.1: no space between name and colon.
        guard colon > line.lowerBound, colon < line.upperBound, bytes[unchecked: colon] == 0x3A
        else { throw .badFieldLine }
        var start = colon + 1
        var end = line.upperBound
        while start < end, bytes[unchecked: start].isBlank { start += 1 }
        while end > start, bytes[unchecked: end - 1].isBlank { end -= 1 }
        guard isClean || !bytes.hasControl(from: start, to: end) else { throw .badFieldLine }
        return Request.FieldRange(
            name: Int32(truncatingIfNeeded: line.lowerBound)..<Int32(truncatingIfNeeded: colon),
            value: Int32(truncatingIfNeeded: start)..<Int32(truncatingIfNeeded: end)
        )
    }

    private mutating func readConnection(_ bytes: Span<UInt8>, _ value: Range<Int>) {
        forEachElement(bytes, value) { element in
            if bytes.equals("close", from: element.lowerBound, to: element.upperBound) {
                closes = true
            } else if bytes.equals("keep-alive", from: element.lowerBound, to: element.upperBound) {
                keepsAlive = true
            }
        }
    }

    private mutating func readContentLength(
        _ bytes: Span<UInt8>,
        _ value: Range<Int>
    ) throws(RequestError) {
        // RFC 9112 §6.3 rule 5 allows merging equal repetitions, but no valid client sends them.
        guard contentLength == nil, !value.isEmpty else { throw .badContentLength }
        var length = 0
        for index in value {
            guard bytes[unchecked: index].isDigit else { throw .badContentLength }
            // A longer number is over any limit; its exact value does not matter.
            guard length < Int.max / 16 else { continue }
            length = length * 10 + Int(bytes[unchecked: index] - 0x30)
        }
        contentLength = length
    }

    private mutating func readTransferEncoding(
        _ bytes: Span<UInt8>,
        _ value: Range<Int>
    ) throws(RequestError) {
        var isMalformed = false
        forEachElement(bytes, value) { element in
            var end = element.lowerBound
            while end < element.upperBound, ByteClass.token.contains(bytes[unchecked: end]) {
                end += 1
            }
            let isChunked = bytes.equals("chunked", from: element.lowerBound, to: end)
            // Empty elements are allowed in lists, but two servers could read them differently
            // here. `chunked` has no parameters (RFC 9112 §7.1) and is applied once (§6.1).
            if end == element.lowerBound || isChunked && end < element.upperBound
                || isChunked && coding == .chunked
            {
                isMalformed = true
            }
            coding = isChunked && coding == .none ? .chunked : .unsupported
        }
        if isMalformed { throw .badTransferEncoding }
    }

    /// Visits the elements of a comma-separated list, without the blanks around them.
    private func forEachElement(
        _ bytes: Span<UInt8>,
        _ value: Range<Int>,
        _ body: (Range<Int>) -> Void
    ) {
        var start = value.lowerBound
        while true {
            var comma = start
            while comma < value.upperBound, bytes[unchecked: comma] != 0x2C { comma += 1 }
            var first = start
            var end = comma
            while first < end, bytes[unchecked: first].isBlank { first += 1 }
            while end > first, bytes[unchecked: end - 1].isBlank { end -= 1 }
            body(first..<end)
            if comma == value.upperBound { return }
            start = comma + 1
        }
    }

    /// Checks that need the whole head. Conflicts are reported before sizes.
    func check(limits: HTTPLimits) throws(RequestError) {
        if minorVersion > 0 && host == nil { throw .badHost }  // RFC 9112 §3.2
        if coding != .none {
            if contentLength != nil { throw .conflictingLengths }  // RFC 9112 §6.3, rule 3
            if minorVersion == 0 { throw .badTransferEncoding }  // RFC 9112 §6.1
            if coding == .unsupported { throw .unsupportedTransferEncoding }
        }
        if hasUnmetExpectation { throw .unmetExpectation }
        if let contentLength, contentLength > limits.body { throw .bodyTooLarge }
    }
}

extension UInt8 {
    /// Optional white space (RFC 9110 §5.6.3).
    var isBlank: Bool { self == 0x20 || self == 0x09 }
}

/// The line that begins a chunk (RFC 9112 §7.1).
enum ChunkLine {
    /// The size; extensions are checked and ignored, as the RFC asks. A size that fits no integer
    /// is returned as the greatest one.
    static func size(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(RequestError) -> Int {
        var index = line.lowerBound
        var size = 0
        while index < line.upperBound, let digit = bytes[unchecked: index].hexDigit {
            size = size > Int.max >> 8 ? Int.max : size << 4 | Int(digit)
            index += 1
        }
        guard index > line.lowerBound else { throw .badChunk }
        while index < line.upperBound { index = try skipExtension(bytes, index, line.upperBound) }
        return size
    }

    /// `BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ]` (RFC 9112 §7.1.1). Returns
    /// where it ends.
    private static func skipExtension(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ end: Int
    ) throws(RequestError) -> Int {
        var index = skipBlanks(bytes, start, end)
        guard index < end, bytes[unchecked: index] == 0x3B else { throw .badChunk }
        index = skipBlanks(bytes, index + 1, end)
        index = try skipToken(bytes, index, end)
        let equals = skipBlanks(bytes, index, end)
        guard equals < end, bytes[unchecked: equals] == 0x3D else { return index }
        index = skipBlanks(bytes, equals + 1, end)
        guard index < end, bytes[unchecked: index] == 0x22 else {
            return try skipToken(bytes, index, end)
        }
        return try skipQuoted(bytes, index + 1, end)
    }

    private static func skipBlanks(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end, bytes[unchecked: index].isBlank { index += 1 }
        return index
    }

    private static func skipToken(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ end: Int
    ) throws(RequestError) -> Int {
        var index = start
        while index < end, ByteClass.token.contains(bytes[unchecked: index]) { index += 1 }
        guard index > start else { throw .badChunk }
        return index
    }

    /// The rest of a quoted string (RFC 9110 §5.6.4), after its opening quote.
    private static func skipQuoted(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ end: Int
    ) throws(RequestError) -> Int {
        var index = start
        while index < end {
            var byte = bytes[unchecked: index]
            if byte == 0x22 { return index + 1 }
            if byte == 0x5C, index + 1 < end {
                index += 1
                byte = bytes[unchecked: index]
            }
            guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { throw .badChunk }
            index += 1
        }
        throw .badChunk
    }
}

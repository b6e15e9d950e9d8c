/// WebP (RFC 9649): a RIFF container with chunks, each with its name and length.
enum WebPFile {
    static func isOne(_ file: [UInt8]) -> Bool {
        file.count >= 12 && file.starts(with: Array("RIFF".utf8))
            && file[8..<12].elementsEqual("WEBP".utf8)
    }

    /// The image with these chunks only: VP8 or VP8L, and VP8X and ALPH if it has transparency apart
    /// from its picture.
    static func rewritten(_ file: [UInt8]) throws(LogoProblem) -> LogoImage {
        var start = FileReader(file)
        _ = try start.take(4)
        let size = Int(try start.littleEndian())
        // Whatever follows is not part of the image.
        var reader = FileReader(Array(try start.take(size)))
        _ = try reader.take(4)
        var canvas: Size?
        var alpha: [UInt8]?
        var isFirst = true
        while reader.left > 0 {
            let chunk = try Chunk(&reader)
            defer { isFirst = false }
            switch chunk.name {
            case "VP8X":
                guard isFirst else { throw chunk.misplaced }
                canvas = try Self.canvas(chunk.content)
            case "ALPH":
                guard canvas != nil, alpha == nil, !chunk.content.isEmpty else {
                    throw chunk.misplaced
                }
                alpha = chunk.bytes
            case "VP8 ", "VP8L":
                guard isFirst || canvas != nil, alpha == nil || chunk.name == "VP8 " else {
                    throw chunk.misplaced
                }
                let picture =
                    chunk.name == "VP8 "
                    ? try lossySize(chunk.content) : try losslessSize(chunk.content)
                guard canvas == nil || canvas == picture else {
                    throw LogoProblem("has a canvas of another size than its picture")
                }
                return try image(picture, alpha, chunk.bytes)
            case "ANIM", "ANMF": throw LogoProblem("is animated")
            default:
                guard canvas != nil else { throw chunk.misplaced }
            }
        }
        throw LogoProblem("is cut off")
    }

    private struct Size: Hashable {
        let width: Int
        let height: Int
    }

    private struct Chunk {
        let name: String
        let content: [UInt8]
        /// With name and length, and of even length.
        let bytes: [UInt8]

        init(_ reader: inout FileReader) throws(LogoProblem) {
            let head = try reader.take(4)
            guard head.allSatisfy({ $0 < 0x80 }) else {
                throw LogoProblem("has a chunk without a name")
            }
            name = String(decoding: head, as: UTF8.self)
            let length = Int(try reader.littleEndian())
            content = Array(try reader.take(length))
            if length % 2 == 1 { _ = try reader.take(1) }
            var bytes = Array(head) + WebPFile.littleEndian(length) + content
            if length % 2 == 1 { bytes.append(0) }
            self.bytes = bytes
        }

        var misplaced: LogoProblem {
            LogoProblem("has a chunk that is wrong there")
        }
    }

    private static func image(
        _ size: Size,
        _ alpha: [UInt8]?,
        _ picture: [UInt8]
    ) throws(LogoProblem) -> LogoImage {
        var body = Array("WEBP".utf8)
        if let alpha {
            // Of the features of the container, transparency alone (§2.7.1).
            body += Array("VP8X".utf8) + littleEndian(10) + [0x10, 0, 0, 0]
            body += littleEndian(size.width - 1).prefix(3)
            body += littleEndian(size.height - 1).prefix(3)
            body += alpha
        }
        body += picture
        return try LogoImage(
            .webp,
            width: size.width,
            height: size.height,
            bytes: Array("RIFF".utf8) + littleEndian(body.count) + body
        )
    }

    /// RFC 9649 §2.7.1.
    private static func canvas(_ content: [UInt8]) throws(LogoProblem) -> Size {
        guard content.count == 10 else {
            throw LogoProblem("has a header that WebP does not allow")
        }
        guard content[0] & 0x02 == 0 else { throw LogoProblem("is animated") }
        func side(_ start: Int) -> Int {
            1 + Int(content[start]) + Int(content[start + 1]) << 8 + Int(content[start + 2]) << 16
        }
        return Size(width: side(4), height: side(7))
    }

    /// The head of a key frame (RFC 6386 §9.1).
    private static func lossySize(_ content: [UInt8]) throws(LogoProblem) -> Size {
        guard content.count > 10, content[0] & 1 == 0, content[3...5] == [0x9D, 0x01, 0x2A] else {
            throw LogoProblem("has a picture that cannot be read")
        }
        func side(_ start: Int) -> Int { Int(content[start]) + Int(content[start + 1] & 0x3F) << 8 }
        return Size(width: side(6), height: side(8))
    }

    /// The head of a lossless picture (RFC 9649 §3.4).
    private static func losslessSize(_ content: [UInt8]) throws(LogoProblem) -> Size {
        guard content.count > 5, content[0] == 0x2F, content[4] >> 5 == 0 else {
            throw LogoProblem("has a picture that cannot be read")
        }
        let bits = (1...4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(content[$1]) }
        return Size(width: Int(bits & 0x3FFF) + 1, height: Int(bits >> 14 & 0x3FFF) + 1)
    }

    private static func littleEndian(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}

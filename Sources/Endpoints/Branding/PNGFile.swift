/// PNG (W3C, third edition): a signature and chunks, each with its length, name and CRC.
enum PNGFile {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The chunks that draw the picture (§5.6), in their order. The data of IDAT is split as it was.
    private enum Stage: Int { case start, header, palette, transparency, data, afterData }

    /// The image with these chunks only: IHDR, PLTE, tRNS, IDAT and IEND.
    static func rewritten(_ file: [UInt8]) throws(LogoProblem) -> LogoImage {
        var reader = FileReader(file)
        var output = Array(try reader.take(signature.count))
        var header: Header?
        var stage = Stage.start
        var dataLength = 0
        while true {
            let chunk = try Chunk(&reader)
            guard stage != .start || chunk.name == "IHDR" else {
                throw LogoProblem("does not begin with a header (IHDR)")
            }
            switch chunk.name {
            case "IHDR":
                guard stage == .start else { throw chunk.misplaced }
                header = try Header(chunk.content)
                stage = .header
            case "PLTE":
                guard stage == .header, header?.takesPalette(of: chunk.content.count) == true else {
                    throw chunk.misplaced
                }
                stage = .palette
            case "tRNS":
                guard stage == .header || stage == .palette,
                    header?.takesTransparency(of: chunk.content.count, stage == .palette) == true
                else { throw chunk.misplaced }
                stage = .transparency
            case "IDAT":
                guard stage != .afterData, header?.needsPalette != true || stage != .header else {
                    throw chunk.misplaced
                }
                if dataLength == 0 { try checkStream(chunk.content) }
                dataLength += chunk.content.count
                stage = .data
            case "IEND":
                guard let header, dataLength > 0, chunk.content.isEmpty else {
                    throw chunk.misplaced
                }
                output += chunk.bytes
                // Whatever follows is not part of the image.
                return try LogoImage(
                    .png,
                    width: header.width,
                    height: header.height,
                    bytes: output
                )
            case "acTL", "fcTL", "fdAT": throw LogoProblem("is animated")
            default:
                // An upper-case first letter: the picture cannot be drawn without it (§5.4).
                guard chunk.name.utf8.first.map({ $0 & 0x20 != 0 }) == true else {
                    throw LogoProblem("has an unknown critical chunk")
                }
                if stage == .data { stage = .afterData }
                continue
            }
            output += chunk.bytes
        }
    }

    /// The first bytes of the compressed data (RFC 1950 §2.2).
    private static func checkStream(_ content: ArraySlice<UInt8>) throws(LogoProblem) {
        let bytes = Array(content.prefix(2))
        guard bytes.count == 2, bytes[0] & 0x0F == 8, bytes[0] >> 4 <= 7, bytes[1] & 0x20 == 0,
            (UInt(bytes[0]) << 8 | UInt(bytes[1])) % 31 == 0
        else { throw LogoProblem("has data that are not compressed as PNG requires") }
    }

    private struct Chunk {
        let name: String
        let content: ArraySlice<UInt8>
        /// With length and CRC.
        let bytes: ArraySlice<UInt8>

        init(_ reader: inout FileReader) throws(LogoProblem) {
            let start = reader.position
            let length = try reader.bigEndian()
            guard length <= 0x7FFF_FFFF else { throw LogoProblem("is cut off") }
            let named = try reader.take(4 + Int(length))
            let sum = try reader.bigEndian()
            guard named.prefix(4).allSatisfy({ ($0 | 0x20) &- 0x61 < 26 }) else {
                throw LogoProblem("has a chunk without a name")
            }
            name = String(decoding: named.prefix(4), as: UTF8.self)
            guard CRC32.of(named) == sum else {
                throw LogoProblem("has a wrong checksum in its chunk \(name)")
            }
            content = named.dropFirst(4)
            bytes = reader.bytes[start..<reader.position]
        }

        var misplaced: LogoProblem { LogoProblem("has a chunk \(name) that is wrong there") }
    }

    private struct Header {
        let width: Int
        let height: Int
        private let depth: UInt8
        private let color: UInt8

        init(_ content: ArraySlice<UInt8>) throws(LogoProblem) {
            let bytes = Array(content)
            guard bytes.count == 13, Self.isAllowed(depth: bytes[8], color: bytes[9]),
                bytes[10] == 0, bytes[11] == 0, bytes[12] <= 1
            else { throw LogoProblem("has a header (IHDR) that PNG does not allow") }
            width = bytes[0..<4].reduce(0) { $0 << 8 | Int($1) }
            height = bytes[4..<8].reduce(0) { $0 << 8 | Int($1) }
            depth = bytes[8]
            color = bytes[9]
        }

        /// §11.2.1, table 8.
        private static func isAllowed(depth: UInt8, color: UInt8) -> Bool {
            switch color {
            case 0: [1, 2, 4, 8, 16].contains(depth)
            case 2, 4, 6: [8, 16].contains(depth)
            case 3: [1, 2, 4, 8].contains(depth)
            default: false
            }
        }

        var needsPalette: Bool { color == 3 }

        func takesPalette(of length: Int) -> Bool {
            let isAllowed = color == 2 || color == 3 || color == 6
            let most = color == 3 ? 1 << Int(depth) : 256
            return isAllowed && length > 0 && length % 3 == 0 && length / 3 <= most
        }

        func takesTransparency(of length: Int, _ hasPalette: Bool) -> Bool {
            switch color {
            case 0: length == 2
            case 2: length == 6
            case 3: hasPalette && (1...(1 << Int(depth))).contains(length)
            default: false
            }
        }
    }
}

/// The checksum of PNG (annex D).
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { number in
        (0..<8).reduce(UInt32(number)) { value, _ in
            value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
        }
    }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { sum, byte in
            table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8)
        }
    }
}

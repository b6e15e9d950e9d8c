/// Small images, and the parts that hostile ones are made of.
public enum SampleImage {
    public static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A chunk of PNG; `sum` replaces the right checksum.
    public static func pngChunk(
        _ name: String,
        _ content: [UInt8] = [],
        sum: UInt32? = nil
    ) -> [UInt8] {
        let named = Array(name.utf8) + content
        return bigEndian(content.count) + named + bigEndian(Int(sum ?? crc(named)))
    }

    public static func header(
        width: Int = 1,
        height: Int = 1,
        depth: UInt8 = 8,
        color: UInt8 = 2
    ) -> [UInt8] {
        pngChunk("IHDR", bigEndian(width) + bigEndian(height) + [depth, color, 0, 0, 0])
    }

    /// One pixel of #0b5c4b, not compressed.
    public static let data = pngChunk(
        "IDAT",
        [
            0x78, 0x01, 0x01, 0x04, 0x00, 0xFB, 0xFF, 0x00, 0x0B, 0x5C, 0x4B, 0x01, 0x28, 0x00,
            0xB3,
        ]
    )

    public static let end = pngChunk("IEND")

    /// An image of one pixel, with further chunks before its data.
    public static func png(_ more: [[UInt8]] = []) -> [UInt8] {
        pngSignature + header() + more.flatMap { $0 } + data + end
    }

    /// A chunk of WebP.
    public static func webpChunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        Array(name.utf8) + littleEndian(content.count) + content
            + (content.count % 2 == 1 ? [0] : [])
    }

    /// A file of WebP with these chunks.
    public static func webp(_ chunks: [[UInt8]]) -> [UInt8] {
        let body = Array("WEBP".utf8) + chunks.flatMap { $0 }
        return Array("RIFF".utf8) + littleEndian(body.count) + body
    }

    /// A lossless picture; its data are not looked at.
    public static func lossless(width: Int = 3, height: Int = 2) -> [UInt8] {
        let bits = (width - 1) | (height - 1) << 14
        return webpChunk("VP8L", [0x2F] + littleEndian(bits) + [1, 2, 3])
    }

    /// A lossy picture; its data are not looked at.
    public static func lossy(width: Int = 3, height: Int = 2) -> [UInt8] {
        let sides = littleEndian(width).prefix(2) + littleEndian(height).prefix(2)
        return webpChunk("VP8 ", [0, 0, 0, 0x9D, 0x01, 0x2A] + sides + [1, 2, 3, 4])
    }

    /// The head of an extended file.
    public static func canvas(_ flags: UInt8, width: Int = 3, height: Int = 2) -> [UInt8] {
        webpChunk(
            "VP8X",
            [flags, 0, 0, 0] + littleEndian(width - 1).prefix(3)
                + littleEndian(height - 1).prefix(3)
        )
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        Array(littleEndian(number).reversed())
    }

    private static func littleEndian(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// Bit by bit, as the specification says it.
    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
        }
        return ~sum
    }
}

import HTTP

/// An operator's logo: a PNG or WebP image that was taken apart and put together again, so that it
/// contains what draws the picture and nothing else.
///
/// The picture itself is not decoded: its chunks are checked and copied. Metadata, unknown chunks and
/// whatever follows the image are left out.
public struct LogoImage: Hashable, Sendable {
    /// The formats. A text format such as SVG could have scripts and is not one of them.
    public enum Format: String, Hashable, Sendable, CaseIterable {
        case png, webp

        var contentType: StaticString {
            switch self {
            case .png: "image/png"
            case .webp: "image/webp"
            }
        }
    }

    /// Bytes of a file.
    public static let longest = 256 << 10
    /// Pixels of each side.
    public static let widest = 2_048

    public let format: Format
    /// In pixels.
    public let width: Int
    public let height: Int
    /// The file that is served.
    public let bytes: [UInt8]

    /// Takes a file by its content, whatever its name says.
    ///
    /// - Throws: `LogoProblem`, the end of a sentence about the file.
    public init(_ file: [UInt8]) throws(LogoProblem) {
        guard file.count <= Self.longest else {
            throw LogoProblem("has \(file.count) bytes; at most \(Self.longest) are allowed")
        }
        if file.starts(with: PNGFile.signature) {
            self = try PNGFile.rewritten(file)
        } else if WebPFile.isOne(file) {
            self = try WebPFile.rewritten(file)
        } else {
            throw LogoProblem("is neither PNG nor WebP")
        }
    }

    /// - Throws: `LogoProblem` for a size that is not allowed.
    init(
        _ format: Format,
        width: Int,
        height: Int,
        bytes: [UInt8]
    ) throws(LogoProblem) {
        guard (1...Self.widest).contains(width), (1...Self.widest).contains(height) else {
            throw LogoProblem(
                "is \(width) by \(height) pixels; 1 to \(Self.widest) of each are allowed"
            )
        }
        self.format = format
        self.width = width
        self.height = height
        self.bytes = bytes
    }
}

/// Why an image cannot be a logo.
public struct LogoProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The end of a sentence that begins with the file.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Reads numbers and pieces of a file, and never past its end.
struct FileReader {
    let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var left: Int { bytes.count - position }

    mutating func take(_ count: Int) throws(LogoProblem) -> ArraySlice<UInt8> {
        guard count >= 0, count <= left else { throw LogoProblem("is cut off") }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// Four bytes, the highest first.
    mutating func bigEndian() throws(LogoProblem) -> UInt32 {
        try take(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Four bytes, the lowest first.
    mutating func littleEndian() throws(LogoProblem) -> UInt32 {
        try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

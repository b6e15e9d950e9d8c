import Endpoints
import TestSupport
import Testing

private typealias Image = SampleImage

@Suite("A logo")
struct LogoTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let file: [UInt8]
        let says: String

        init(_ name: String, _ file: [UInt8], _ says: String) {
            testDescription = name
            self.file = file
            self.says = says
        }
    }

    private static func png(_ chunks: [[UInt8]]) -> [UInt8] {
        Image.pngSignature + chunks.flatMap { $0 }
    }

    private static let svg = Array(
        #"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>"#.utf8
    )
    private static let zip: [UInt8] = [0x50, 0x4B, 0x03, 0x04] + Array("evil.html".utf8)

    static let hostile: [Case] = [
        Case("nothing", [], "is neither PNG nor WebP"),
        Case("SVG, whatever its name", svg, "is neither PNG nor WebP"),
        Case("GIF", Array("GIF89a".utf8), "is neither PNG nor WebP"),
        Case("JPEG", [0xFF, 0xD8, 0xFF, 0xE0], "is neither PNG nor WebP"),
        Case("too long", Image.png() + Array(repeating: 0, count: 256 << 10), "262144 are allowed"),
        Case("a signature alone", Image.pngSignature, "is cut off"),
        Case("no header", png([Image.data, Image.end]), "(IHDR)"),
        Case("two headers", png([Image.header(), Image.header(), Image.data, Image.end]), "IHDR"),
        Case("no data", png([Image.header(), Image.end]), "IEND"),
        Case("no end", png([Image.header(), Image.data]), "is cut off"),
        Case("no width", png([Image.header(width: 0), Image.data, Image.end]), "0 by 1 pixels"),
        Case("too wide", png([Image.header(width: 2049), Image.data, Image.end]), "2049 by 1"),
        Case(
            "as high as can be",
            png([Image.header(height: 0x7FFF_FFFF), Image.data, Image.end]),
            "1 by 2147483647 pixels"
        ),
        Case("a depth of 3", png([Image.header(depth: 3), Image.data, Image.end]), "(IHDR)"),
        Case("a color type of 5", png([Image.header(color: 5), Image.data, Image.end]), "(IHDR)"),
        Case("no palette", png([Image.header(color: 3), Image.data, Image.end]), "IDAT"),
        Case(
            "a palette of a half color",
            Image.png([Image.pngChunk("PLTE", [1, 2, 3, 4])]),
            "PLTE"
        ),
        Case("data between data", dividedData, "IDAT"),
        Case(
            "data that are not compressed",
            png([Image.header(), Image.pngChunk("IDAT", svg), Image.end]),
            "not compressed"
        ),
        Case(
            "a wrong checksum of what draws",
            png([Image.header(), Image.pngChunk("IDAT", [0x78, 1], sum: 7), Image.end]),
            "wrong checksum in its chunk IDAT"
        ),
        Case(
            "a wrong checksum of what is left out",
            Image.png([Image.pngChunk("tEXt", [65, 0, 66], sum: 7)]),
            "wrong checksum in its chunk tEXt"
        ),
        Case("an unknown critical chunk", Image.png([Image.pngChunk("EVIL")]), "unknown critical"),
        Case(
            "an animation",
            Image.png([Image.pngChunk("acTL", [0, 0, 0, 2, 0, 0, 0, 0])]),
            "is animated"
        ),
        Case(
            "a length beyond the file",
            Image.pngSignature + [0x7F, 0xFF, 0xFF, 0xFF] + Array("IHDR".utf8),
            "is cut off"
        ),
        Case("WebP without a picture", Image.webp([]), "is cut off"),
        Case("WebP cut off", Array(Image.webp([Image.lossless()]).dropLast(2)), "is cut off"),
        Case("WebP that is animated", Image.webp([Image.canvas(0x02)]), "is animated"),
        Case(
            "WebP with frames",
            Image.webp([Image.canvas(0), Image.webpChunk("ANMF", [1, 2])]),
            "is animated"
        ),
        Case("WebP too wide", Image.webp([Image.lossless(width: 16_384)]), "16384 by 2 pixels"),
        Case("lossy WebP too high", Image.webp([Image.lossy(height: 16_383)]), "3 by 16383"),
        Case(
            "WebP with another canvas",
            Image.webp([Image.canvas(0, width: 9), Image.lossless()]),
            "canvas"
        ),
        Case(
            "WebP without a key frame",
            Image.webp([Image.webpChunk("VP8 ", Array(repeating: 1, count: 20))]),
            "cannot be read"
        ),
        Case(
            "WebP with metadata first",
            Image.webp([Image.webpChunk("EXIF", [1]), Image.lossless()]),
            "wrong there"
        ),
    ]

    private static let dividedData: [UInt8] = png([
        Image.header(), Image.data, Image.pngChunk("tEXt"), Image.data, Image.end,
    ])

    // trust: C-13
    @Test("is refused unless all of it is an image of one of the formats", arguments: hostile)
    func refused(_ example: Case) throws {
        let problem = #expect(throws: LogoProblem.self) { try LogoImage(example.file) }
        #expect(
            problem?.description.contains(example.says) == true,
            "\(String(describing: problem))"
        )
    }

    @Test("is refused when it is cut off anywhere")
    func cutOff() {
        let webp = Image.webp([Image.canvas(0x10), Image.webpChunk("ALPH", [1]), Image.lossy()])
        for file in [Image.png([Image.pngChunk("tEXt", [65, 0])]), webp] {
            for length in 0..<file.count {
                #expect(throws: LogoProblem.self) { try LogoImage(Array(file[..<length])) }
            }
        }
    }

    static let cleaned: [Case] = [
        Case(
            "PNG with metadata",
            Image.png([
                Image.pngChunk("tEXt", Array("Author\0Me".utf8)), Image.pngChunk("eXIf", [1, 2]),
                Image.pngChunk("zTXt", svg), Image.pngChunk("prVt"),
            ]),
            ""
        ),
        Case("PNG with an archive after it", Image.png() + zip, ""),
    ]

    // trust: C-13
    @Test("has nothing but what draws the picture, in PNG", arguments: cleaned)
    func cleanPNG(_ example: Case) throws {
        let logo = try LogoImage(example.file)
        #expect(logo.bytes == Image.png())
        #expect(logo.format == .png && logo.width == 1 && logo.height == 1)
    }

    // trust: C-13
    @Test("has nothing but what draws the picture, in WebP")
    func cleanWebP() throws {
        let plain = Image.webp([Image.lossless()])
        let metadata = [Image.webpChunk("ICCP", [1]), Image.webpChunk("XXXX", Self.svg)]
        let full = [Image.canvas(0x2C)] + metadata + [Image.lossless()]
        let files = [
            plain, plain + Self.zip, Image.webp(full),
            Image.webp([Image.canvas(0x08), Image.lossless(), Image.webpChunk("EXIF", [1, 2])]),
        ]
        for file in files {
            let logo = try LogoImage(file)
            #expect(logo.bytes == plain)
            #expect(logo.format == .webp && logo.width == 3 && logo.height == 2)
        }
        let alpha = Image.webpChunk("ALPH", [1, 2, 3])
        let transparent = Image.webp([Image.canvas(0x10), alpha, Image.lossy()])
        let noisy = Image.webp([Image.canvas(0x3C)] + metadata + [alpha, Image.lossy()])
        #expect(try LogoImage(noisy).bytes == transparent)
        #expect(try LogoImage(transparent).bytes == transparent)
    }
}

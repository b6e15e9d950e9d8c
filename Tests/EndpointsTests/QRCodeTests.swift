import Cryptography
import Testing

@testable import Endpoints

@Suite("A QR code")
struct QRCodeTests {
    /// SHA-256 (its first eight bytes) of the modules as text, row by row, of `qrcode` 8.2 (Python): for
    /// bytes `33 + 7·i mod 90`, as many as the number says, with that mask.
    static let vectors: [(count: Int, mask: Int, size: Int, digest: String)] = [
        (1, 0, 21, "COgpM-UOFXw"),
        (26, 1, 25, "e_GcCd6iWYo"),
        (27, 2, 29, "pT67OCu4a-U"),
        (43, 0, 33, "YsVoo6J-LAg"),
        (62, 3, 33, "dSBq9E6MWTU"),
        (63, 4, 37, "A7JFh0A2cJU"),
        (85, 0, 41, "vjT2o0ALmX8"),
        (106, 5, 41, "DU37PGP3sac"),
        (107, 6, 45, "talHONIsNYA"),
        (123, 0, 49, "CRJt7Y9Umwk"),
        (152, 7, 49, "xes1lxMylaY"),
        (153, 0, 53, "XiR9N2rT6b0"),
        (181, 0, 57, "kAkgsd9UkZU"),
        (213, 1, 57, "LyxLMlHg7OQ"),
    ]

    @Test("is the one that another implementation makes", arguments: vectors.indices)
    func vector(index: Int) throws {
        let (count, mask, size, digest) = Self.vectors[index]
        let bytes = (0..<count).map { UInt8(33 + $0 * 7 % 90) }
        let code = try #require(QRCode(bytes, mask: mask))
        #expect(code.size == size)
        let text = code.modules.map { $0 ? UInt8(ascii: "1") : UInt8(ascii: "0") }
        #expect(Base64URL.encode(Array(SHA256.digest(text).prefix(8))) == digest)
    }

    @Test("has the smallest version that the bytes fit in, and none for more than 213")
    func sizes() {
        for (count, size) in [(0, 21), (14, 21), (15, 25), (62, 33), (63, 37), (213, 57)] {
            let code = QRCode(Array(repeating: 0x41, count: count))
            #expect(code?.size == size, "\(count)")
        }
        #expect(QRCode(Array(repeating: 0x41, count: QRCode.longest + 1)) == nil)
    }

    @Test("is drawn with a margin of four modules, each dark one once")
    func picture() throws {
        let code = try #require(QRCode(Array("https://login.bank.example".utf8)))
        let text = code.html(label: "a <code>").markup
        #expect(text.contains("aria-label=\"a &lt;code&gt;\""))
        #expect(text.contains("viewBox=\"0 0 \(code.size + 8) \(code.size + 8)\""))
        let runs = text.matches(of: /M\d+ \d+h(\d+)v1/).compactMap { Int($0.1) }
        #expect(runs.reduce(0, +) == code.modules.count { $0 })
    }
}

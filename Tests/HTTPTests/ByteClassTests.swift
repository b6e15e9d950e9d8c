import Testing

@testable import HTTP

@Suite("A class of bytes")
struct ByteClassTests {
    private static let alphanumeric =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    @Test("has the bytes of the grammar")
    func members() {
        let classes: [(ByteClass, String)] = [
            // RFC 9110 §5.6.2
            (.token, Self.alphanumeric + "!#$%&'*+-.^_`|~"),
            // RFC 3986: unreserved, sub-delims, ":", "@", "/" and the percent of escapes
            (.path, Self.alphanumeric + "-._~!$&'()*+,;=:@/%"),
            (.host, Self.alphanumeric + "-._~!$&'()*+,;=%"),
            // WHATWG URL: what is printable, but for `"`, `#`, `<` and `>`
            (
                .query,
                String(
                    String.UnicodeScalarView(
                        (0x21...0x7E).compactMap(Unicode.Scalar.init)
                            .filter { !"\"#<>".unicodeScalars.contains($0) }
                    )
                )
            ),
        ]
        for (byteClass, characters) in classes {
            for byte in UInt8.min...UInt8.max {
                #expect(byteClass.contains(byte) == characters.utf8.contains(byte))
            }
        }
    }

    @Test("is found at every position and length")
    func searching() {
        for length in 0..<40 {
            for place in 0..<length {
                var bytes = [UInt8](repeating: 0x61, count: length)
                for byte in UInt8.min...UInt8.max {
                    bytes[place] = byte
                    let isControl = byte < 0x20 && byte != 0x09 || byte == 0x7F
                    if bytes.span.hasControl(from: 0, to: length) != isControl {
                        Issue.record("byte \(byte) at \(place) of \(length)")
                    }
                    let lineFeed = bytes.span.firstLineFeed(from: 0, to: length)
                    if lineFeed != (byte == 0x0A ? place : nil) {
                        Issue.record("line feed \(byte) at \(place) of \(length)")
                    }
                    let control = bytes.span.firstControl(from: 0, to: length)
                    if control != (byte < 0x20 || byte == 0x7F ? place : nil) {
                        Issue.record("control \(byte) at \(place) of \(length)")
                    }
                }
            }
        }
    }

    /// Letters, digits, `-`, `.` and `/` are skipped, in words of eight bytes; what is left may be
    /// skipped or not.
    @Test("is skipped up to the first byte outside it")
    func skipping() {
        let letters = Self.alphanumeric.utf8.filter { $0 >= 0x41 } + [0x2D]
        let plain = Array(Self.alphanumeric.utf8) + [0x2D, 0x2E, 0x2F]
        for length in 0..<24 {
            for place in 0..<length {
                var bytes = [UInt8](repeating: 0x61, count: length)
                for byte in UInt8.min...UInt8.max {
                    bytes[place] = byte
                    for (skipped, members) in [
                        (bytes.span.skipLettersAndHyphens(from: 0, to: length), letters),
                        (bytes.span.skipPlainPath(from: 0, to: length), plain),
                    ] {
                        let whole = members.contains(byte) ? length : place
                        let isRight =
                            skipped == whole || length - skipped < 8 && skipped <= whole
                        if !isRight { Issue.record("byte \(byte) at \(place): \(skipped)") }
                    }
                }
            }
        }
    }

    @Test("compares letters without regard to case and other bytes exactly")
    func comparing() {
        let names: [StaticString] = ["host", "expect", "connection", "content-length"]
        for name in names {
            let wanted = name.withUTF8Buffer { Array($0) }
            for place in wanted.indices {
                for byte in UInt8.min...UInt8.max {
                    var bytes = wanted
                    bytes[place] = byte
                    let isEqual = bytes.span.equals(name, from: 0, to: bytes.count)
                    if isEqual != (byte.lowercased == wanted[place]) {
                        Issue.record("byte \(byte) at \(place) of \(name)")
                    }
                }
            }
        }
    }
}

import Testing
import WebAuthn

@Suite("CBOR from an authenticator")
struct CBORTests {
    static let values: [(String, CBOR)] = [
        ("00", .unsigned(0)), ("17", .unsigned(23)), ("18 18", .unsigned(24)),
        ("19 0100", .unsigned(256)), ("1a 00010000", .unsigned(65_536)),
        ("1b 0000000100000000", .unsigned(1 << 32)), ("1b ffffffffffffffff", .unsigned(.max)),
        ("20", .negative(0)), ("26", .negative(6)), ("3b ffffffffffffffff", .negative(.max)),
        ("40", .bytes([])), ("42 0102", .bytes([1, 2])), ("60", .text("")),
        ("62 c3a9", .text("é")), ("80", .array([])), ("82 01 f6", .array([.unsigned(1), .null])),
        ("a0", .map([])), ("f4", .bool(false)), ("f5", .bool(true)),
        (
            "a2 01 02 61 61 03",
            .map([
                .init(.unsigned(1), .unsigned(2)), .init(.text("a"), .unsigned(3)),
            ])
        ),
        ("81 81 81 80", .array([.array([.array([.array([])])])])),
    ]

    @Test("is read in its canonical form", arguments: values)
    func reads(form: String, value: CBOR) throws {
        #expect(try CBOR([UInt8](hex: form)) == value)
    }

    static let hostile: [(String, CBORError.Reason)] = [
        // What ends too early, and lengths that only claim.
        ("", .unexpectedEnd), ("18", .unexpectedEnd), ("19 01", .unexpectedEnd),
        ("1b 00000001000000", .unexpectedEnd), ("41", .unexpectedEnd), ("61", .unexpectedEnd),
        ("81", .unexpectedEnd), ("a1", .unexpectedEnd), ("a1 01", .unexpectedEnd),
        ("5a ffffffff", .unexpectedEnd), ("5b ffffffffffffffff 00", .unexpectedEnd),
        ("7b 7fffffffffffffff", .unexpectedEnd), ("9a ffffffff 00", .unexpectedEnd),
        ("9b ffffffffffffffff", .unexpectedEnd), ("bb 7fffffffffffffff 00 00", .unexpectedEnd),
        ("ba 80000000", .unexpectedEnd), ("bb 8000000000000001", .unexpectedEnd),
        ("a2 01 02 03", .unexpectedEnd), ("58", .unexpectedEnd),
        // Other forms of the same.
        ("18 00", .notShortest), ("18 17", .notShortest), ("19 00ff", .notShortest),
        ("1a 0000ffff", .notShortest), ("1b 00000000ffffffff", .notShortest),
        ("38 17", .notShortest), ("58 01 00", .notShortest), ("78 00", .notShortest),
        ("98 00", .notShortest), ("b8 00", .notShortest),
        ("5f 41 00 ff", .indefiniteLength), ("7f ff", .indefiniteLength),
        ("9f ff", .indefiniteLength), ("bf ff", .indefiniteLength),
        // What is not read.
        ("c0 00", .unsupported), ("d8 20 60", .unsupported), ("c2 41 00", .unsupported),
        ("f9 3c00", .unsupported), ("fa 7f800000", .unsupported),
        ("fb 7ff8000000000000", .unsupported), ("f7", .unsupported), ("f8 20", .unsupported),
        ("f8 14", .unsupported), ("e0", .unsupported), ("ff", .unsupported),
        ("1c", .unsupported), ("1f", .unsupported), ("3f", .unsupported), ("5d", .unsupported),
        ("81 ff", .unsupported),
        // Depth and trailing bytes.
        ("81 81 81 81 80", .tooDeep), ("a1 01 a1 01 a1 01 a1 01 a0", .tooDeep),
        ("00 00", .trailingBytes), ("a0 f6", .trailingBytes), ("60 60", .trailingBytes),
        // Keys and texts.
        ("a2 01 02 01 03", .duplicateKey), ("a2 61 61 00 61 61 00", .duplicateKey),
        ("a2 02 00 01 00", .unsorted), ("a2 20 00 01 00", .unsorted),
        ("a2 62 6161 00 61 62 00", .unsorted), ("a2 61 61 00 01 00", .unsorted),
        ("a1 40 00", .badKey), ("a1 f6 00", .badKey), ("a1 80 00", .badKey), ("a1 f5 00", .badKey),
        ("61 ff", .badUTF8), ("62 c0af", .badUTF8), ("63 eda080", .badUTF8),
        ("a1 61 80 00", .badUTF8),
    ]

    @Test("is refused in any other form", arguments: hostile)
    func refuses(form: String, reason: CBORError.Reason) {
        let error = #expect(throws: CBORError.self) { try CBOR([UInt8](hex: form)) }
        #expect(error?.reason == reason)
    }

    @Test("may have its keys in any order where browsers write it, but each once")
    func anyOrder() throws {
        #expect(try CBOR([UInt8](hex: "a2 02 03 01 04"), order: .any)[1] == .unsigned(4))
        let error = #expect(throws: CBORError.self) {
            try CBOR([UInt8](hex: "a3 02 00 01 00 02 00"), order: .any)
        }
        #expect(error?.reason == .duplicateKey)
    }
}

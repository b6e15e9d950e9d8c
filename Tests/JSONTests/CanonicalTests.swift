import JSON
import Testing

@Suite("The canonical form of JSON")
struct CanonicalTests {
    private func canonical(
        _ text: String,
        numbers: CanonicalJSON.Numbers = .nearest
    ) throws -> String {
        let value = try JSONValue(Array(text.utf8))
        return String(decoding: try CanonicalJSON.bytes(of: value, numbers: numbers), as: UTF8.self)
    }

    @Test("matches the published files and is stable", arguments: CanonicalVectors.files)
    func files(_ file: CanonicalVectors.File) throws {
        let expected = file.output.split { $0 == " " || $0 == "\n" }
            .compactMap { UInt8($0, radix: 16) }
        let form = try CanonicalJSON.bytes(of: JSONValue(Array(file.input.utf8)))
        #expect(form == expected)
        #expect(try CanonicalJSON.bytes(of: JSONValue(form)) == expected)
    }

    @Test("has numbers as in RFC 8785 Appendix B", arguments: CanonicalVectors.numbers)
    func numbers(bits: UInt64, text: String?) throws {
        let written = JSONValue.number("\(Double(bitPattern: bits))")
        guard let text else {
            #expect(throws: CanonicalJSONError.self) { try CanonicalJSON.bytes(of: written) }
            return
        }
        #expect(try CanonicalJSON.bytes(of: written) == Array(text.utf8))
        #expect(try canonical(text) == text)
    }

    @Test("has names in UTF-16 order (RFC 8785 §3.2.3)")
    func sorting() throws {
        let text = #"""
            {"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
            "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",
            "\u00f6":"Latin Small Letter O With Diaeresis"}
            """#
        let value = try JSONValue(CanonicalJSON.bytes(of: JSONValue(Array(text.utf8))))
        #expect(
            value.object?.members.compactMap(\.value.string) == [
                "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis",
                "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
            ]
        )
    }

    @Test(
        "has only the required escapes (RFC 8785 §3.2.2.2)",
        arguments: [
            (#""\u0008\u0009\u000a\u000c\u000d""#, #""\b\t\n\f\r""#),
            (#""\u0000\u000B\u001F""#, #""\u0000\u000b\u001f""#),
            (#""\u0022\u005c\/""#, #""\"\\/""#), (#""\u007f\u00e9""#, "\"\u{7F}é\""),
            (#""\u2028<""#, "\"\u{2028}<\""),
        ]
    )
    func escapes(_ text: String, _ expected: String) throws {
        #expect(Array(try canonical(text).utf8) == Array(expected.utf8))
    }

    @Test(
        "is refused for text that is not I-JSON (RFC 7493 §2)",
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #""\ud800""#, #""\udc00\ud800""#, "1e400",
            "-1e309", "1e-9223372036854775808", "-1e9223372036854775807",
            #""\uffff""#, #"["\ufdd0"]"#, #"{"\udbff\udffe":1}"#,
        ]
    )
    func refusals(_ text: String) {
        #expect(throws: (any Error).self) { try canonical(text) }
    }

    @Test(
        "is refused for trees that cannot be parsed from text",
        arguments: [
            JSONValue.number("NaN"), .number("0x10"), .number("inf"), .number(""), .number("1 "),
            .number("01"), .number("+1"), .number("1."),
            .object(JSONObject([.init(name: "a", value: .null), .init(name: "a", value: .null)])),
        ]
    )
    func handmade(_ value: JSONValue) {
        #expect(throws: CanonicalJSONError.self) { try CanonicalJSON.bytes(of: value) }
    }

    @Test("distinguishes names that Unicode considers equivalent")
    func equivalence() throws {
        let value = JSONValue.object(
            JSONObject([
                .init(name: "\u{E9}", value: .number("1")),
                .init(name: "e\u{301}", value: .number("2")),
            ])
        )
        let form = String(decoding: try CanonicalJSON.bytes(of: value), as: UTF8.self)
        #expect(Array(form.utf8) == Array("{\"e\u{301}\":2,\"\u{E9}\":1}".utf8))
    }

    @Test(
        "is the same for two numbers only if they are equal, in exact mode and as written",
        arguments: [
            ("12.50", "12.5"), ("1e2", "100"), ("0.0", "0"), ("-0e7", "0"), ("1E+0", "1"),
            ("9007199254740992", "9007199254740992"), ("9007199254740993", nil),
            ("0.1000000000000000055", nil), ("1e-400", nil), ("1.00000000000000000001", nil),
            ("1e99999999999999999999", nil), ("1e-9223372036854775808", nil),
            ("1e9223372036854775807", nil), ("123456789012345.67", "123456789012345.67"),
        ] as [(String, String?)]
    )
    func exactness(_ text: String, _ expected: String?) throws {
        if let expected {
            #expect(try canonical(text, numbers: .exact) == expected)
            #expect(try canonical(text, numbers: .written) == expected)
        } else {
            #expect(throws: CanonicalJSONError.self) { try canonical(text, numbers: .exact) }
            #expect(try canonical(text, numbers: .written) == text)
        }
    }
}

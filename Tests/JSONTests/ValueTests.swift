import Foundation
import JSON
import Testing

@Suite("A JSON value")
struct ValueTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue(Array(text.utf8)) }

    @Test(
        "has texts without escapes",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20ac""#, "Aé€"),
            (#""\ud83d\ude00""#, "\u{1F600}"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
            (#""\ud800\udc00""#, "\u{10000}"), (#""a\u0000b""#, "a\u{0}b"), (#""é\n€""#, "é\n€"),
        ]
    )
    func unescaping(_ json: String, _ text: String) throws {
        #expect(try parse(json) == .string(text))
    }

    @Test(
        "has every digit of a number",
        arguments: ["0", "-0", "1.10", "1e5", "123456789012345678901234567890.5", "-0.0E+00"]
    )
    func numbers(_ text: String) throws {
        #expect(try parse(text) == .number(text))
        #expect(try parse(text).bytes == Array(text.utf8))
    }

    @Test("converts whole numbers that fit")
    func integers() throws {
        #expect(try parse("-42").integer == -42)
        #expect(try parse("9223372036854775807").integer == .max)
        #expect(try parse("9223372036854775808").integer == nil)
        #expect(try parse("1.0").integer == nil)
        #expect(try parse("\"1\"").integer == nil)
    }

    @Test("distinguishes names and texts by their bytes")
    func bytes() throws {
        let both = try parse("{\"zo\u{EB}\": 1, \"zoe\u{308}\": 2}")
        #expect(both["zo\u{EB}"]?.integer == 1)
        #expect(both["zoe\u{308}"]?.integer == 2)
        #expect(JSONValue.string("zo\u{EB}") != .string("zoe\u{308}"))
        #expect(Set([JSONValue.string("zo\u{EB}"), .string("zoe\u{308}")]).count == 2)
        let many = (0..<40).map { "\"\($0)\": 0" }.joined(separator: ",")
        let apart = try parse("{\(many), \"zo\u{EB}\": 1, \"zoe\u{308}\": 2}")
        #expect(apart["zoe\u{308}"]?.integer == 2)
        #expect(throws: JSONError.self) {
            try parse("{\(many), \"zo\u{EB}\": 1, \"zo\\u00eb\": 2}")
        }
    }

    @Test("has members in order and finds them by name")
    func members() throws {
        let text = #"{"z":1,"a":[true,null],"m":{"x":"y"}}"#
        let value = try parse(text)
        #expect(value.object?.members.map(\.name) == ["z", "a", "m"])
        #expect(value["m"]?["x"]?.string == "y")
        #expect(value["a"]?.array == [.bool(true), .null])
        #expect(value["b"] == nil)
        #expect(value["z"]?["x"] == nil)
        #expect(String(decoding: value.bytes, as: UTF8.self) == text)
    }

    @Test("reports the failing byte without repeating the text")
    func errors() {
        let error = #expect(throws: JSONError.self) { try parse(#"{"a": secret}"#) }
        #expect(error?.offset == 6)
        #expect(error?.reason == .unexpectedByte(0x73))
        #expect(error?.description.contains("secret") == false)
    }
}

@Suite("A JSON writer")
struct WriterTests {
    @Test("writes texts that any parser reads unchanged")
    func roundTrip() throws {
        var texts = ["", "a\"b\\c/d", "\u{2028}\u{2029}", "é€\u{1F600}\u{10FFFF}", "</script>"]
        texts.append(
            String(String.UnicodeScalarView((0..<0x100).compactMap { Unicode.Scalar($0) }))
        )
        for text in texts {
            var json = JSONWriter()
            json.array { $0.string(text) }
            #expect(try JSONValue(json.bytes) == .array([.string(text)]))
            let foreign = try JSONDecoder().decode([String].self, from: Data(json.bytes))
            #expect(foreign.map { Array($0.utf8) } == [Array(text.utf8)])
        }
    }

    @Test("escapes what must be, wherever it is in a text")
    func places() throws {
        for byte in [0x00, 0x1F, 0x22, 0x5C, 0x7F] as [UInt8] {
            for place in 0..<20 {
                var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 20)
                bytes[place] = byte
                let text = String(decoding: bytes, as: UTF8.self)
                var json = JSONWriter()
                json.string(text)
                #expect(json.bytes.count > 22, "\(byte) at \(place)")
                #expect(try JSONValue(json.bytes) == .string(text), "\(byte) at \(place)")
            }
        }
    }

    @Test("escapes every control character")
    func controls() {
        for code in [UInt8](0..<0x20) + [0x7F] {
            var json = JSONWriter()
            json.string(String(UnicodeScalar(code)))
            #expect(json.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        }
    }

    @Test("separates members by commas and omits absent ones")
    func structure() {
        var json = JSONWriter()
        json.object { json in
            json.member("a", 1)
            json.member("b", String?.none)
            json.member("c", "x")
            json.member("d", ["y", "z"])
            json.member("e", object: { _ in })
            json.member(
                "f",
                array: { json in
                    json.object { $0.member("g", true) }
                    json.null()
                    json.array { _ in }
                }
            )
            json.member("h", JSONValue.array([.number("1.50"), .null]))
            json.member("i", Int?.none)
        }
        let text = String(decoding: json.bytes, as: UTF8.self)
        #expect(
            text
                == #"{"a":1,"c":"x","d":["y","z"],"e":{},"f":[{"g":true},null,[]],"h":[1.50,null]}"#
        )
    }
}

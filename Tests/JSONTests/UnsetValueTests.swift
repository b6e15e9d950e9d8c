import JSON
import Testing

@Suite("An unset value")
struct UnsetValueTests {
    @Test(
        "is a time before the year two in any notation, and no other text",
        arguments: [
            ("0001-01-01T00:00:00Z", true), ("0001-01-01T00:00:00.000Z", true),
            ("0001-01-01T00:00:00+01:00", true), ("0000-12-31T19:03:58-04:56", true),
            ("0001-01-01 00:00:00", true), ("0001-01-01", true), ("0002-01-01T00:00:00Z", false),
            ("0001-01-0", false), ("0001-01-01x", false), ("0001-01-01T is a text", false),
            ("2026-11-20T12:00:00Z", false), ("", false),
            ("0001-01-01 00:00:00 +0000 UTC", true), ("0001-01-01 00:00:00 UTC", true),
            ("00010101T000000Z", true), ("0001-01-01T00:00Z", true), ("00010101", false),
            ("Mon, 01 Jan 0001 00:00:00 GMT", true), ("Mon Jan  1 00:00:00 0001", true),
            ("Mon, 1 Jan 0001 00:00:00 +0000", true), ("01 Jan 0001 00:00 +0000", true),
            ("1/1/0001 12:00:00 AM", true), ("01/01/0001 00:00:00", true),
            ("-62135596800", true), ("-62135596800.0", true), ("-62135596800000", true),
            ("-62135593200", true), ("-6.21355968E10", true), ("-62000000000", false),
            ("Mon, 01 Jan 2001 00:00:00 GMT", false), ("Monday, 01-Jan-01 00:00:00 GMT", false),
            ("0001", false), ("order 0001 of 01", false), ("Kiosk 1 at 00:00 0001", false),
            ("-6213559680x", false), ("10000-01-01", false),
        ]
    )
    func times(_ text: String, _ isUnset: Bool) {
        #expect(UnsetValue.isTime(text) == isUnset)
    }

    @Test("stays in a member that is to be as it was sent")
    func exempt() throws {
        let text = #"{"a":"","own":{"x":null,"y":[""],"z":"0001-01-01"},"b":null}"#
        let value = try JSONValue(Array(text.utf8)).withoutUnset(except: "own")
        let expected = #"{"own":{"x":null,"y":[""],"z":"0001-01-01"}}"#
        #expect(value == (try JSONValue(Array(expected.utf8))))
        #expect(
            try JSONValue(Array(#"{"a":""}"#.utf8)).withoutUnset(except: "own").object?.members
                .isEmpty == true
        )
    }

    @Test(
        "is no member and no element, at any depth, but an object stays in its list",
        arguments: [
            (
                #"{"a":"","b":null,"c":"0001-01-01T00:00:00Z","d":" ","e":0,"f":false}"#,
                #"{"d":" ","e":0,"f":false}"#
            ),
            (#"{"a":{"x":"","y":{"z":null}},"b":{},"c":[]}"#, #"{"b":{},"c":[]}"#),
            (#"{"a":["","b",null],"c":[{"x":""}]}"#, #"{"a":["b"],"c":[{}]}"#),
            (#"[["",["0001-01-01"]],null,[" ",0]]"#, #"[[[]],[" ",0]]"#),
        ]
    )
    func tree(_ text: String, _ expected: String) throws {
        let value = try JSONValue(Array(text.utf8)).withoutUnset
        #expect(value == (try JSONValue(Array(expected.utf8))))
    }
}

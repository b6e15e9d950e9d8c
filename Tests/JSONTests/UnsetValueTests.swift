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
        "is not there, at any depth, but elements keep their number",
        arguments: [
            (
                #"{"a":"","b":null,"c":"0001-01-01T00:00:00Z","d":" ","e":0,"f":false}"#,
                #"{"d":" ","e":0,"f":false}"#
            ),
            (#"{"a":{"x":"","y":{"z":null}},"b":{},"c":[]}"#, #"{"b":{},"c":[]}"#),
            (#"{"a":["","b",null],"c":[{"x":""}]}"#, #"{"a":["","b",null],"c":[{}]}"#),
        ]
    )
    func tree(_ text: String, _ expected: String) throws {
        let value = try JSONValue(Array(text.utf8)).withoutUnset
        #expect(value == (try JSONValue(Array(expected.utf8))))
    }
}

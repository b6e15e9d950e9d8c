import JSON
import Testing

/// A text and what stands for it in the test's name.
struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]

    init(_ text: String) {
        name = String(text.prefix(40))
        bytes = Array(text.utf8)
    }

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    var testDescription: String { name }
}

@Suite("The grammar of JSON (RFC 8259)")
struct GrammarTests {
    @Test(
        "accepts valid texts",
        arguments: [
            "null", "true", "false", " \t\r\n null \t\r\n ", "0", "-0", "1", "-1", "10",
            "1234567890",
            "0.5", "-0.5", "1.25e10", "1E5", "1e+5", "1e-5", "0e0", "0.0e-0",
            "123456789012345678901234567890", #""""#, #""a""#, #""\"\\\/\b\f\n\r\t""#,
            #""\u0041""#, #""\u00e9""#, #""\u00E9""#, #""\ud83d\ude00""#, #""\uD83D\uDE00""#,
            #""\u0000""#, #""\u2028""#, #""\uFFFF""#, "\"\u{7F}\"", "\"é€\u{1F600}\"", "[]", "[ ]",
            "[1]", "[1,2]", "[ 1 , 2 ]", "[[],[[]],{}]", "{}", "{ }", #"{"a":1}"#,
            #"{ "a" : 1 , "b" : 2 }"#, #"{"":0}"#, #"{"a":{"a":{"a":1}}}"#,
            #"[null,true,false,0,"",[],{}]"#,
        ].map { Sample($0) }
    )
    func valid(_ sample: Sample) throws {
        _ = try JSONValue(sample.bytes)
        var scanner = JSONScanner(sample.bytes)
        try scanner.skip()
        try scanner.end()
    }

    @Test(
        "refuses invalid texts",
        arguments: [
            "", " ", "nul", "nulll", "True", "TRUE", "tru", "undefined", "NaN", "Infinity", "'a'",
            "00", "01", "-01", "-", "+1", ".5", "1.", "-.5", "1.e5", "1e", "1e+", "1e1.5", "0x10",
            "1 2", "1,", ",1", "--1", "1_000", #"""#, #""a"#, #""\"#, #""\""#, #""\a""#, #""\x41""#,
            #""\u""#, #""\u004""#, #""\u00g0""#, #""\U0041""#, #""\ud83d""#, #""\ud83dx""#,
            #""\ud83d\n""#, #""\ud83d\u0041""#, #""\ude00""#, #""\ude00\ud83d""#,
            #""\ud83d\ud83d""#,
            "\"\n\"", "\"\t\"", "\"\u{0}\"", "\"\u{1F}\"", "[", "]", "[1", "[1,", "[1,]", "[,1]",
            "[,]",
            "[1 2]", "[1,,2]", "[1}", "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1"#,
            #"{"a":1,"#,
            #"{"a":1,}"#, #"{,"a":1}"#, #"{"a" 1}"#, #"{"a"::1}"#, #"{a:1}"#, #"{1:1}"#,
            #"{null:1}"#,
            #"{'a':1}"#, #"{"a":1 "b":2}"#, #"{"a":1}{"b":2}"#, "[] []", "//\n1", "/* */1", "1//",
            "\u{FEFF}1", "\u{A0}1", "\u{B}1", "\u{C}1", "1\u{0}",
        ].map { Sample($0) } + [
            Sample("a lone continuation byte", [0x22, 0x80, 0x22]),
            Sample("a cut sequence", [0x22, 0xC3, 0x22]),
            Sample("a cut sequence after an escape", [0x22, 0x5C, 0x6E, 0xC3, 0x22]),
            Sample("an overlong slash", [0x22, 0xC0, 0xAF, 0x22]),
            Sample("an overlong NUL", [0x22, 0xE0, 0x80, 0x80, 0x22]),
            Sample("an encoded surrogate", [0x22, 0xED, 0xA0, 0x80, 0x22]),
            Sample("beyond U+10FFFF", [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22]),
            Sample("a byte FF", [0x22, 0xFF, 0x22]),
            Sample("UTF-16", [0xFF, 0xFE, 0x31, 0x00]),
            Sample("a name that is not UTF-8", [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]),
        ]
    )
    func invalid(_ sample: Sample) {
        #expect(throws: JSONError.self) { try JSONValue(sample.bytes) }
        #expect(throws: JSONError.self) {
            var scanner = JSONScanner(sample.bytes)
            try scanner.skip()
            try scanner.end()
        }
    }

    @Test("refuses a text that is cut anywhere")
    func cut() throws {
        let whole = Array(#"{"a":[1,-2.5e3,true,null,"x\ud83d\ude00é"],"b":{"c":"\n"}}"#.utf8)
        _ = try JSONValue(whole)
        for end in 0..<whole.count {
            #expect(throws: JSONError.self) { try JSONValue(Array(whole[..<end])) }
        }
    }

    @Test("is applied only to the given part of a buffer")
    func part() throws {
        let bytes = Array(#"xx{"a":12}34"#.utf8)
        var scanner = JSONScanner(bytes, in: 2..<10)
        #expect(try scanner.value()["a"]?.integer == 12)
        try scanner.end()
        for end in 2..<10 {
            #expect(throws: JSONError.self) {
                var cut = JSONScanner(bytes, in: 2..<end)
                try cut.skip()
                try cut.end()
            }
        }
    }

    @Test("allows nesting up to its limit", arguments: ["[", "{\"a\":"])
    func nesting(_ opening: String) throws {
        let closing = opening == "[" ? "]" : "}"
        func nested(_ depth: Int) -> [UInt8] {
            let inner = opening == "[" ? "" : "1"
            return Array(
                (String(repeating: opening, count: depth) + inner
                    + String(repeating: closing, count: depth)).utf8
            )
        }
        _ = try JSONValue(nested(64))
        let error = #expect(throws: JSONError.self) { try JSONValue(nested(65)) }
        #expect(error?.reason == .tooDeep(limit: 64))
        #expect(throws: JSONError.self) { try JSONValue(nested(100_000)) }
        _ = try JSONValue(nested(2), limits: JSONLimits(depth: 2))
        #expect(throws: JSONError.self) { try JSONValue(nested(3), limits: JSONLimits(depth: 2)) }
        // Neighbours do not add up.
        _ = try JSONValue(
            Array("[\(Array(repeating: "[]", count: 200).joined(separator: ","))]".utf8)
        )
    }

    @Test("refuses a repeated name", arguments: [1, 2, 16, 17, 18, 40])
    func duplicates(_ count: Int) throws {
        let names = (0..<count).map { "\"n\($0)\":0" }
        _ = try JSONValue(Array("{\(names.joined(separator: ","))}".utf8))
        for repeated in Set([0, count / 2, count - 1]) {
            let text = "{\((names + [names[repeated]]).joined(separator: ","))}"
            let error = #expect(throws: JSONError.self) { try JSONValue(Array(text.utf8)) }
            #expect(error?.reason == .duplicateName("n\(repeated)"))
        }
        let escaped = #"{"a":1,"\u0061":2}"#
        #expect(throws: JSONError.self) { try JSONValue(Array(escaped.utf8)) }
        _ = try JSONValue(Array(#"{"a":{"a":1},"b":{"a":1}}"#.utf8))
    }

    @Test(
        "describes a repeated name in few bytes",
        arguments: ["n", "e\u{301}", "\u{315}\u{300}", "\u{1F3F4}"]
    )
    func description(_ letters: String) throws {
        let name = String(repeating: letters, count: 10_000)
        let error = #expect(throws: JSONError.self) {
            try JSONValue(Array(#"{"\#(name)":1,"\#(name)":2}"#.utf8))
        }
        let words = try #require(error).description
        #expect(words.utf8.count < 150)
        #expect(Array(words.utf8).contains(Array(letters.utf8)))
    }
}

@Suite("A member name")
struct DistinctNamesTests {
    @Test(
        "is found among many, however it is escaped",
        arguments: [1, 2, 15, 16, 17, 18, 40]
    )
    func duplicates(count: Int) throws {
        // Some share a length and a first byte, some neither, some a mark by chance.
        let names = (0..<count).map { String(repeating: "a", count: $0 % 3) + "\($0)" }
        func object(_ names: [String]) -> [UInt8] {
            Array("{\(names.map { "\"\($0)\":0" }.joined(separator: ","))}".utf8)
        }
        _ = try JSONValue(object(names))
        for name in names {
            let written = name.unicodeScalars.map { scalar in
                "\\u00" + String(scalar.value, radix: 16)
            }.joined()
            for again in [name, written] {
                #expect(throws: JSONError.self, "\(name)") {
                    try JSONValue(object(names + [again]))
                }
            }
        }
    }
}

@Suite("Plain text within a string")
struct PlainTextTests {
    @Test("ends at a quote, an escape or a control character at any position", arguments: 0..<20)
    func ends(length: Int) throws {
        for filler in [
            "a", "!", "#", "[", "]", "\u{7F}", "\u{80}", "\u{A2}", "\u{DC}", "\u{10FFFF}",
        ] {
            let text = String(repeating: filler, count: length)
            #expect(try JSONValue(Array("\"\(text)\"".utf8)) == .string(text))
            #expect(
                try JSONValue(Array("\"\(text)\\n\(text)\"".utf8)) == .string("\(text)\n\(text)")
            )
            for control in UInt8(0)..<0x20 {
                let bytes = Array("\"\(text)".utf8) + [control] + Array("\(text)\"".utf8)
                #expect(throws: JSONError(.controlCharacterInString, at: 1 + text.utf8.count)) {
                    try JSONValue(bytes)
                }
            }
            #expect(throws: JSONError.self) { try JSONValue(Array("\"\(text)".utf8)) }
        }
    }
}

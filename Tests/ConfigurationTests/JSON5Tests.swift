import Foundation
import Testing

@testable import Configuration

@Suite("The JSON5 reader")
struct JSON5Tests {
    @Test(
        "accepts what the specification allows, and reads it as Foundation does",
        arguments: [
            "{}", "[]", "{a: 1}", "{'a': 1, \"b\": 2,}", "[1, 2,]", "{a_b$1: true}",
            "// first\n{/* in */ a: /* between */ 1 // last\n}", "{a: .5, b: 5., c: +1, d: -2.5e3}",
            "{a: 0x1F, b: 'it\\'s', c: \"it's\"}",
            "{a: '\\uD83D\\uDE00'}", "{a: null, b: false}", "{\u{E4}: 'ü'}", "\u{FEFF}{a: 1}",
            "{a: [{b: [[]]}]}", "{a: 1e2, b: 0.25, c: 0}",
        ]
    )
    func accepts(_ text: String) throws {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        // Foundation refuses the byte order mark that a text file may begin with.
        let bare = text.replacingOccurrences(of: "\u{FEFF}", with: "")
        let expected = try decoder.decode(Plain.self, from: Data(bare.utf8))
        #expect(Plain(try ConfigurationNode(text)) == expected)
    }

    /// Foundation keeps the line break of the first and refuses the second; the specification (5.1)
    /// says otherwise.
    @Test(
        "reads the escapes of a text",
        arguments: [
            ("'x\\\ny'", "xy"), ("'\\x41\\u0042\\n\\t\\v\\0'", "AB\n\t\u{B}\0"), ("'\\a\\/'", "a/"),
        ]
    )
    func escapes(_ text: String, expected: String) throws {
        #expect(try ConfigurationNode(text).value == .string(expected))
    }

    @Test(
        "reports the line and column of an error",
        arguments: [
            ("", 1, 1), ("{", 1, 2), ("{a: 1\n b: 2}", 2, 2), ("{a: }", 1, 5), ("{a 1}", 1, 4),
            ("{a: 1}\n}", 2, 1), ("{a: yes}", 1, 5), ("{a: 'x\n'}", 1, 7), ("/* no end", 1, 1),
            ("{a: 01}", 1, 5), ("{a: Infinity}", 1, 5), ("{a: NaN}", 1, 5), ("{a: 1 2}", 1, 7),
            ("{a: '\\uD83D'}", 1, 8), ("{a: '\\x4'}", 1, 7), ("{1a: 1}", 1, 2), ("[,]", 1, 2),
            ("{,}", 1, 2), ("{a: 0x}", 1, 5), ("{a: --1}", 1, 5), ("{a: 1.2.3}", 1, 5),
        ]
    )
    func refuses(_ text: String, line: Int, column: Int) {
        let error = #expect(throws: ConfigurationNode.SyntaxError.self) {
            try ConfigurationNode(text)
        }
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test(
        "explains an error",
        arguments: [
            ("{a: yes}", "yes is not a value; a text needs quotes"),
            ("{a: }", "a value is missing"),
            ("{a 1}", "a comma or a colon is missing"), ("{a: 1 b: 2}", "a comma or a colon"),
            ("{: 1}", "a key is missing here"), ("/* {}", "this comment is not closed"),
            ("{a: 'b\n}", "this text is not closed"), ("{} 1", "something after the end"),
            ("{a: '", "the text ends too early"), ("{a: '\\8'}", "escape"),
        ]
    )
    func reasons(_ text: String, says: String) {
        let error = #expect(throws: ConfigurationNode.SyntaxError.self) {
            try ConfigurationNode(text)
        }
        #expect(error?.reason.contains(says) ?? false, "\(error?.reason ?? "")")
    }

    @Test("counts lines and columns of the text itself, comments and wide characters included")
    func positions() throws {
        let node = try ConfigurationNode("// ü\n/* a\n b */ {\n\u{A0}ä: 'é', // c\n b: [1,],\n}")
        guard case .object(let members) = node.value else {
            Issue.record("it is a group of keys")
            return
        }
        #expect(node.line == 3)
        #expect(members.map(\.node.line) == [4, 5])
        let error = #expect(throws: ConfigurationNode.SyntaxError.self) {
            try ConfigurationNode("{ /* ü */ a: 'ü' x }")
        }
        #expect(error?.column == 18)
    }

    @Test("refuses a key that is set twice, and says on which line it was first")
    func duplicate() {
        let error = #expect(throws: ConfigurationNode.SyntaxError.self) {
            try ConfigurationNode("{\n a: 1,\n b: 2,\n 'a': 3\n}")
        }
        #expect(error?.line == 4)
        #expect(error?.reason == "a is set twice, first on line 2")
    }

    @Test("refuses nesting deeper than its limit")
    func depth() {
        #expect(throws: ConfigurationNode.SyntaxError.self) {
            try ConfigurationNode(String(repeating: "[", count: 100_000))
        }
    }

    /// What both readers say, without positions.
    private indirect enum Plain: Decodable, Equatable {
        case null, bool(Bool), number(Double), string(String), array([Plain]), object(
            [String: Plain]
        )

        init(_ node: ConfigurationNode) {
            switch node.value {
            case .null: self = .null
            case .bool(let flag): self = .bool(flag)
            case .number(let number): self = .number(number)
            case .string(let text): self = .string(text)
            case .array(let elements): self = .array(elements.map(Plain.init))
            case .object(let members):
                self = .object(
                    Dictionary(uniqueKeysWithValues: members.map { ($0.name, Plain($0.node)) })
                )
            }
        }

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let flag = try? value.decode(Bool.self) {
                self = .bool(flag)
            } else if let number = try? value.decode(Double.self) {
                self = .number(number)
            } else if let text = try? value.decode(String.self) {
                self = .string(text)
            } else if let elements = try? value.decode([Plain].self) {
                self = .array(elements)
            } else {
                self = .object(try value.decode([String: Plain].self))
            }
        }
    }
}

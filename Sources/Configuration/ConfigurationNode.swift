import JSON

/// A value of a JSON5 text, with the line it is on.
public struct ConfigurationNode: Hashable, Sendable {
    /// The value itself.
    public indirect enum Value: Hashable, Sendable {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([ConfigurationNode])
        case object([Member])
    }

    /// A key and its value.
    public struct Member: Hashable, Sendable {
        /// The key.
        public let name: String
        /// Its value.
        public let node: ConfigurationNode
    }

    /// The value itself.
    public let value: Value
    /// Counted from 1.
    public let line: Int

    /// What the value is, in words.
    public var kind: String {
        switch value {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "a group of keys"
        }
    }

    /// Reads exactly one value.
    init(_ text: String) throws(SyntaxError) {
        let bytes = Array(text.utf8)
        var reader = NodeReader(bytes)
        do throws(JSONError) {
            // Deeper than any configuration.
            var scanner = try JSONScanner(json5: bytes, limits: JSONLimits(depth: 32))
            self = try reader.node(&scanner)
            try scanner.end()
        } catch {
            throw reader.syntaxError(error)
        }
    }

    fileprivate init(_ value: Value, line: Int) {
        self.value = value
        self.line = line
    }

    /// Why a text is not JSON5, and where.
    struct SyntaxError: Error, Hashable, Sendable {
        let line: Int
        let column: Int
        let reason: String
    }
}

/// Makes a tree of what the scanner finds.
private struct NodeReader {
    private let bytes: [UInt8]
    /// Offsets of the first byte of each line.
    private let lines: [Int]
    /// The line of a repeated key's first value.
    private var earlier: Int?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        lines = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    }

    private func line(at offset: Int) -> Int { 1 + (lines.lastIndex { $0 <= offset } ?? 0) }

    mutating func node(_ scanner: inout JSONScanner) throws(JSONError) -> ConfigurationNode {
        let kind = try scanner.kind()
        let line = line(at: scanner.offset)
        return ConfigurationNode(try value(kind, &scanner), line: line)
    }

    private mutating func value(
        _ kind: JSONScanner.Kind,
        _ scanner: inout JSONScanner
    ) throws(JSONError) -> ConfigurationNode.Value {
        switch kind {
        case .null:
            try scanner.null()
            return .null
        case .bool: return .bool(try scanner.bool())
        case .number: return .number(Double(try scanner.number()) ?? .infinity)
        case .string: return .string(try scanner.string())
        case .array:
            var elements: [ConfigurationNode] = []
            try scanner.array { (scanner) throws(JSONError) in
                elements.append(try node(&scanner))
            }
            return .array(elements)
        case .object: return .object(try members(&scanner))
        }
    }

    private mutating func members(
        _ scanner: inout JSONScanner
    ) throws(JSONError) -> [ConfigurationNode.Member] {
        var members: [ConfigurationNode.Member] = []
        do throws(JSONError) {
            try scanner.object { (scanner, name) throws(JSONError) in
                members.append(.init(name: name, node: try node(&scanner)))
            }
        } catch {
            if case .duplicateName(let name) = error.reason, earlier == nil {
                earlier = members.first { $0.name == name }?.node.line
            }
            throw error
        }
        return members
    }

    func syntaxError(_ error: JSONError) -> ConfigurationNode.SyntaxError {
        let line = line(at: error.offset)
        // Columns count characters, not bytes.
        let before = bytes[lines[line - 1]..<error.offset].count { $0 & 0xC0 != 0x80 }
        return .init(line: line, column: before + 1, reason: reason(for: error))
    }

    private func reason(for error: JSONError) -> String {
        let rest = bytes[error.offset...]
        let word = String(
            decoding: rest.prefix(40).prefix { !" \t\r\n,:{}[]\"'".utf8.contains($0) },
            as: UTF8.self
        )
        switch error.reason {
        case .unexpectedEnd:
            return rest.starts(with: "/*".utf8)
                ? "this comment is not closed" : "the text ends too early"
        case .controlCharacterInString: return "this text is not closed"
        case .badEscape: return "unknown or incomplete escape"
        case .badUTF8: return "not valid UTF-8"
        case .tooDeep: return "nested too deeply"
        case .duplicateName(let name):
            return "\(name) is set twice" + (earlier.map { ", first on line \($0)" } ?? "")
        case .trailingBytes: return "there is something after the end"
        case .wrongType: return "a key is missing here"
        case .unexpectedByte, .badNumber:
            let before = bytes[..<error.offset].last { !" \t\r\n".utf8.contains($0) }
            if let before, !":,[".utf8.contains(before) {
                return "a comma or a colon is missing before this"
            }
            return word.isEmpty
                ? "a value is missing here" : "\(word) is not a value; a text needs quotes"
        }
    }
}

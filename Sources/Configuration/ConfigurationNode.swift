/// A value of a JSON5 text (spec.json5.org), with the line it is on.
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
        /// Of the key.
        public let line: Int
    }

    /// The value itself.
    public let value: Value
    /// Counted from 1.
    public let line: Int

    /// Reads one value and nothing after it.
    init(_ text: String) throws(JSON5Error) {
        var parser = JSON5Parser(text)
        self = try parser.document()
    }

    init(_ value: Value, line: Int) {
        self.value = value
        self.line = line
    }

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
}

/// Why a text is not JSON5, and where.
struct JSON5Error: Error, Hashable, Sendable {
    let line: Int
    let column: Int
    let reason: String
}

/// Recursive descent over the scalars of a text.
struct JSON5Parser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    /// Deeper than any configuration, and far from the end of the stack.
    private static let maximumDepth = 32

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func document() throws(JSON5Error) -> ConfigurationNode {
        if peek == "\u{FEFF}" { index += 1 }
        let node = try value(depth: 0)
        try skipSpace()
        guard peek == nil else { throw error("there is something after the end") }
        return node
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func line(at position: Int) -> Int {
        1 + scalars[..<min(position, scalars.count)].count { $0 == "\n" }
    }

    private func error(_ reason: String, at position: Int? = nil) -> JSON5Error {
        let position = min(position ?? index, scalars.count)
        let start = scalars[..<position].lastIndex { $0 == "\n" }.map { $0 + 1 } ?? 0
        return JSON5Error(line: line(at: position), column: position - start + 1, reason: reason)
    }

    private mutating func skipSpace() throws(JSON5Error) {
        while let next = peek {
            if next.properties.isWhitespace || next == "\u{FEFF}" {
                index += 1
            } else if next == "/", index + 1 < scalars.count, scalars[index + 1] == "/" {
                while let next = peek, !Self.endsLine(next) { index += 1 }
            } else if next == "/", index + 1 < scalars.count, scalars[index + 1] == "*" {
                let start = index
                index += 2
                while index + 1 < scalars.count,
                    scalars[index] != "*" || scalars[index + 1] != "/"
                {
                    index += 1
                }
                guard index + 1 < scalars.count else {
                    throw error("this comment never ends", at: start)
                }
                index += 2
            } else {
                return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSON5Error) -> ConfigurationNode {
        try skipSpace()
        guard depth < Self.maximumDepth else { throw error("nested too deeply") }
        let line = line(at: index)
        switch peek {
        case nil: throw error("a value is missing at the end")
        case "{": return ConfigurationNode(.object(try object(depth: depth)), line: line)
        case "[": return ConfigurationNode(.array(try array(depth: depth)), line: line)
        case "\"", "'": return ConfigurationNode(.string(try string()), line: line)
        default: return ConfigurationNode(try word(), line: line)
        }
    }

    private mutating func object(depth: Int) throws(JSON5Error) -> [ConfigurationNode.Member] {
        var members: [ConfigurationNode.Member] = []
        index += 1
        while true {
            try skipSpace()
            if take("}") { return members }
            let start = index
            let name = try self.name()
            if let earlier = members.first(where: { $0.name == name }) {
                throw error("\(name) stands here again, after line \(earlier.line)", at: start)
            }
            try skipSpace()
            guard take(":") else { throw error("a colon is missing after \(name)") }
            let node = try value(depth: depth + 1)
            members.append(ConfigurationNode.Member(name: name, node: node, line: line(at: start)))
            try skipSpace()
            if take(",") { continue }
            guard peek == "}" else { throw error("a comma or } is missing after \(name)") }
        }
    }

    private mutating func array(depth: Int) throws(JSON5Error) -> [ConfigurationNode] {
        var elements: [ConfigurationNode] = []
        index += 1
        while true {
            try skipSpace()
            if take("]") { return elements }
            elements.append(try value(depth: depth + 1))
            try skipSpace()
            if take(",") { continue }
            guard peek == "]" else { throw error("a comma or ] is missing in a list") }
        }
    }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard peek == wanted else { return false }
        index += 1
        return true
    }

    private mutating func name() throws(JSON5Error) -> String {
        if peek == "\"" || peek == "'" { return try string() }
        let start = index
        while let next = peek, Self.isNamePart(next) { index += 1 }
        guard index > start, !scalars[start].isASCIIDigit else {
            throw error("a key is missing here", at: start)
        }
        return String(String.UnicodeScalarView(scalars[start..<index]))
    }

    private mutating func word() throws(JSON5Error) -> ConfigurationNode.Value {
        let start = index
        while let next = peek, Self.isNamePart(next) || "+-.".unicodeScalars.contains(next) {
            index += 1
        }
        let text = String(String.UnicodeScalarView(scalars[start..<index]))
        switch text {
        case "": throw error("a value is missing here", at: start)
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default:
            guard let number = Self.number(text) else {
                throw error("\(text.prefix(40)) is not a value; a text needs quotes", at: start)
            }
            return .number(number)
        }
    }

    private mutating func string() throws(JSON5Error) -> String {
        let start = index
        let quote = scalars[index]
        var text = String.UnicodeScalarView()
        index += 1
        while let next = peek {
            index += 1
            if next == quote { return String(text) }
            if next == "\n" || next == "\r" { break }
            if next == "\\" { try escape(into: &text) } else { text.append(next) }
        }
        throw error("this text never ends", at: start)
    }

    private mutating func escape(into text: inout String.UnicodeScalarView) throws(JSON5Error) {
        let start = index - 1
        guard let next = peek else { throw error("this text never ends", at: start) }
        index += 1
        switch next {
        case "b": text.append("\u{8}")
        case "f": text.append("\u{C}")
        case "n": text.append("\n")
        case "r": text.append("\r")
        case "t": text.append("\t")
        case "v": text.append("\u{B}")
        case "0" where !(peek?.isASCIIDigit ?? false): text.append("\0")
        case "x": text.append(try scalar(hex(2, from: start), from: start))
        case "u":
            let unit = try hex(4, from: start)
            guard (0xD800..<0xDC00).contains(unit) else {
                text.append(try scalar(unit, from: start))
                return
            }
            guard take("\\"), take("u") else { throw error("half a surrogate pair", at: start) }
            let low = try hex(4, from: start)
            guard (0xDC00..<0xE000).contains(low) else {
                throw error("half a surrogate pair", at: start)
            }
            text.append(try scalar(0x10000 + (unit - 0xD800) << 10 + low - 0xDC00, from: start))
        case "\r": _ = take("\n")
        case "\n", "\u{2028}", "\u{2029}": break
        case "0"..."9": throw error("unknown escape", at: start)
        default: text.append(next)
        }
    }

    private mutating func hex(_ count: Int, from start: Int) throws(JSON5Error) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = peek.flatMap({ Character($0).hexDigitValue }), peek?.isASCII ?? false
            else { throw error("incomplete escape", at: start) }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    private func scalar(_ code: UInt32, from start: Int) throws(JSON5Error) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(code) else {
            throw error("half a surrogate pair", at: start)
        }
        return scalar
    }

    private static func endsLine(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "$" || scalar.properties.isIDContinue
    }

    /// JSON5 numbers are JSON's plus a sign, a bare leading or trailing point, and hexadecimal.
    /// `Infinity` and `NaN` are refused: no setting can mean them.
    private static func number(_ text: String) -> Double? {
        let unsigned = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
        let sign: Double = text.first == "-" ? -1 : 1
        if unsigned.hasPrefix("0x") || unsigned.hasPrefix("0X") {
            let digits = unsigned.dropFirst(2)
            guard digits.allSatisfy(\.isHexDigit) else { return nil }
            return UInt64(digits, radix: 16).map { sign * Double($0) }
        }
        guard let first = unsigned.first, first.isASCII, first.isNumber || first == ".",
            unsigned.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }),
            !(first == "0" && unsigned.dropFirst().first?.isNumber ?? false)
        else { return nil }
        let padded = (first == "." ? "0" : "") + (unsigned.last == "." ? unsigned + "0" : unsigned)
        return Double(padded).map { sign * $0 }
    }
}

extension Unicode.Scalar {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

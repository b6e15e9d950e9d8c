import Cryptography
import JSON

/// The body of a request with names in braces, `{to}`, which are replaced by values. Each value is
/// escaped as the content type demands, so that no value ends the text that it stands in.
struct MessageTemplate: Sendable {
    /// What a body may be.
    enum Content: String, Sendable, CaseIterable {
        case json = "application/json"
        case form = "application/x-www-form-urlencoded"
        case plain = "text/plain"
    }

    /// What a name stands for.
    enum Name: String, Sendable, CaseIterable {
        /// The user's address for the channel.
        case to
        /// The sentence for a title, and what a message says.
        case title, text
        /// The reference alone, and the same with the word for it.
        case reference
        /// The user's language (BCP 47).
        case language
        /// The same for each repeat of a message.
        case id
        /// The end of the prompt (RFC 3339); empty for a message that needs no answer.
        case expires = "expires_at"
        /// The prompt's link; empty for a message that needs no answer.
        case link
    }

    private enum Piece: Hashable, Sendable {
        case literal(String)
        case value(Name)
    }

    let content: Content
    private let pieces: [Piece]

    /// The names that it uses.
    var names: Set<Name> {
        Set(pieces.compactMap { if case .value(let name) = $0 { name } else { nil } })
    }

    /// Why a text is not a template, as the end of a sentence.
    struct Problem: Error, Hashable, Sendable {
        let reason: String
    }

    /// Reads a template. A brace that does not begin a name in small letters is itself, as in JSON.
    init(_ text: String, _ content: Content) throws(Problem) {
        var pieces: [Piece] = []
        var literal = ""
        var rest = text[...]
        while let brace = rest.firstIndex(of: "{") {
            literal += rest[..<brace]
            let after = rest[rest.index(after: brace)...]
            let word = after.prefix { $0 == "_" || ("a"..."z").contains($0) }
            if !word.isEmpty, after[word.endIndex...].first == "}" {
                guard let name = Name(rawValue: String(word)) else {
                    let known = Name.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
                    throw Problem(reason: "must not contain {\(word)}; there are \(known)")
                }
                if !literal.isEmpty { pieces.append(.literal(literal)) }
                pieces.append(.value(name))
                literal = ""
                rest = after[after.index(after: word.endIndex)...]
            } else {
                literal += "{"
                rest = after
            }
        }
        literal += rest
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        self.pieces = pieces
        self.content = content
        try check()
    }

    private func check() throws(Problem) {
        switch content {
        case .plain: break
        case .json:
            // A value that stands in no string would not be JSON.
            let sample = bytes(Dictionary(uniqueKeysWithValues: Name.allCases.map { ($0, "a\"") }))
            guard (try? JSONValue(sample)) != nil else {
                throw Problem(
                    reason: "must be JSON in which each name in braces is within a string"
                )
            }
        case .form:
            for case .literal(let text) in pieces
            where !text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x7B && $0 != 0x7D })
            {
                throw Problem(
                    reason: "must be form-encoded: printable ASCII without spaces and braces"
                )
            }
        }
    }

    /// The body with these values; a name without a value is replaced by nothing.
    func bytes(_ values: [Name: String]) -> [UInt8] {
        pieces.flatMap { piece in
            switch piece {
            case .literal(let text): Array(text.utf8)
            case .value(let name): escaped(values[name] ?? "")
            }
        }
    }

    private func escaped(_ value: String) -> [UInt8] {
        switch content {
        case .plain: return Array(value.utf8)
        case .json:
            var json = JSONWriter(reserving: value.utf8.count + 2)
            json.string(value)
            return Array(json.bytes.dropFirst().dropLast())
        case .form:
            let digits = Array("0123456789ABCDEF".utf8)
            return value.utf8.flatMap { byte -> [UInt8] in
                let isPlain =
                    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "-._*".utf8.contains(byte)
                if isPlain { return [byte] }
                return byte == 0x20
                    ? [0x2B] : [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}

/// Which statuses of an answer mean what.
struct StatusMap: Sendable {
    enum Meaning: Hashable, Sendable { case delivered, later, refused }

    private var exact: [Int: Meaning] = [:]
    private var classes: [Int: Meaning] = [:]

    init() {}

    /// Adds a status, `202`, or a class of them, `2xx`. False if the text is neither or has a meaning
    /// already.
    mutating func add(_ text: String, _ meaning: Meaning) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 3, (0x31...0x35).contains(bytes[0]) else { return false }
        if bytes[1] == UInt8(ascii: "x"), bytes[2] == UInt8(ascii: "x") {
            return classes.updateValue(meaning, forKey: Int(bytes[0] - 0x30)) == nil
        }
        guard bytes.allSatisfy({ $0 &- 0x30 < 10 }), let status = Int(text) else { return false }
        return exact.updateValue(meaning, forKey: status) == nil
    }

    /// A status counts before its class. One that is not listed may be another server's, so the message
    /// is sent again.
    func meaning(of status: Int) -> Meaning {
        exact[status] ?? classes[status / 100] ?? .later
    }
}

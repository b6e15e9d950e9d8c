/// A place in a request that a peer fills.
struct Place: Sendable {
    /// Such as `header accept-language, marks`.
    let name: String
    /// The most bytes that fit into the place.
    let limit: Int
    /// The whole request with about so many bytes in the place.
    let request: @Sendable (Int) -> [UInt8]
}

/// What is repeated in a place until it is full. Each has misled a reader somewhere: into looking at
/// the rest once more for each part, or into comparing texts as characters.
struct Filling: Sendable {
    let name: String
    let unit: String

    static let letters = Filling(name: "letters", unit: "a")
    static let subtags = Filling(name: "subtags", unit: "a-")
    static let list = Filling(name: "list", unit: "a;q=0.5, ")
    static let pairs = Filling(name: "pairs", unit: "a=b; ")
    static let spaces = Filling(name: "spaces", unit: " ")
    static let words = Filling(name: "words", unit: "a ")
    static let escapes = Filling(name: "escapes", unit: "%41")
    /// Combining marks in an order that normalisation has to change.
    static let marks = Filling(name: "marks", unit: "\u{315}\u{300}")
    static let escapedMarks = Filling(name: "marks", unit: "%CC%95%CC%80")
    static let unicodeEscapes = Filling(name: "marks as \\u", unit: "\\u0315\\u0300")
    static let flags = Filling(name: "flags", unit: "\u{1F1E6}")
    static let joiners = Filling(name: "joiners", unit: "\u{1F469}\u{200D}")

    /// `start` first, because text that begins like a known name is compared longest.
    func text(_ count: Int, after start: String = "") -> String {
        start
            + String(
                repeating: unit,
                count: max(1, (count - start.utf8.count) / unit.utf8.count)
            )
    }
}

/// The parts of a request besides the place that is filled.
struct Message: Sendable {
    var method: String
    var target: String
    var fields: [(name: String, value: String)] = []
    var body = ""
    /// The device that proves its key; nil for nobody.
    var prover: Prover?

    /// As it is sent once; a proof is another one each time.
    var bytes: [UInt8] {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: login.bank.example\r\n"
        for field in fields { text += "\(field.name): \(field.value)\r\n" }
        if let prover, !fields.contains(where: { $0.name == "DPoP" }) {
            text += "DPoP: \(prover.proof(method, target))\r\n"
        }
        if method == "POST" || !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
        return Array((text + "\r\n" + body).utf8)
    }

    /// The same with another value of a field, or with one more field.
    func with(_ name: String, _ value: String) -> Message {
        var message = self
        message.fields.removeAll { $0.name == name }
        message.fields.append((name, value))
        return message
    }

    func with(body: String) -> Message {
        var message = self
        message.body = body
        return message
    }
}

/// One block of a PEM file (RFC 7468): what the label says it is, and its bytes.
struct PEM: Hashable {
    /// More characters than any key that is taken here has.
    static let maximumCharacters = 32_768

    let label: String
    let bytes: [UInt8]

    /// The file's blocks in order. Text between them is explanation and is passed over.
    ///
    /// - Throws: `KeyError` with `.notPEM` when there is no block or one is damaged, and with
    ///   `.encrypted` for the old form that says so in a header inside the block.
    static func blocks(of text: String) throws(KeyError) -> [PEM] {
        guard text.utf8.count <= maximumCharacters else { throw .notPEM }
        var blocks: [PEM] = []
        var label: String?
        var body = ""
        for line in text.split(whereSeparator: \.isNewline).map(trimmed) {
            if let open = label {
                if line == "-----END \(open)-----" {
                    guard let bytes = Base64.decode(body) else { throw .notPEM }
                    blocks.append(PEM(label: open, bytes: bytes))
                    label = nil
                } else if line.hasPrefix("Proc-Type:") {
                    throw .encrypted
                } else {
                    body += line
                }
            } else if line.hasPrefix("-----BEGIN "), line.hasSuffix("-----"), line.count > 16 {
                label = String(line.dropFirst(11).dropLast(5))
                body = ""
            }
        }
        guard label == nil, !blocks.isEmpty else { throw .notPEM }
        return blocks
    }

    /// The text of one block, in lines of 64 characters.
    var text: String {
        var lines = ["-----BEGIN \(label)-----"]
        var rest = Substring(Base64.encode(bytes))
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        return (lines + ["-----END \(label)-----", ""]).joined(separator: "\n")
    }

    private static func trimmed(_ line: Substring) -> Substring {
        var line = line
        while line.last == " " || line.last == "\t" { line.removeLast() }
        return line
    }
}

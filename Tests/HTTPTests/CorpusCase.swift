import Foundation

/// A message of the corpus, with its expected reading as text. `Corpus/README.md` tells the format.
struct CorpusCase: Sendable, CustomStringConvertible {
    var file: String
    var name: String
    var bytes: [UInt8] = []
    var expected: [String] = []
    /// Of the request that is `expected[index]`.
    var fields: [(index: Int, name: String, value: [UInt8])] = []

    var description: String { "\(file): \(name)" }

    /// Every case of the folder.
    static func load(from folder: String) throws -> [CorpusCase] {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        return try files.filter { $0.hasSuffix(".http") }.flatMap { file in
            parse(try String(contentsOfFile: folder + "/" + file, encoding: .utf8), file: file)
        }
    }

    private static func parse(_ text: String, file: String) -> [CorpusCase] {
        var cases: [CorpusCase] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("[") {
                let name = String(line.dropFirst().prefix(while: { $0 != "]" }))
                cases.append(CorpusCase(file: file, name: name))
            }
            guard !cases.isEmpty else { continue }
            let last = cases.count - 1
            if line.hasPrefix("< ") {
                cases[last].bytes += unescape(line.dropFirst(2))
            } else if line.hasPrefix("<*") {
                let parts = line.dropFirst(2).split(separator: " ", maxSplits: 1)
                let piece = unescape(parts[1])
                for _ in 0..<(Int(parts[0]) ?? 0) { cases[last].bytes += piece }
            } else if line.hasPrefix("> ") {
                cases[last].expected.append(String(line.dropFirst(2)))
            } else if line.hasPrefix("= ") {
                let parts = line.dropFirst(2).split(
                    separator: ":",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                let value = parts[1].drop { $0 == " " }
                cases[last].fields.append(
                    (cases[last].expected.count - 1, String(parts[0]), unescape(value))
                )
            }
        }
        return cases
    }

    static func unescape(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch kind {
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "0"): bytes.append(0x00)
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                bytes.append(UInt8(digits, radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            default: bytes.append(kind)
            }
        }
        return bytes
    }
}

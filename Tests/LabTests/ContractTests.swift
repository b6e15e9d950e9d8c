import Foundation
import Lab
import Testing

@Suite("The lab's contract")
struct ContractTests {
    /// The lines of the table of knobs.
    static func rows() throws -> [Substring] {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "Sources/Lab/Contract.md")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("| K-") }
    }

    @Test("describes every knob under its number")
    func knobs() throws {
        let names = try Self.rows().compactMap { row in
            row.split(separator: "|").dropFirst().first.map {
                $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
            }
        }
        #expect(names == KnobName.allCases.map(\.rawValue))
    }
}

import Foundation
import Net
import Testing

@Suite("The program's files")
struct ProgramFilesTests {
    /// Resident bytes of the program's parts that are not writable, in KiB, and of those the ones that
    /// are the process's own: relocated or changed.
    private static func resident() throws -> (all: Int, own: Int) {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let map = try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8)
        var isCounted = false
        var found = (all: 0, own: 0)
        for line in map.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if let name = words.first, name.hasSuffix(":") {
                guard isCounted, words.count == 3, let size = Int(words[1]) else { continue }
                if name == "Rss:" { found.all += size }
                if name == "Anonymous:" { found.own += size }
            } else {
                isCounted = words.last == program[...] && !words[1].contains("w")
            }
        }
        return found
    }

    @Test("What the start touched leaves memory, and what was relocated stays")
    func unmapped() async {
        await #expect(processExitsWith: .success) {
            let before = try Self.resident()
            ProgramFiles.unmap()
            let after = try Self.resident()
            // Reading these numbers brings some of it back.
            #expect(after.all < before.all * 3 / 4, "\(before) \(after)")
            #expect(after.own == before.own, "\(before) \(after)")
        }
    }
}

import Foundation

/// Writes each message of the corpus as a file that the fuzzer begins with.
@main
enum Seeds {
    static func main() throws {
        let (corpus, folder) = (CommandLine.arguments[1], CommandLine.arguments[2])
        for (number, message) in try CorpusCase.load(from: corpus).enumerated()
        where message.bytes.count < 4096 {
            let seed = Data([128, 0] + message.bytes)
            try seed.write(to: URL(fileURLWithPath: "\(folder)/\(number)"))
        }
    }
}

import Foundation

/// A small server in another process: a real peer, written in another language than ours.
///
/// The script prints its port as its first line, and goes away when its standard input ends.
public final class PeerProcess: @unchecked Sendable {
    // Invariant behind @unchecked: nothing changes after init; `deinit` has no one beside it.
    public let port: Int
    private let process = Process()
    private let input = Pipe()

    public struct DidNotStart: Error, Sendable {
        public let output: String
    }

    /// Runs a Python script that lies in `Peers` beside the test's file.
    public init(
        script: String,
        arguments: [String] = [],
        besideFile file: String = #filePath
    ) throws {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["python3", "-B", folder.appendingPathComponent("Peers/\(script)").path] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = input
        try ProcessStart.run(process)
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
            byte[0] != 0x0A
        { line += byte }
        guard let port = Int(String(decoding: line, as: UTF8.self)) else {
            throw DidNotStart(output: String(decoding: line, as: UTF8.self))
        }
        self.port = port
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

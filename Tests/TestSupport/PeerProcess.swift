import Foundation

/// A server in another process, written in Python: a peer that shares no code with ours.
///
/// The script prints its port as its first line and exits when its standard input ends.
public final class PeerProcess: Sendable {
    public let port: Int
    private let child: ChildProcess

    public struct DidNotStart: Error, Sendable {
        public let output: String
    }

    /// Runs a Python script from the folder `Peers` next to the test's file.
    public init(
        script: String,
        arguments: [String] = [],
        besideFile file: String = #filePath
    ) throws {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        let path = folder.appendingPathComponent("Peers/\(script)").path
        child = try ChildProcess(["python3", "-B", path] + arguments)
        let line = child.readLine() ?? ""
        guard let port = Int(line) else { throw DidNotStart(output: line) }
        self.port = port
    }
}

import Foundation
public import JSON

/// Python libraries in a virtual environment that `make interop` makes.
public enum ForeignLibrary {
    private static let tests = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let environment = tests.deletingLastPathComponent()
        .appending(path: ".venv/interop")

    /// `make interop` demands it: then a missing library is a failed test and not a skipped one.
    public static let isWanted =
        FileManager.default.fileExists(atPath: environment.appending(path: "made-for").path)
        || ProcessInfo.processInfo.environment["BECKON_INTEROP"] != nil

    /// It refused, and said this; or it gave no answer.
    public struct Failed: Error { public let answer: String }

    /// Asks all at once, because starting Python takes longer than any job. `script` is a file in
    /// `Tests/Interop`.
    ///
    /// - Throws: `Failed` when the library cannot be run; what it refuses is an answer.
    public static func ask(
        _ jobs: [JSONValue],
        script: String = "foreign.py"
    ) throws -> [JSONValue] {
        let python = environment.appending(path: "bin/python").path
        let script = tests.appending(path: "Interop/" + script).path
        let answer = try ChildProcess.run([python, script], input: JSONValue.array(jobs).bytes)
        guard answer.isSuccess else { throw Failed(answer: "no answer") }
        return try JSONValue(answer.bytes).array ?? []
    }

    /// What it says to one job.
    ///
    /// - Throws: `Failed` with what it raised.
    public static func result(_ answer: JSONValue) throws -> JSONValue {
        guard let result = answer["ok"] else {
            throw Failed(answer: answer["error"]?.string ?? "no answer")
        }
        return result
    }
}

import Foundation
public import JSON

/// Python libraries in virtual environments that `make interop` makes.
public enum ForeignLibrary {
    private static let tests = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
    private static func path(_ file: String, in environment: String) -> String {
        tests.deletingLastPathComponent().appending(path: ".venv/\(environment)/\(file)").path
    }

    /// True in `make interop`: a missing library then fails the test instead of skipping it.
    public static let isWanted = isWanted(in: "interop")

    /// The same for the libraries of another environment.
    public static func isWanted(in environment: String) -> Bool {
        FileManager.default.fileExists(atPath: path("made-for", in: environment))
            || ProcessInfo.processInfo.environment["BECKON_INTEROP"] != nil
    }

    /// The library's error, or that it gave no answer.
    public struct Failed: Error { public let answer: String }

    /// Runs all jobs in one process, because starting Python takes longer than a job. `script` is a
    /// file in `Tests/Interop`.
    ///
    /// - Throws: `Failed` if the library cannot be run. Its errors are answers.
    public static func ask(
        _ jobs: [JSONValue],
        script: String = "foreign.py",
        in environment: String = "interop"
    ) throws -> [JSONValue] {
        let python = path("bin/python", in: environment)
        let script = tests.appending(path: "Interop/" + script).path
        let answer = try ChildProcess.run([python, script], input: JSONValue.array(jobs).bytes)
        guard answer.isSuccess else { throw Failed(answer: "no answer") }
        return try JSONValue(answer.bytes).array ?? []
    }

    /// Runs one job.
    ///
    /// - Throws: `Failed` with the error that it raised.
    public static func result(_ answer: JSONValue) throws -> JSONValue {
        guard let result = answer["ok"] else {
            throw Failed(answer: answer["error"]?.string ?? "no answer")
        }
        return result
    }
}

import TestSupport
import Testing

/// Debian's `sqlite3`: another process and program that uses the same file.
enum SQLiteShell {
    /// Runs SQL and waits for its end.
    static func run(_ path: String, _ sql: String) throws -> ChildProcess.Answer {
        try run("sqlite3", ["-batch", "-bail", path, sql])
    }

    /// Runs a command and waits for its end.
    static func run(
        _ command: String,
        _ arguments: [String]
    ) throws -> ChildProcess.Answer {
        try ChildProcess.run([command] + arguments, errors: .withOutput)
    }

    /// A shell that holds the lock for writing until it is released.
    final class Holder: Sendable {
        private let shell: ChildProcess

        init(_ path: String) throws {
            shell = try ChildProcess(["sqlite3", "-batch", path])
            shell.write(Array("BEGIN IMMEDIATE;\nSELECT 'held';\n".utf8))
            // Blocks until the shell has the lock and answers.
            #expect(shell.readLine() == "held")
        }

        func release() {
            shell.write(Array("ROLLBACK;\n".utf8))
            shell.closeInput()
            _ = shell.wait()
        }
    }
}

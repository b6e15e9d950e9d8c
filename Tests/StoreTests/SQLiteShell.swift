import Foundation
import TestSupport
import Testing

/// Debian's `sqlite3`: another process, and another program, at the same file.
enum SQLiteShell {
    struct Answer: Sendable {
        let isSuccess: Bool
        let output: String
    }

    /// Runs SQL and waits for its end.
    static func run(_ path: String, _ sql: String) throws -> Answer {
        try run("sqlite3", ["-batch", "-bail", path, sql])
    }

    /// Runs a command and waits for its end.
    static func run(_ command: String, _ arguments: [String]) throws -> Answer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [command] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try ProcessStart.run(process)
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Answer(
            isSuccess: process.terminationStatus == 0,
            output: String(decoding: bytes, as: UTF8.self)
        )
    }

    /// A shell that holds the lock for writing until it is released.
    final class Holder: Sendable {
        private let process: Process
        private let input: FileHandle

        init(_ path: String) throws {
            process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["sqlite3", "-batch", path]
            let input = Pipe()
            let output = Pipe()
            process.standardInput = input
            process.standardOutput = output
            try ProcessStart.run(process)
            self.input = input.fileHandleForWriting
            try self.input.write(contentsOf: Data("BEGIN IMMEDIATE;\nSELECT 'held';\n".utf8))
            // Blocks until the shell has answered, which it does once it has the lock.
            let answer = try output.fileHandleForReading.read(upToCount: 4)
            #expect(answer == Data("held".utf8))
        }

        func release() throws {
            try input.write(contentsOf: Data("ROLLBACK;\n".utf8))
            try input.close()
            process.waitUntilExit()
        }
    }
}

import Foundation
import Testing

@testable import App

@Suite("Files by name")
struct FilesTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = try Files.makeTemporaryDirectory("beckon-files")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test(
        "have a directory",
        arguments: [
            ("beckon.json5", "."), ("/beckon.json5", "/"), ("/etc/a/b", "/etc/a"), ("a/b", "a"),
        ]
    )
    func directory(path: String, directory: String) {
        #expect(Files.directory(of: path) == directory)
    }

    @Test("are in directories that are created and removed as a whole")
    func directories() throws {
        try withDirectory { directory in
            let deep = directory + "/a/b/c"
            try Files.makeDirectory(deep)
            try Files.makeDirectory(deep)
            try Data("x".utf8).write(to: URL(fileURLWithPath: deep + "/file"))
            #expect(throws: Files.Failure.self) { try Files.makeDirectory(deep + "/file/d") }
            Files.removeDirectory(deep)
            #expect(!FileManager.default.fileExists(atPath: deep))
            #expect(FileManager.default.fileExists(atPath: directory + "/a/b"))
        }
    }
}

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

    @Test("are read whole, or it is said why not")
    func read() throws {
        try withDirectory { directory in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let path = directory + "/long"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(try Files.read(path).get() == bytes)
            #expect(Files.read(directory) == .failure(.init("is a directory")))
            #expect(Files.read(directory + "/none") == .failure(.init("does not exist")))
            #expect(Files.read(path + "/below") == .failure(.init("does not exist")))
        }
    }

    @Test(
        "lie in a directory",
        arguments: [
            ("beckon.json5", "."), ("/beckon.json5", "/"), ("/etc/a/b", "/etc/a"), ("a/b", "a"),
        ]
    )
    func directory(path: String, directory: String) {
        #expect(Files.directory(of: path) == directory)
    }

    @Test("are made absolute by where the process runs")
    func absolute() {
        #expect(Files.absolute("/a/../b") == "/a/../b")
        #expect(Files.absolute("a") == FileManager.default.currentDirectoryPath + "/a")
    }

    @Test("get directories that are made with those above, and are removed with them")
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

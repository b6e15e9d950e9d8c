import Foundation
import Testing

@testable import Configuration

@Suite("The environment")
struct EnvironmentTests {
    @Test("reads whole files, or says why it cannot")
    func read() throws {
        let directory = NSTemporaryDirectory() + "beckon-environment-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let path = directory + "/long"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let read = Environment.real(directory: directory).read
        #expect(try read(path).get() == bytes)
        #expect(read(directory) == .failure(.init("is a directory")))
        #expect(read(directory + "/none") == .failure(.init("does not exist")))
        #expect(read(path + "/below") == .failure(.init("does not exist")))
    }

    @Test("resolves paths relative to the directory of the configuration")
    func resolve() {
        let here = FileManager.default.currentDirectoryPath
        #expect(Environment.directory(of: "/etc/beckon/b.json5") == "/etc/beckon")
        #expect(Environment.directory(of: "/b.json5") == "/")
        #expect(Environment.directory(of: "b.json5") == here)
        #expect(Environment.directory(of: "a/b.json5") == here + "/a")
        let environment = Environment.real(directory: "/etc/beckon")
        #expect(environment.resolve("tls/a.pem") == "/etc/beckon/tls/a.pem")
        #expect(environment.resolve("/a.pem") == "/a.pem")
    }
}

import Foundation

/// Certificates of a test authority, issued by the `openssl` command.
public struct Certificates: Sendable {
    public let directory: TemporaryDirectory
    public var authority: String { directory.file("ca.pem") }

    /// The command failed.
    public struct Failed: Error, Sendable {}

    public init() throws {
        directory = try TemporaryDirectory()
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca "
                + "-keyout \(directory.file("ca.key")) -out \(authority)"
        )
    }

    /// The path of a certificate.
    public func certificate(_ name: String) -> String { directory.file("\(name).pem") }
    /// The path of its key.
    public func key(_ name: String) -> String { directory.file("\(name).key") }

    /// A file's contents.
    public func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Issues a certificate with a common name, and the same or another alternative name. It is valid
    /// for `days`; with -1 it expired yesterday.
    public func issue(_ name: String, alternativeName: String, days: Int = 2) throws {
        let request = directory.file("\(name).csr")
        let extensions = directory.file("\(name).ext")
        try "subjectAltName=\(alternativeName)\n"
            .write(toFile: extensions, atomically: true, encoding: .utf8)
        try openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) "
                + "-keyout \(key(name)) -out \(request)"
        )
        try openssl(
            "x509 -req -in \(request) -CA \(authority) -CAkey \(directory.file("ca.key")) "
                + "-CAcreateserial -days \(days) -extfile \(extensions) -out \(certificate(name))"
        )
    }

    /// Runs the command with arguments separated by spaces.
    public func openssl(_ arguments: String) throws {
        let words = ["openssl"] + arguments.split(separator: " ").map(String.init)
        guard try ChildProcess.run(words, errors: .dropped).isSuccess else { throw Failed() }
    }
}

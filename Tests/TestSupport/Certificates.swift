import Foundation

/// Certificates of a small authority, made by the `openssl` command.
public struct Certificates: Sendable {
    public let directory: TemporaryDirectory
    public var authority: String { directory.file("ca.pem") }

    /// The command did not do what it was asked.
    public struct Failed: Error, Sendable {}

    public init() throws {
        directory = try TemporaryDirectory()
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca "
                + "-keyout \(directory.file("ca.key")) -out \(authority)"
        )
    }

    /// Where a certificate is.
    public func certificate(_ name: String) -> String { directory.file("\(name).pem") }
    /// Where its key is.
    public func key(_ name: String) -> String { directory.file("\(name).key") }

    /// What is in a file.
    public func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Issues a certificate with a common name, and that or another alternative name. It is good for
    /// `days`; one of -1 days ended yesterday.
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

    /// Runs the command; its arguments are separated by blanks.
    public func openssl(_ arguments: String) throws {
        let words = ["openssl"] + arguments.split(separator: " ").map(String.init)
        guard try ChildProcess.run(words, errors: .dropped).isSuccess else { throw Failed() }
    }
}

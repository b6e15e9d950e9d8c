import Glibc
public import Net

/// The certificate that the simulator's listener shows: one of several in a directory, each a pair of
/// `NAME.pem` and `NAME.key`. `good` is the usual one; `current` links to the one that is shown.
public struct ShownCertificate: Sendable {
    private let directory: String
    private static let endings = ["pem", "key"]

    /// Shows the usual one from the beginning. Nil when there is none.
    public init?(directory: String) {
        self.directory = directory
        guard link("good") else { return nil }
    }

    /// The file of the certificate that the listener is to read.
    public var certificate: String { path("current", "pem") }
    /// The file of its key.
    public var key: String { path("current", "key") }

    /// What is no certificate's name: the usual one, by nothing newer than TLS 1.1.
    private static let oldVersion = "tls_1_1"

    /// Shows another one to new connections, the usual one for nil; an unknown name changes nothing.
    public func show(_ name: String?, on server: Server) {
        let isOld = name == Self.oldVersion
        if link(isOld ? "good" : name ?? "good") {
            try? server.reloadCertificate(isLimitedToTLS11: isOld)
        }
    }

    private func link(_ name: String) -> Bool {
        guard !name.contains("/"), Self.endings.allSatisfy({ access(path(name, $0), R_OK) == 0 })
        else { return false }
        return Self.endings.allSatisfy { ending in
            unlink(path("current", ending))
            return symlink("\(name).\(ending)", path("current", ending)) == 0
        }
    }

    private func path(_ name: String, _ ending: String) -> String {
        "\(directory)/\(name).\(ending)"
    }
}

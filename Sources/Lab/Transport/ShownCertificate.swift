import Glibc
import Net

/// The certificate that a listener of the lab presents: one of several in a directory, each a pair
/// of `NAME.pem` and `NAME.key`. `good` is the usual one; `current` links to the presented one.
public struct ShownCertificate: Sendable {
    private let directory: String
    private static let endings = ["pem", "key"]

    /// Presents the usual one. Nil if it does not exist.
    public init?(directory: String) {
        self.directory = directory
        guard link("good") else { return nil }
    }

    /// The certificate file for the listener.
    var certificate: String { path("current", "pem") }
    /// The key file for the listener.
    var key: String { path("current", "key") }

    /// Presents another certificate to new connections, the usual one for nil. An unknown name
    /// changes nothing.
    func show(_ name: String?, on server: Server) {
        if link(name ?? "good") { try? server.reloadCertificate() }
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

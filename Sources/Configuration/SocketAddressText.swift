import HTTP

/// A numeric address and a port as they are written: `127.0.0.1:8080`, `[::]:8443`.
public struct SocketAddressText: Hashable, Sendable, CustomStringConvertible {
    /// Numeric, without brackets.
    public let host: String
    /// 0 lets the system choose.
    public let port: Int

    /// Nil when the text is not an address with a port.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let port = Int(digits),
            port <= 65535
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.contains("/"), AddressRange(host) != nil else { return nil }
        self.init(host: host, port: port)
    }

    /// An address that is known to be one.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool { InternetAddress(host)?.isLoopback ?? false }

    /// Who can connect to it, as the end of a sentence.
    public var audience: String {
        InternetAddress(host)?.isNoServer == true
            ? "every network of this machine" : "other machines"
    }

    /// As it is written.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

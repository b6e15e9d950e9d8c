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
    public var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

    /// As it is written.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Spans of time as they are written: a whole number and `ms`, `s`, `m`, `h` or `d`.
enum DurationText {
    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        // Nine digits of days still fit; nobody means more.
        guard !digits.isEmpty, digits.count <= 9, let number = Int64(digits) else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        case "d": return .seconds(number * 86400)
        default: return nil
        }
    }

    static func format(_ span: Duration) -> String {
        let (seconds, rest) = span.components
        if rest != 0 { return "\(seconds * 1000 + rest / 1_000_000_000_000_000)ms" }
        if seconds == 0 { return "0s" }
        if seconds.isMultiple(of: 86400) { return "\(seconds / 86400)d" }
        if seconds.isMultiple(of: 3600) { return "\(seconds / 3600)h" }
        if seconds.isMultiple(of: 60) { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}

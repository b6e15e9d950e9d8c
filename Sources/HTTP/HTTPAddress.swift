import Texts

/// The parts of an absolute `http` or `https` URI (RFC 3986 §3, RFC 9110 §4.2).
public struct HTTPAddress: Hashable, Sendable {
    /// Whether the scheme is `https`.
    public let isSecure: Bool
    /// A name or an IPv4 address, as written; an IPv6 address without its brackets.
    public let host: String
    /// 1 to 65,535; nil when it is missing.
    public let port: Int?
    /// Empty, or from the first slash on; percent-encoded, as written.
    public let path: String
    /// The text after the first question mark.
    public let query: String?
    /// The text after the number sign.
    public let fragment: String?
    /// The text before an `@`: a user, perhaps with a password.
    public let userInformation: String?

    /// Nil when the text is not such a URI: another scheme, no host, a character that must be
    /// percent-encoded, a percent sign without two digits, or an invalid port.
    public init?(_ text: String) {
        // A URI is ASCII (RFC 3986 §2).
        guard text.isASCII, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            text[colon...].startsExactly(with: "://")
        else { return nil }
        switch text[..<colon].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        var rest = text[text.utf8.index(colon, offsetBy: 3)...]
        fragment = Self.cut(&rest, at: "#").map(String.init)
        query = Self.cut(&rest, at: "?").map(String.init)
        let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        path = String(rest[slash...])
        var authority = rest[..<slash]
        if let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")) {
            userInformation = String(authority[..<at])
            authority = authority[authority.utf8.index(after: at)...]
        } else {
            userInformation = nil
        }
        guard let (host, port) = Self.hostAndPort(authority) else { return nil }
        (self.host, self.port) = (host, port)
        let fits =
            Self.isEncoded(path, .path) && Self.isEncoded(query ?? "", .query)
            && Self.isEncoded(fragment ?? "", .query)
            && Self.isEncoded(userInformation ?? "", .path)
        guard fits else { return nil }
    }

    /// Removes a sign and the text after it, and returns that text.
    private static func cut(_ text: inout Substring, at sign: Unicode.Scalar) -> Substring? {
        guard let place = text.utf8.firstIndex(of: UInt8(ascii: sign)) else { return nil }
        defer { text = text[..<place] }
        return text[text.utf8.index(after: place)...]
    }

    private static func hostAndPort(_ authority: Substring) -> (String, Int?)? {
        let host: Substring
        var rest: Substring
        if authority.utf8.first == UInt8(ascii: "[") {
            guard let end = authority.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = authority[..<end].dropFirst()
            rest = authority[authority.utf8.index(after: end)...]
            guard host.utf8.contains(UInt8(ascii: ":")), AddressRange.bytes(String(host)) != nil
            else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority[host.endIndex...]
            guard !host.isEmpty, isEncoded(String(host), .host) else { return nil }
        }
        if rest.isEmpty { return (String(host), nil) }
        guard rest.utf8.first == UInt8(ascii: ":") else { return nil }
        rest = rest.dropFirst()
        // The digits may be missing (RFC 3986 §3.2.3).
        if rest.isEmpty { return (String(host), nil) }
        guard rest.utf8.count <= 5, rest.utf8.allSatisfy(\.isDigit), let port = Int(rest),
            (1...65_535).contains(port)
        else { return nil }
        return (String(host), port)
    }

    /// Whether each byte is of the class, and each percent sign begins an encoded byte.
    private static func isEncoded(_ text: String, _ allowed: ByteClass) -> Bool {
        var digitsOwed = 0
        for byte in text.utf8 {
            if digitsOwed > 0 {
                guard byte.hexDigit != nil else { return false }
                digitsOwed -= 1
            } else {
                guard allowed.contains(byte) else { return false }
                if byte == UInt8(ascii: "%") { digitsOwed = 2 }
            }
        }
        return digitsOwed == 0
    }
}

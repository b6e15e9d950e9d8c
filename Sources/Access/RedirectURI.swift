import HTTP
import Texts

/// A registered redirect URI (RFC 6749 §3.1.2): where a browser goes with the answer to an
/// authorization request.
public struct RedirectURI: Hashable, Sendable {
    /// Bytes.
    public static let longest = 512

    /// As registered.
    public let text: String

    /// Nil unless it is one of these, without a fragment and without a user: `https`; `http` to a
    /// loopback address; a scheme of the app's own, which has a dot (RFC 8252 §7).
    public init?(_ text: String) {
        guard text.utf8.count <= Self.longest, !text.utf8.contains(UInt8(ascii: "#")),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.harmful.contains($0) })
        else { return nil }
        if let address = HTTPAddress(text) {
            guard address.userInformation == nil else { return nil }
            guard
                address.isSecure || Self.isLoopback(address) || address.host.isExactly("localhost")
            else { return nil }
        } else {
            guard let scheme = Self.scheme(of: text), scheme.utf8.contains(UInt8(ascii: ".")) else {
                return nil
            }
        }
        self.text = text
    }

    /// What no URI has (RFC 3986 §2), and what would end a header or an element of a policy.
    private static let harmful = Array("\"<>\\^`{|},;'".utf8)

    /// Whether a request may name `other`: the same text. Of an `http` address of this machine the
    /// port may differ, because an app does not choose it (RFC 8252 §7.3).
    public func allows(_ other: String) -> Bool {
        if text.isExactly(other) { return true }
        guard let own = HTTPAddress(text), Self.isLoopback(own), RedirectURI(other) != nil,
            let asked = HTTPAddress(other), Self.isLoopback(asked)
        else { return false }
        return own.host.isExactly(asked.host) && own.path.isExactly(asked.path)
            && (own.query == nil) == (asked.query == nil)
            && (own.query ?? "").isExactly(asked.query ?? "")
    }

    /// The source that a content security policy names it by: its origin, or its scheme.
    public static func source(of text: String) -> String? {
        guard let address = HTTPAddress(text) else { return scheme(of: text).map { $0 + ":" } }
        let isIPv6 = address.host.utf8.contains(UInt8(ascii: ":"))
        let host = isIPv6 ? "[\(address.host)]" : address.host
        return (address.isSecure ? "https://" : "http://") + host
            + (address.port.map { ":\($0)" } ?? "")
    }

    private static func isLoopback(_ address: HTTPAddress) -> Bool {
        !address.isSecure && (address.host.isExactly("127.0.0.1") || address.host.isExactly("::1"))
    }

    /// A scheme (RFC 3986 §3.1) that is none of the web's, with something after it.
    private static func scheme(of text: String) -> String? {
        let scheme = text.utf8.prefix { $0 != UInt8(ascii: ":") }
        let isName = scheme.allSatisfy { byte in
            byte.isLowercaseLetterOrDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "+")
        }
        guard isName, let first = scheme.first, (0x61...0x7A).contains(first),
            scheme.count + 1 < text.utf8.count
        else { return nil }
        return String(scheme)
    }
}

extension UInt8 {
    fileprivate var isLowercaseLetterOrDigit: Bool {
        (0x61...0x7A).contains(self) || (0x30...0x39).contains(self)
    }
}

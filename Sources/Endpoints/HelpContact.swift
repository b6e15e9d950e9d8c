/// How users reach the operator. It is shown on every page.
public struct HelpContact: Hashable, Sendable {
    /// A telephone number as people write it, `+44 20 7946 0000`, that satisfies `isPhone`.
    public let phone: String?
    /// An `https` URL or an email address, that satisfies `isAddress`.
    public let address: String?

    public init(phone: String? = nil, address: String? = nil) {
        self.phone = phone
        self.address = address
    }

    /// Digits, and the characters that people put between them.
    public static func isPhone(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count) && !dialled(text).isEmpty
            && text.utf8.allSatisfy { byte in
                byte &- 0x30 < 10 || " +-().*#".utf8.contains(byte)
            }
    }

    /// Printable ASCII without spaces: a URL with a host, or a name and a host around one `@`.
    public static func isAddress(_ text: String) -> Bool {
        guard (3...200).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"\"<>\\".utf8.contains($0) })
        else { return false }
        if text.hasPrefix("https://") { return text.utf8.count > "https://".utf8.count }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && !$0.contains(":") }
    }

    /// What a telephone dials (RFC 3966): digits, after a plus sign if there is one.
    static func dialled(_ phone: String) -> String {
        phone.filter { "0123456789+*#".contains($0) }
    }
}

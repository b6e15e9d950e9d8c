/// An address of one mailbox as SMTP and a header take it, `local@domain`: RFC 5321 §4.1.2 without quoted
/// and commented forms, with the UTF-8 of RFC 6531.
///
/// It has no spaces, control characters, quotes, brackets or commas, so that nothing that follows can
/// begin a further address, parameter or header.
public struct MailAddress: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    public let text: String

    /// Nil for anything else.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].count),
            (1...255).contains(parts[1].count), text.utf8.count <= 254,
            Self.isVisible(text), Self.areAtoms(parts[0], Self.isAtomByte),
            Self.areAtoms(parts[1], { Self.isDomainByte($0) })
        else { return nil }
        for label in parts[1].split(separator: UInt8(ascii: ".")) {
            guard label.count <= 63, label.first != UInt8(ascii: "-"),
                label.last != UInt8(ascii: "-")
            else { return nil }
        }
        self.text = text
    }

    /// The address.
    public var description: String { text }

    /// Whether a server needs SMTPUTF8 (RFC 6531) for it.
    public var isInternational: Bool { !text.utf8.allSatisfy { $0 < 0x80 } }

    /// Scalars that show themselves: no control, format or separating one outside ASCII either.
    private static func isVisible(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator,
                .surrogate, .privateUse, .unassigned:
                false
            default: true
            }
        }
    }

    /// One or more of these bytes between dots.
    private static func areAtoms(
        _ text: Substring.UTF8View,
        _ isAtom: (UInt8) -> Bool
    ) -> Bool {
        text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0.allSatisfy(isAtom)
        }
    }

    private static func isDomainByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-") || byte >= 0x80
    }

    /// RFC 5322 §3.2.3 `atext`.
    private static func isAtomByte(_ byte: UInt8) -> Bool {
        isDomainByte(byte) || "!#$%&'*+/=?^_`{|}~".utf8.contains(byte)
    }
}

import Texts

/// A range of network addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address (RFC 4632, RFC
/// 4291).
///
/// An IPv4 range also covers the same addresses mapped into IPv6 (RFC 4291 §2.5.5.2), because a
/// dual-stack listener may see them in that form.
public struct AddressRange: Hashable, Sendable {
    /// In network order; IPv4 is kept mapped.
    private let network: UInt128
    /// 0 to 128.
    private let prefix: Int

    /// Nil when the text is not a range, or has bits set beyond its prefix: such a range is
    /// probably a mistake.
    public init?(_ text: String) {
        let parts = text.split(byte: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = Self.bytes(String(parts[0])) else { return nil }
        let isIPv4 = !parts[0].utf8.contains(Self.colon)
        let width = isIPv4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard let number = Self.decimal(parts[1], atMost: width) else { return nil }
            length = number
        }
        prefix = isIPv4 ? length + 96 : length
        network = Self.number(address)
        guard network & ~mask == 0 else { return nil }
    }

    /// Whether every IPv4 address or every IPv6 address lies in the range.
    public var isEverything: Bool {
        prefix == 0 || prefix == 96 && isMapped
    }

    /// Whether every address of another range lies in this one.
    public func contains(_ other: AddressRange) -> Bool {
        other.prefix >= prefix && (other.network ^ network) & mask == 0
    }

    /// Whether the numeric address lies in the range; false when it is not an address.
    public func contains(_ address: String) -> Bool {
        guard let bytes = Self.bytes(address) else { return false }
        return (Self.number(bytes) ^ network) & mask == 0
    }

    /// An address as every spelling of it is written here: IPv4 mapped into IPv6 as IPv4, IPv6 in
    /// its shortest form (RFC 5952). Nil when the text is no address.
    package static func canonical(_ address: String) -> String? {
        bytes(address).map { text($0[...]) }
    }

    /// The text of 4 or 16 bytes; empty for any other number.
    package static func text(_ address: ArraySlice<UInt8>) -> String {
        var bytes = Array(address)
        let isMapped =
            bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 }
            && bytes[10] == 0xFF && bytes[11] == 0xFF
        if isMapped { bytes.removeFirst(12) }
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        guard bytes.count == 16 else { return "" }
        let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        // The longest run of zeros is left out (RFC 5952 §4.2).
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 { start = index + 1 }
            if index + 1 - start > max(1, longest.count) { longest = start..<index + 1 }
        }
        func join(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if longest.isEmpty { return join(groups[...]) }
        return join(groups[..<longest.lowerBound]) + "::" + join(groups[longest.upperBound...])
    }

    /// Whom an address stands for when peers are limited: an IPv4 address, or the /64 of an IPv6
    /// address, of which one machine may use every one.
    package static func block(of address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")), let bytes = bytes(address) else {
            return address
        }
        return text(bytes[..<8] + [0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// The bits that decide.
    private var mask: UInt128 { ~0 << (128 - prefix) }

    private static func number(_ bytes: [UInt8]) -> UInt128 {
        bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// An address as 16 bytes, IPv4 mapped; nil when it is neither IPv4 nor IPv6.
    /// A zone (`%eth0`) is refused: it has a meaning on one machine only.
    static func bytes(_ text: String) -> [UInt8]? {
        // The longest address has 45 characters (RFC 4291 §2.2), so others are not read at all.
        guard text.utf8.count <= 45, text.isASCII else { return nil }
        if !text.utf8.contains(colon) {
            guard let four = ipv4(Substring(text)) else { return nil }
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            return mapped + four
        }
        let (before, after) = halves(text)
        guard let head = groups(before, isLast: after == nil) else { return nil }
        guard let after else { return head.count == 16 ? head : nil }
        guard let tail = groups(after, isLast: true), head.count + tail.count <= 14 else {
            return nil
        }
        let zeros = [UInt8](repeating: 0, count: 16 - head.count - tail.count)
        return head + zeros + tail
    }

    private static let colon = UInt8(ascii: ":")

    /// What is before and after the first `::`; the whole text if there is none.
    private static func halves(_ text: String) -> (Substring, Substring?) {
        var index = text.startIndex
        while let colon = text.utf8[index...].firstIndex(of: colon) {
            index = text.utf8.index(after: colon)
            if index < text.endIndex, text.utf8[index] == Self.colon {
                return (text[..<colon], text[text.utf8.index(after: index)...])
            }
        }
        return (text[...], nil)
    }

    private static func groups(_ text: Substring, isLast: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(byte: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.utf8.contains(UInt8(ascii: ".")) {
                guard isLast, index == parts.count - 1, let four = ipv4(part) else { return nil }
                bytes += four
                continue
            }
            guard (1...4).contains(part.utf8.count),
                part.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }),
                let group = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
        }
        return bytes
    }

    private static func ipv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(byte: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let number = decimal(part, atMost: 255) else { return nil }
            bytes.append(UInt8(number))
        }
        return bytes
    }

    /// Digits only, and no leading zero: some programs read that as octal.
    private static func decimal(_ text: Substring, atMost limit: Int) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- 0x30 < 10 }),
            text.utf8.first != 0x30 || text.utf8.count == 1, let number = Int(text), number <= limit
        else { return nil }
        return number
    }
}

extension AddressRange: CustomStringConvertible {
    /// The range as `init` reads it, in its shortest form (RFC 5952).
    public var description: String {
        let isIPv4 = prefix >= 96 && isMapped
        let bytes = (0..<16).map { UInt8(truncatingIfNeeded: network >> (120 - 8 * $0)) }
        let address = Self.text(isIPv4 ? bytes[12...] : bytes[...])
        let length = isIPv4 ? prefix - 96 : prefix
        return length == (isIPv4 ? 32 : 128) ? address : "\(address)/\(length)"
    }

    private var isMapped: Bool { network >> 32 == 0xFFFF }
}

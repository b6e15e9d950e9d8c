import Texts

/// A range of network addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address (RFC 4632, RFC
/// 4291).
///
/// An IPv4 range also covers the same addresses mapped into IPv6 (RFC 4291 §2.5.5.2), because a
/// dual-stack listener may see them in that form.
public struct AddressRange: Hashable, Sendable {
    /// 16 bytes; IPv4 is kept mapped.
    private let network: [UInt8]
    /// 0 to 128.
    private let prefix: Int

    /// Nil when the text is not a range, or has bits set beyond its prefix: such a range is
    /// probably a mistake.
    public init?(_ text: String) {
        let parts = text.split(byte: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = Self.bytes(String(parts[0])) else { return nil }
        let isIPv4 = !parts[0].contains(":")
        let width = isIPv4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard let number = Self.decimal(parts[1], atMost: width) else { return nil }
            length = number
        }
        prefix = isIPv4 ? length + 96 : length
        network = address
        for bit in prefix..<128 where address[bit / 8] & Self.mask(bit) != 0 { return nil }
    }

    /// Whether the numeric address lies in the range; false when it is not an address.
    public func contains(_ address: String) -> Bool {
        guard let bytes = Self.bytes(address) else { return false }
        for bit in 0..<prefix {
            let differing = bytes[bit / 8] ^ network[bit / 8]
            if differing & Self.mask(bit) != 0 { return false }
        }
        return true
    }

    private static func mask(_ bit: Int) -> UInt8 { UInt8(0x80) >> UInt8(bit % 8) }

    /// An address as 16 bytes, IPv4 mapped; nil when it is neither IPv4 nor IPv6.
    /// A zone (`%eth0`) is refused: it has a meaning on one machine only.
    static func bytes(_ text: String) -> [UInt8]? {
        // The longest address has 45 characters (RFC 4291 §2.2), so others are not read at all.
        guard text.utf8.count <= 45, text.isASCII else { return nil }
        if !text.contains(":") {
            guard let four = ipv4(Substring(text)) else { return nil }
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            return mapped + four
        }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = groups(halves[0], isLast: halves.count == 1) else {
            return nil
        }
        if halves.count == 1 { return head.count == 16 ? head : nil }
        guard let tail = groups(halves[1], isLast: true), head.count + tail.count <= 14 else {
            return nil
        }
        let zeros = [UInt8](repeating: 0, count: 16 - head.count - tail.count)
        return head + zeros + tail
    }

    private static func groups(_ text: Substring, isLast: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.contains(".") {
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
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
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

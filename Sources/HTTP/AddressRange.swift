import Glibc

/// A block of network addresses in CIDR form (RFC 4632, RFC 4291 §2.3): `10.0.0.0/8`, `::1/128`.
public struct AddressRange: Hashable, Sendable {
    /// 4 or 16 bytes.
    private let base: [UInt8]
    private let prefix: Int

    /// Nil when it is not a block; an address alone is a block of one. Bits beyond the prefix must
    /// be zero, since whoever wrote them meant something else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let base = Self.bytes(of: String(parts[0])) else { return nil }
        var prefix = base.count * 8
        if parts.count == 2 {
            guard let wanted = Int(parts[1]), (0...prefix).contains(wanted) else { return nil }
            prefix = wanted
        }
        guard Self.masked(base, prefix) == base else { return nil }
        self.base = base
        self.prefix = prefix
    }

    /// Whether a numeric address lies within. An IPv4 address mapped into IPv6 counts as IPv4.
    public func contains(_ address: String) -> Bool {
        guard let bytes = Self.bytes(of: address), bytes.count == base.count else { return false }
        return Self.masked(bytes, prefix) == base
    }

    private static func masked(_ bytes: [UInt8], _ prefix: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(max(prefix - index * 8, 0), 8)
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
    }

    private static func bytes(of text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return withUnsafeBytes(of: &four) { Array($0) }
        }
        var sixteen = in6_addr()
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &sixteen) { Array($0) }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return Array(bytes[..<12]) == mapped ? Array(bytes[12...]) : bytes
    }
}

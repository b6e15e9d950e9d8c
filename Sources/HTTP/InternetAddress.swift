import Glibc

/// An IPv4 or IPv6 address, and whether it belongs to the public internet.
public struct InternetAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes, in network order.
    public let bytes: [UInt8]

    /// Parses the usual text forms; nil for anything else, such as an address with a zone.
    public init?(_ text: String) {
        guard let bytes = AddressRange.bytes(text) else { return nil }
        self.bytes = text.contains(":") ? bytes : Array(bytes.suffix(4))
    }

    /// Nil unless there are 4 or 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// As it is written, IPv6 in its canonical form (RFC 5952).
    public var description: String {
        var room = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &room, socklen_t(room.count)) != nil else { return "?" }
        return String(decoding: room.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The address that a URL's host stands for; nil for a name. Also reads the forms that URL
    /// parsers take for IPv4: `127.1`, `0x7f000001`, `2130706433` (WHATWG URL, "IPv4 parser").
    public init?(urlHost host: String) {
        if let address = InternetAddress(host) {
            self = address
            return
        }
        var address = in_addr()
        // With white space, `inet_aton` would ignore what follows.
        guard host.utf8.allSatisfy({ $0 > 0x20 }), inet_aton(host, &address) == 1 else {
            return nil
        }
        bytes = withUnsafeBytes(of: address) { Array($0) }
    }

    /// Whether it is link-local (RFC 3927, RFC 4291 §2.5.6). Clouds serve a machine's credentials at
    /// such an address, 169.254.169.254.
    public var isLinkLocal: Bool { Self.linkLocal.contains { $0.contains(embedded.bytes) } }

    /// Whether it is loopback: `127.0.0.0/8` or `::1`.
    public var isLoopback: Bool { Self.loopback.contains { $0.contains(embedded.bytes) } }

    /// Whether it stands for every address of a machine, or for many machines, so that nothing can be
    /// sent to it as to one server: unspecified, multicast, broadcast.
    public var isNoServer: Bool { Self.noServer.contains { $0.contains(embedded.bytes) } }

    /// The address inside an IPv4-mapped or NAT64 one; otherwise this one.
    private var embedded: InternetAddress {
        guard bytes.count == 16, Self.embedding.contains(where: { $0.contains(bytes) }) else {
            return self
        }
        return InternetAddress(version4: Array(bytes[12...]))
    }

    /// False for every address that is not globally reachable by the IANA special-purpose
    /// registries (RFC 6890): loopback, private, link-local, shared (RFC 6598), multicast,
    /// documentation, unique local, and forms that embed such an IPv4 address.
    public var isPublic: Bool {
        bytes.count == 4 ? isPublicVersion4 : isPublicVersion6
    }

    private var isPublicVersion4: Bool {
        !Self.reservedVersion4.contains { $0.contains(bytes) }
    }

    private var isPublicVersion6: Bool {
        // For an address that embeds another, the embedded one decides, because packets go there:
        // IPv4-mapped (RFC 4291 §2.5.5.2) and NAT64 (RFC 6052).
        if Self.embedding.contains(where: { $0.contains(bytes) }) {
            return InternetAddress(version4: Array(bytes[12...])).isPublic
        }
        return Self.globalUnicast.contains(bytes)
            && !Self.reservedVersion6.contains { $0.contains(bytes) }
    }

    private init(version4 bytes: [UInt8]) { self.bytes = bytes }

    /// A block of addresses with a common prefix.
    private struct Block: Sendable {
        let first: [UInt8]
        let bits: Int

        /// An invalid block matches nothing; a test of the table would fail.
        init(_ first: String, _ bits: Int) {
            self.first = InternetAddress(first)?.bytes ?? []
            self.bits = bits
        }

        func contains(_ bytes: [UInt8]) -> Bool {
            guard bytes.count == first.count else { return false }
            let whole = bits / 8
            guard bytes[..<whole] == first[..<whole] else { return false }
            let rest = bits % 8
            return rest == 0 || (bytes[whole] ^ first[whole]) >> (8 - rest) == 0
        }
    }

    private static let reservedVersion4 = [
        Block("0.0.0.0", 8), Block("10.0.0.0", 8), Block("100.64.0.0", 10),
        Block("127.0.0.0", 8), Block("169.254.0.0", 16), Block("172.16.0.0", 12),
        Block("192.0.0.0", 24), Block("192.0.2.0", 24), Block("192.88.99.0", 24),
        Block("192.168.0.0", 16), Block("198.18.0.0", 15), Block("198.51.100.0", 24),
        Block("203.0.113.0", 24), Block("224.0.0.0", 4), Block("240.0.0.0", 4),
    ]

    private static let linkLocal = [Block("169.254.0.0", 16), Block("fe80::", 10)]

    private static let loopback = [Block("127.0.0.0", 8), Block("::1", 128)]

    private static let noServer = [
        Block("0.0.0.0", 8), Block("224.0.0.0", 4), Block("255.255.255.255", 32),
        Block("::", 128), Block("ff00::", 8),
    ]

    private static let embedding = [Block("::ffff:0:0", 96), Block("64:ff9b::", 96)]

    /// The global unicast addresses (RFC 4291 §2.4); all others are refused.
    private static let globalUnicast = Block("2000::", 3)

    private static let reservedVersion6 = [
        // Protocol assignments, including Teredo, benchmarking and ORCHID.
        Block("2001::", 23),
        Block("2001:db8::", 32),
        // 6to4 leads to the embedded IPv4 address, and is obsolete (RFC 7526).
        Block("2002::", 16),
        Block("3fff::", 20),
    ]
}

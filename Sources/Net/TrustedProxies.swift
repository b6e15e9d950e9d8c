import HTTP

/// The proxies whose word about the address of a peer is believed.
///
/// They tell it by `Forwarded` (RFC 7239) or `X-Forwarded-For` in a request, or by the PROXY
/// protocol before the first byte of a connection (`ProxyPreamble`). The fields name every hop; the
/// address is the last one that is no trusted proxy, because whatever is before it may be invented.
struct TrustedProxies: Sendable {
    private let ranges: [AddressRange]

    /// Nil when there are none: then nobody's word is asked for.
    init?(_ ranges: [AddressRange]) {
        guard !ranges.isEmpty else { return nil }
        self.ranges = ranges
    }

    func contains(_ address: String) -> Bool { ranges.contains { $0.contains(address) } }

    /// The peer that sent the request, through none or several proxies.
    func peer(of request: Request, over connection: Peer) throws(RequestError) -> Peer {
        let forwarded = request.fields("forwarded")
        let plain = request.fields("x-forwarded-for")
        if forwarded.isEmpty, plain.isEmpty { return connection }
        guard contains(connection.address) else { throw .forgedForwarding }
        let address: String
        switch (forwarded.isEmpty, plain.isEmpty) {
        case (false, true): address = try last(Self.forwarded(forwarded))
        case (true, _): address = try last(Self.plain(plain))
        case (false, false):
            // A proxy that sets one of the two may pass on the other as the client made it up.
            address = try last(Self.forwarded(forwarded))
            guard address == (try last(Self.plain(plain))) else { throw .badForwarding }
        }
        return Peer(
            address: address,
            hop: connection.address,
            isSecure: connection.isSecure,
            certificate: connection.certificate
        )
    }

    /// The last hop that is no trusted proxy; the first one if all are.
    private func last(_ hops: [String]) throws(RequestError) -> String {
        guard let first = hops.first else { throw .badForwarding }
        return hops.last { !contains($0) } ?? first
    }

    private static func plain(_ values: [String]) throws(RequestError) -> [String] {
        var hops: [String] = []
        for value in values {
            for element in value.split(separator: ",") {
                let text = element.trimmingBlanks()
                // Empty elements of a list mean nothing (RFC 9110 §5.6.1.2).
                if text.isEmpty { continue }
                guard let hop = ForwardedHop.address(text) else { throw .badForwarding }
                hops.append(hop)
            }
        }
        return hops
    }

    private static func forwarded(_ values: [String]) throws(RequestError) -> [String] {
        var hops: [String] = []
        for value in values {
            guard let elements = ForwardedHop.elements(value[...]) else { throw .badForwarding }
            hops += elements
        }
        return hops
    }
}

/// The notations of a hop.
enum ForwardedHop {
    /// Of a hop that hides its address or does not tell it (RFC 7239 §6.2, §6.3). No range of addresses
    /// contains it, so no hop before it is believed.
    static let unknown = "unknown"

    /// The address of `192.0.2.1`, `192.0.2.1:47011`, `2001:db8::1`, `[2001:db8::1]:47011`,
    /// `unknown` or `_hidden`; nil for anything else.
    static func address(_ text: Substring) -> String? {
        if text.lowercased().utf8.elementsEqual(unknown.utf8)
            || text.utf8.first == UInt8(ascii: "_")
        {
            return unknown
        }
        var host = text
        if text.utf8.first == UInt8(ascii: "[") {
            guard let end = text.utf8.lastIndex(of: UInt8(ascii: "]")) else { return nil }
            host = text[..<end].dropFirst()
            guard host.utf8.contains(UInt8(ascii: ":")), isPort(text[end...].dropFirst()) else {
                return nil
            }
        } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            colon == text.utf8.lastIndex(of: UInt8(ascii: ":"))
        {
            host = text[..<colon]
            guard isPort(text[colon...]) else { return nil }
        }
        return AddressRange.canonical(String(host))
    }

    /// Nothing, or a colon and a port, which may be hidden too.
    private static func isPort(_ text: Substring) -> Bool {
        if text.isEmpty { return true }
        let port = text.utf8.dropFirst()
        return text.utf8.first == UInt8(ascii: ":") && !port.isEmpty && port.count <= 64
            && port.allSatisfy { byte in
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "._-".utf8.contains(byte)
            }
    }

    /// The `for` of each element of a `Forwarded` field (RFC 7239 §4), and `unknown` for an element
    /// without one; nil when it is malformed.
    static func elements(_ value: Substring) -> [String]? {
        var hops: [String] = []
        var hop: String?
        var rest = value.utf8[...]
        var mayEnd = false
        var begins = true
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            // Empty elements of a list mean nothing (RFC 9110 §5.6.1.2).
            if begins {
                if rest.isEmpty { return hops }
                if rest.first == UInt8(ascii: ",") {
                    rest.removeFirst()
                    continue
                }
                begins = false
            }
            // A pair beside a semicolon may be empty.
            if rest.first == UInt8(ascii: ";") {
                rest.removeFirst()
                mayEnd = true
                continue
            }
            if mayEnd, rest.first ?? 0x2C == 0x2C {
                hops.append(hop ?? unknown)
                guard rest.popFirst() != nil else { return hops }
                (hop, mayEnd, begins) = (nil, false, true)
                continue
            }
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ",") }
            rest = rest[name.endIndex...]
            guard rest.popFirst() == UInt8(ascii: "="), let text = Self.value(&rest) else {
                return nil
            }
            if Substring(name).lowercased().utf8.elementsEqual("for".utf8) {
                guard hop == nil, let address = address(text[...]) else { return nil }
                hop = address
            }
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            mayEnd = rest.first == UInt8(ascii: ";")
            switch rest.popFirst() {
            case UInt8(ascii: ";"): continue
            case UInt8(ascii: ","):
                hops.append(hop ?? unknown)
                (hop, begins) = (nil, true)
            case nil: return hops + [hop ?? unknown]
            default: return nil
            }
        }
    }

    /// A token or a quoted string, up to what follows it.
    private static func value(_ rest: inout Substring.UTF8View.SubSequence) -> String? {
        var bytes: [UInt8] = []
        guard rest.first == UInt8(ascii: "\"") else {
            while let byte = rest.first, byte > 0x20, byte != 0x2C, byte != 0x3B {
                bytes.append(byte)
                rest.removeFirst()
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        rest.removeFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            bytes.append(escaped)
        }
        return nil
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var text = self
        while text.utf8.first == 0x20 || text.utf8.first == 0x09 { text.removeFirst() }
        while text.utf8.last == 0x20 || text.utf8.last == 0x09 { text.removeLast() }
        return text
    }
}

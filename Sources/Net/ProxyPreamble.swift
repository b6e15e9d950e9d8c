import HTTP

/// The header of the PROXY protocol, versions 1 and 2, which a proxy sends before the first byte of
/// a connection (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
enum ProxyPreamble: Hashable {
    /// The connection does not begin with one.
    case none
    /// More bytes are needed to tell.
    case incomplete
    /// `length` bytes come before the connection's own. `address` is nil when the proxy speaks for
    /// itself (`LOCAL`, `UNKNOWN`).
    case whole(length: Int, address: String?)
    case malformed

    /// More than any proxy sends with all its extensions (TLV).
    static let limit = 4096

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let word = Array("PROXY ".utf8)
    /// With its line end (§2.1).
    private static let longestLine = 107

    /// Reads the beginning of a connection.
    init(_ bytes: ArraySlice<UInt8>) {
        if bytes.starts(with: Self.signature.prefix(bytes.count)) {
            self = bytes.count < 16 ? .incomplete : Self.binary(bytes)
        } else if bytes.starts(with: Self.word.prefix(bytes.count)) {
            self = Self.line(bytes)
        } else {
            self = .none
        }
    }

    /// `PROXY TCP4 192.0.2.1 192.0.2.9 47011 443` (§2.1).
    private static func line(_ bytes: ArraySlice<UInt8>) -> ProxyPreamble {
        let start = bytes.prefix(longestLine)
        guard let end = start.firstIndex(of: 0x0A) else {
            return bytes.count < longestLine ? .incomplete : .malformed
        }
        guard end > bytes.startIndex, bytes[end - 1] == 0x0D else { return .malformed }
        let length = end + 1 - bytes.startIndex
        let words = bytes[..<(end - 1)].split(separator: 0x20, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if words.count > 1, words[1] == "UNKNOWN" { return .whole(length: length, address: nil) }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6",
            words[2].contains(":") == (words[1] == "TCP6"),
            let address = AddressRange.canonical(words[2]),
            AddressRange.canonical(words[3]) != nil,
            UInt16(words[4]) != nil, UInt16(words[5]) != nil
        else { return .malformed }
        return .whole(length: length, address: address)
    }

    /// §2.2. The length covers addresses and extensions.
    private static func binary(_ bytes: ArraySlice<UInt8>) -> ProxyPreamble {
        let at = bytes.startIndex
        let length = 16 + Int(bytes[at + 14]) << 8 + Int(bytes[at + 15])
        guard bytes[at + 12] >> 4 == 2, bytes[at + 12] & 0x0F <= 1, length <= limit else {
            return .malformed
        }
        guard bytes.count >= length else { return .incomplete }
        if bytes[at + 12] & 0x0F == 0 { return .whole(length: length, address: nil) }
        switch bytes[at + 13] {
        case 0x11 where length >= 16 + 12:
            return .whole(length: length, address: AddressRange.text(bytes[(at + 16)..<(at + 20)]))
        case 0x21 where length >= 16 + 36:
            return .whole(length: length, address: AddressRange.text(bytes[(at + 16)..<(at + 32)]))
        // Of a family that has no such addresses.
        case 0x00, 0x31, 0x32, 0x12, 0x22: return .whole(length: length, address: nil)
        default: return .malformed
        }
    }
}

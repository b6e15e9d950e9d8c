import Texts

/// The last element of Envoy's `x-forwarded-client-cert`: `By=…;Hash=…;Cert="…"`.
///
/// Each proxy appends an element for its own client, so only the last one is the trusted hop's. What
/// is before it may be invented, but must be well-formed: an open quote would change where the last
/// element begins.
struct EnvoyElement {
    /// The value of `Cert`, still percent-encoded.
    private(set) var certificate: [UInt8]?
    /// The value of `Hash`: SHA-256 of the certificate.
    private(set) var digest: [UInt8]?

    /// Nil when the value is malformed, or has one of the two twice.
    init?(lastOf value: ArraySlice<UInt8>) {
        var rest = value
        while true {
            while let byte = rest.first, byte == 0x20 || byte == 0x09 { rest.removeFirst() }
            let name = rest.prefix { $0 != UInt8(ascii: "=") && !Self.separators.contains($0) }
            rest = rest[name.endIndex...]
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "="),
                let text = Self.value(&rest)
            else { return nil }
            switch String(decoding: name, as: UTF8.self).lowercased().exact {
            case "cert":
                guard certificate == nil else { return nil }
                certificate = text
            case "hash":
                guard digest == nil, let bytes = Self.hexadecimal(text) else { return nil }
                digest = bytes
            default: break
            }
            switch rest.popFirst() {
            case UInt8(ascii: ";"): continue
            case UInt8(ascii: ","): (certificate, digest) = (nil, nil)
            case nil: return
            default: return nil
            }
        }
    }

    private static let separators = Array(",;\"".utf8)

    /// A text without separators, or a quoted one in which a backslash escapes the next character.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.first == UInt8(ascii: "\"") else {
            let text = rest.prefix { !separators.contains($0) }
            rest = rest[text.endIndex...]
            return Array(text)
        }
        rest.removeFirst()
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return text }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            text.append(escaped)
        }
        return nil
    }

    /// The bytes of hexadecimal digits.
    private static func hexadecimal(_ text: [UInt8]) -> [UInt8]? {
        let digits = text.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(truncatingIfNeeded: digits[$0] << 4 | digits[$0 + 1])
        }
    }
}

/// The little of DER (X.690) that keys and ECDSA signatures need.
enum DER {
    /// OBJECT IDENTIFIER prime256v1 (RFC 5480 §2.1.1.1), as an element.
    static let p256: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    /// OBJECT IDENTIFIER id-ecPublicKey (RFC 5480 §2.1.1), as an element.
    static let ecPublicKey: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]

    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        let bytes = stride(from: 56, through: 0, by: -8)
            .map { UInt8(truncatingIfNeeded: count >> $0) }.drop { $0 == 0 }
        return [tag, 0x80 | UInt8(bytes.count)] + bytes + content
    }

    static func sequence(_ parts: [[UInt8]]) -> [UInt8] { element(0x30, parts.flatMap { $0 }) }
    static func octets(_ content: [UInt8]) -> [UInt8] { element(0x04, content) }
    static func bits(_ content: [UInt8]) -> [UInt8] { element(0x03, [0] + content) }

    /// An INTEGER that is not negative, from its bytes, most significant first.
    static func integer(_ magnitude: some Collection<UInt8>) -> [UInt8] {
        let digits = Array(magnitude.drop { $0 == 0 })
        return element(0x02, digits.first.map { $0 < 0x80 } ?? false ? digits : [0] + digits)
    }

    /// `SEQUENCE { INTEGER r, INTEGER s }` to two numbers of fixed width, as RFC 7518 §3.4 has
    /// them.
    static func fixedWidth(_ signature: ArraySlice<UInt8>, width: Int) -> [UInt8]? {
        var rest = signature
        func integer() -> [UInt8]? {
            guard rest.popFirst() == 0x02, let count = rest.popFirst(), count <= width + 1,
                rest.count >= Int(count)
            else { return nil }
            let digits = rest.prefix(Int(count)).drop { $0 == 0 }
            rest = rest.dropFirst(Int(count))
            guard digits.count <= width else { return nil }
            return [UInt8](repeating: 0, count: width - digits.count) + digits
        }
        guard rest.popFirst() == 0x30, rest.popFirst() != nil, let r = integer(),
            let s = integer(), rest.isEmpty
        else { return nil }
        return r + s
    }
}

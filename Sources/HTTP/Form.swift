import Texts

/// The fields of an `application/x-www-form-urlencoded` text (WHATWG URL §5), in their order. A
/// name may be repeated only if the caller allows it, as for the checkboxes of a list. Names are
/// bytes.
public struct Form: Hashable, Sendable {
    public private(set) var fields: [Field] = []

    /// Nil when an escape is invalid, the text is not UTF-8, or a name that is not in `repeated` is
    /// given twice.
    public init?(_ bytes: ArraySlice<UInt8>, repeating repeated: Set<String> = []) {
        var names = DistinctNames()
        var rest = bytes
        while !rest.isEmpty {
            let part = rest.prefix { $0 != UInt8(ascii: "&") }
            rest = rest[part.endIndex...].dropFirst()
            if part.isEmpty { continue }
            let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = PercentEncoding.decode(part[..<end], plusIsSpace: true),
                let value = PercentEncoding.decode(part[end...].dropFirst(), plusIsSpace: true),
                names.insert(name) || repeated.contains(where: name.isExactly)
            else { return nil }
            fields.append(Field(name, value))
        }
    }

    /// The same of other bytes.
    public init?(_ bytes: some Sequence<UInt8>, repeating repeated: Set<String> = []) {
        self.init(Array(bytes)[...], repeating: repeated)
    }

    /// A form with these fields.
    public init(_ fields: [Field]) { self.fields = fields }

    /// The first value of a name.
    public subscript(name: String) -> String? {
        for field in fields where field.name.isExactly(name) { return field.value }
        return nil
    }

    /// All values of a name, in their order.
    public func values(_ name: String) -> [String] {
        fields.filter { $0.name.isExactly(name) }.map(\.value)
    }

    /// The encoded form.
    public var bytes: [UInt8] {
        var text: [UInt8] = []
        for (index, field) in fields.enumerated() {
            if index > 0 { text.append(UInt8(ascii: "&")) }
            text += PercentEncoding.encodeForm(field.name)
            text.append(UInt8(ascii: "="))
            text += PercentEncoding.encodeForm(field.value)
        }
        return text
    }
}

/// Percent-encoding (RFC 3986 §2.1).
public enum PercentEncoding {
    /// Nil when an escape is invalid or the result is not UTF-8.
    public static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool = false) -> String? {
        let plain = bytes.span
        var isPlain = true
        for index in plain.indices {
            let byte = plain[index]
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "+") { isPlain = false }
        }
        if isPlain { return text(plain) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard bytes.endIndex - index > 2, let high = bytes[index + 1].hexDigit,
                    let low = bytes[index + 2].hexDigit
                else { return nil }
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
                index += 1
            }
        }
        return text(decoded.span)
    }

    private static func text(_ bytes: borrowing Span<UInt8>) -> String? {
        guard let text = try? UTF8Span(validating: copy bytes) else { return nil }
        return String(copying: text)
    }

    /// One path segment: everything but unreserved characters is escaped (RFC 3986 §2.3).
    ///
    /// Nil for a text that no segment can be: an empty one, and `.` and `..`, which are removed on
    /// the way even if escaped (§6.2.2), so that the request would be for another resource.
    public static func encodeSegment(_ text: String) -> String? {
        guard !text.isEmpty, !text.isExactly("."), !text.isExactly("..") else { return nil }
        return String(decoding: encode(text, spaceAsPlus: false), as: UTF8.self)
    }

    static func encodeForm(_ text: String) -> [UInt8] { encode(text, spaceAsPlus: true) }

    private static func encode(_ text: String, spaceAsPlus: Bool) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.append(byte)
            case 0x20 where spaceAsPlus:
                encoded.append(UInt8(ascii: "+"))
            default:
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return encoded
    }
}

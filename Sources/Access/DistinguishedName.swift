/// A distinguished name (RFC 4514), compared by its attributes: how their types, separators and
/// escapes are written does not matter, nor in which order the attributes of one relative name are.
public struct DistinguishedName: Hashable, Sendable {
    private struct Attribute: Hashable, Sendable, Comparable {
        /// As OpenSSL names it, in capital letters; an object identifier if it has no name.
        let type: String
        let value: [UInt8]
        /// The value is the BER encoding of something else than a text (RFC 4514 §2.4).
        let isEncoded: Bool

        static func < (left: Self, right: Self) -> Bool {
            if left.type != right.type {
                return left.type.utf8.lexicographicallyPrecedes(right.type.utf8)
            }
            return left.value.lexicographicallyPrecedes(right.value)
        }
    }

    /// The relative names, each with its attributes in order.
    private let names: [[Attribute]]

    /// Nil when the text is not written as RFC 4514 says.
    public init?(_ text: String) {
        var names: [[Attribute]] = [[]]
        var rest = Array(text.utf8)[...]
        while true {
            guard let attribute = Self.attribute(&rest) else { return nil }
            names[names.count - 1].append(attribute)
            guard let separator = rest.popFirst() else { break }
            if separator == UInt8(ascii: ",") { names.append([]) }
        }
        self.names = names.map { $0.sorted() }
    }

    /// The name as RFC 4514 writes it; bytes that could mean something else are escaped in
    /// hexadecimal.
    public var text: String {
        names.map { $0.map(Self.text).joined(separator: "+") }.joined(separator: ",")
    }

    private static func text(_ attribute: Attribute) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        func hexadecimal(_ byte: UInt8) -> [UInt8] {
            [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        var text = Array("\(attribute.type)=".utf8)
        if attribute.isEncoded {
            text.append(UInt8(ascii: "#"))
            text += attribute.value.flatMap(hexadecimal)
        } else {
            // Escapes can make bytes that are no UTF-8, which a text cannot have.
            let isText = String(validating: attribute.value, as: UTF8.self) != nil
            for byte in attribute.value {
                if byte > 0x20, byte < 0x7F || byte > 0x7F && isText, byte != UInt8(ascii: "#"),
                    !special.contains(byte)
                {
                    text.append(byte)
                } else {
                    text += [UInt8(ascii: "\\")] + hexadecimal(byte)
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// What must be escaped wherever it is in a value.
    private static let special = Array(#""+,;<>\="#.utf8)
    private static let space = UInt8(ascii: " ")

    // MARK: Reading

    /// One attribute, up to the separator after it.
    private static func attribute(_ rest: inout ArraySlice<UInt8>) -> Attribute? {
        guard let equals = rest.firstIndex(of: UInt8(ascii: "=")),
            let type = type(String(decoding: rest[..<equals].filter { $0 != space }, as: UTF8.self))
        else { return nil }
        rest = rest[(equals + 1)...]
        while rest.first == space { rest.removeFirst() }
        if rest.first == UInt8(ascii: "#") {
            rest.removeFirst()
            let digits = rest.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "+") }
            rest = rest[digits.endIndex...]
            guard let bytes = bytes(hexadecimal: digits.filter { $0 != space }), !bytes.isEmpty
            else {
                return nil
            }
            let text = Self.text(encoded: bytes)
            return Attribute(type: type, value: text ?? bytes, isEncoded: text == nil)
        }
        var value: [UInt8] = []
        // Blanks at the end are part of the value only if they are escaped.
        var kept = 0
        while let byte = rest.first, byte != UInt8(ascii: ","), byte != UInt8(ascii: "+") {
            rest.removeFirst()
            if byte == UInt8(ascii: "\\") {
                guard let escaped = escaped(&rest) else { return nil }
                value.append(escaped)
                kept = value.count
            } else {
                guard !#"";<>"#.utf8.contains(byte), byte != 0 else { return nil }
                value.append(byte)
                if byte != space { kept = value.count }
            }
        }
        return Attribute(type: type, value: Array(value[..<kept]), isEncoded: false)
    }

    /// Two hexadecimal digits or one character.
    private static func escaped(_ rest: inout ArraySlice<UInt8>) -> UInt8? {
        if let byte = bytes(hexadecimal: Array(rest.prefix(2)))?.first {
            rest = rest.dropFirst(2)
            return byte
        }
        return rest.popFirst()
    }

    private static func bytes(hexadecimal digits: [UInt8]) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: digits.count, by: 2) {
            let pair = digits[start..<start + 2].compactMap {
                Character(Unicode.Scalar($0)).hexDigitValue
            }
            guard pair.count == 2 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: pair[0] << 4 | pair[1]))
        }
        return bytes
    }

    /// The text of a BER encoding (RFC 4514 §2.4): UTF8String, PrintableString or IA5String of less
    /// than 256 bytes. Nil for anything else.
    private static func text(encoded bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 2, [0x0C, 0x13, 0x16].contains(bytes[0]) else { return nil }
        let header = bytes[1] == 0x81 ? 3 : 2
        guard bytes.count >= header, bytes[1] <= 0x81,
            bytes.count - header == Int(bytes[header - 1]),
            bytes[1] != 0x80
        else { return nil }
        return Array(bytes[header...])
    }

    // MARK: Types

    /// The type as OpenSSL writes it, in capital letters; nil when it is not a name or an object
    /// identifier.
    private static func type(_ text: String) -> String? {
        var name = text.uppercased()
        if name.hasPrefix("OID.") { name.removeFirst(4) }
        guard let first = name.utf8.first else { return nil }
        let isOID = first &- 0x30 < 10
        let isValid = name.utf8.allSatisfy { byte in
            byte &- 0x30 < 10
                || (isOID ? byte == UInt8(ascii: ".") : byte &- 0x41 < 26 || byte == 0x2D)
        }
        guard isValid, isOID || first &- 0x41 < 26 else { return nil }
        return aliases[name] ?? name
    }

    /// Object identifiers and other names of types (RFC 4519 §2, RFC 2985, ETSI EN 319 412-1).
    private static let aliases = [
        "2.5.4.3": "CN", "COMMONNAME": "CN", "2.5.4.4": "SN", "SURNAME": "SN",
        "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "COUNTRYNAME": "C", "2.5.4.7": "L",
        "LOCALITYNAME": "L", "2.5.4.8": "ST", "S": "ST", "STATEORPROVINCENAME": "ST",
        "2.5.4.9": "STREET", "STREETADDRESS": "STREET", "2.5.4.10": "O", "ORGANIZATIONNAME": "O",
        "2.5.4.11": "OU", "ORGANIZATIONALUNITNAME": "OU", "2.5.4.12": "TITLE", "T": "TITLE",
        "2.5.4.13": "DESCRIPTION", "2.5.4.15": "BUSINESSCATEGORY", "2.5.4.17": "POSTALCODE",
        "2.5.4.42": "GN", "GIVENNAME": "GN", "2.5.4.46": "DNQUALIFIER", "2.5.4.65": "PSEUDONYM",
        "2.5.4.97": "ORGANIZATIONIDENTIFIER", "0.9.2342.19200300.100.1.1": "UID", "USERID": "UID",
        "0.9.2342.19200300.100.1.25": "DC", "DOMAINCOMPONENT": "DC",
        "1.2.840.113549.1.9.1": "EMAILADDRESS", "E": "EMAILADDRESS", "EMAIL": "EMAILADDRESS",
        "1.3.6.1.4.1.311.60.2.1.1": "JURISDICTIONL", "1.3.6.1.4.1.311.60.2.1.2": "JURISDICTIONST",
        "1.3.6.1.4.1.311.60.2.1.3": "JURISDICTIONC",
    ]
}

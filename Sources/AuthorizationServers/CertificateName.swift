import Configuration
import Cryptography
import HTTP

/// One way to name the certificate of a peer (RFC 8705 §2.1.2, §3.1).
enum CertificateName: Hashable, Sendable {
    /// SHA-256 over the DER encoding: `x5t#S256`.
    case thumbprint([UInt8])
    case subject(DistinguishedName)
    /// Alternative names. DNS names in lower case; addresses as `AddressRange.canonical` writes them.
    case dns(String)
    case uri(String)
    case ip(String)
    case email(String)

    /// The keys of the configuration.
    static let keys = ["x5t#S256", "thumbprint", "subject", "dns", "uri", "ip", "email"]

    /// Nil when the text is no such name.
    init?(key: String, _ text: String) {
        guard !text.isEmpty else { return nil }
        switch key {
        case "x5t#S256", "thumbprint":
            guard let bytes = Self.thumbprint(text) else { return nil }
            self = .thumbprint(bytes)
        case "subject":
            guard let name = DistinguishedName(text) else { return nil }
            self = .subject(name)
        case "dns": self = .dns(text.lowercased())
        case "uri": self = .uri(text)
        case "ip":
            guard let address = AddressRange.canonical(text) else { return nil }
            self = .ip(address)
        case "email": self = .email(text)
        default: return nil
        }
    }

    func names(_ certificate: PeerCertificate) -> Bool {
        switch self {
        case .thumbprint(let thumbprint): certificate.thumbprint == thumbprint
        case .subject(let subject): DistinguishedName(certificate.subject) == subject
        case .dns(let name): certificate.dnsNames.contains { $0.lowercased() == name }
        case .uri(let uri): certificate.uris.contains { $0.utf8.elementsEqual(uri.utf8) }
        case .ip(let address): certificate.addresses.contains(address)
        case .email(let email): certificate.emails.contains { $0.utf8.elementsEqual(email.utf8) }
        }
    }

    /// Base64url as in `x5t#S256`, or hexadecimal as `openssl x509 -fingerprint` prints it.
    private static func thumbprint(_ text: String) -> [UInt8]? {
        if let bytes = Base64URL.decode(text), bytes.count == 32 { return bytes }
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: 64, by: 2) {
            let pair = String(decoding: digits[start..<start + 2], as: UTF8.self)
            guard pair.utf8.first != UInt8(ascii: "+"), let byte = UInt8(pair, radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}

/// A distinguished name (RFC 4514), compared by its attributes: how their types, separators and
/// escapes are written does not matter.
struct DistinguishedName: Hashable, Sendable {
    private struct Attribute: Hashable, Sendable {
        let type: String
        let value: [UInt8]
        /// Whether it continues the relative name before it (`+`).
        let continues: Bool
    }

    private let attributes: [Attribute]

    /// Nil when the text is not written as RFC 4514 says.
    init?(_ text: String) {
        var attributes: [Attribute] = []
        var rest = Array(text.utf8)[...]
        var continues = false
        while true {
            guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let type = String(decoding: rest[..<equals].filter { $0 != 0x20 }, as: UTF8.self)
            guard !type.isEmpty, type.utf8.allSatisfy(Self.isOfType) else { return nil }
            rest = rest[(equals + 1)...]
            var value: [UInt8] = []
            // Blanks at the end are part of the value only if they are escaped.
            var kept = 0
            while let byte = rest.first, byte == 0x20 { rest = rest.dropFirst() }
            while let byte = rest.first, byte != UInt8(ascii: ","), byte != UInt8(ascii: "+") {
                rest = rest.dropFirst()
                guard byte == UInt8(ascii: "\\") else {
                    value.append(byte)
                    if byte != 0x20 { kept = value.count }
                    continue
                }
                guard let escaped = Self.escaped(&rest) else { return nil }
                value.append(escaped)
                kept = value.count
            }
            attributes.append(
                Attribute(
                    type: type.uppercased(),
                    value: Array(value[..<kept]),
                    continues: continues
                )
            )
            guard let separator = rest.popFirst() else { break }
            continues = separator == UInt8(ascii: "+")
        }
        self.attributes = attributes
    }

    private static func isOfType(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x2E
    }

    /// Two hexadecimal digits or one character.
    private static func escaped(_ rest: inout ArraySlice<UInt8>) -> UInt8? {
        let pair = String(decoding: rest.prefix(2), as: UTF8.self)
        if pair.utf8.count == 2, pair.utf8.first != 0x2B, pair.utf8.first != 0x2D,
            let byte = UInt8(pair, radix: 16)
        {
            rest = rest.dropFirst(2)
            return byte
        }
        return rest.popFirst()
    }
}

/// Reading `require_client_certificate`.
struct RequiredCertificate {
    var isRequired = false
    /// Empty accepts every certificate of the authorities.
    var names: [CertificateName] = []

    init(_ section: Section) {
        let key = "require_client_certificate"
        let node = section.node(
            key,
            type: "true, false, or a list that names certificates.",
            default: "false",
            """
            Also require a client certificate, see listen.tls: with true any certificate of \
            client_authorities, else one that the list names by its thumbprint (x5t#S256), its \
            subject (RFC 4514, as openssl x509 -subject -nameopt RFC2253 prints it) or an \
            alternative name (dns, uri, ip, email), such as [{ dns: "acp.bank.example" }]. List the \
            old and the new one while rotating.
            """
        )
        switch node?.value {
        case nil: return
        case .bool(let flag): isRequired = flag
        case .object:
            isRequired = true
            add(node, section, key)
        case .array(let elements):
            isRequired = true
            if elements.isEmpty { section.problem(key, "must not be empty") }
            for (position, element) in elements.enumerated() {
                add(element, section, "\(key)[\(position)]")
            }
        default: section.problem(key, "must be true, false or a list, not \(node?.kind ?? "")")
        }
    }

    private mutating func add(_ node: ConfigurationNode?, _ section: Section, _ key: String) {
        guard case .object(let members) = node?.value, members.count == 1,
            let member = members.first
        else {
            let keys = Section.list(CertificateName.keys.filter { $0 != "thumbprint" })
            section.problem(key, "must have exactly one of the keys \(keys)")
            return
        }
        guard CertificateName.keys.contains(member.name) else {
            section.problem("\(key).\(member.name)", "is not a known key")
            return
        }
        guard case .string(let text) = member.node.value,
            let name = CertificateName(key: member.name, text)
        else {
            let form =
                switch member.name {
                case "x5t#S256", "thumbprint": "a SHA-256 thumbprint in base64url or hexadecimal"
                case "subject": "a distinguished name such as \"CN=acp,O=Bank,C=GB\""
                case "ip": "an IP address"
                default: "a text"
                }
            section.problem("\(key).\(member.name)", "must be \(form)")
            return
        }
        names.append(name)
    }
}

import Cryptography
public import HTTP

/// One way to name the certificate of a peer (RFC 8705 §2.1.2, §3.1).
public enum CertificateName: Hashable, Sendable {
    /// SHA-256 over the DER encoding: `x5t#S256`.
    case thumbprint([UInt8])
    /// The subject, compared by its attributes.
    case subject(DistinguishedName)
    /// Alternative names. DNS names in lower case; addresses as `AddressRange.canonical` writes them.
    case dns(String)
    case uri(String)
    case ip(String)
    case email(String)

    /// The keys of the configuration.
    public static let keys = ["x5t#S256", "thumbprint", "subject", "dns", "uri", "ip", "email"]

    /// Nil when the text is no such name.
    public init?(key: String, _ text: String) {
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

    /// What a value of one of the `keys` must be, as the rest of a sentence.
    public static func form(of key: String) -> String {
        switch key {
        case "x5t#S256", "thumbprint": "a SHA-256 thumbprint in base64url or hexadecimal"
        case "subject": "a distinguished name such as \"CN=acp,O=Bank,C=GB\""
        case "ip": "an IP address"
        default: "a text"
        }
    }

    /// Its key in a configuration or a document.
    public var key: String {
        switch self {
        case .thumbprint: "x5t#S256"
        case .subject: "subject"
        case .dns: "dns"
        case .uri: "uri"
        case .ip: "ip"
        case .email: "email"
        }
    }

    /// The value for that key, which `init` reads again.
    public var text: String {
        switch self {
        case .thumbprint(let bytes): Base64URL.encode(bytes)
        case .subject(let name): name.text
        case .dns(let text), .uri(let text), .ip(let text), .email(let text): text
        }
    }

    /// Whether it is a name of this certificate.
    public func names(_ certificate: PeerCertificate) -> Bool {
        switch self {
        case .thumbprint(let thumbprint): certificate.thumbprint == thumbprint
        case .subject(let subject): DistinguishedName(certificate.subject) == subject
        case .dns(let name): certificate.dnsNames.contains { $0.lowercased() == name }
        case .uri(let uri): certificate.uris.contains { $0.utf8.elementsEqual(uri.utf8) }
        case .ip(let address): certificate.addresses.contains(address)
        case .email(let email): certificate.emails.contains { $0.utf8.elementsEqual(email.utf8) }
        }
    }

    /// Whether it is a name of this certificate that says whose it is. Of a certificate that no
    /// authority has issued only the thumbprint does: whoever made it could write every other name
    /// into it.
    public func identifies(_ certificate: PeerCertificate) -> Bool {
        switch self {
        case .thumbprint: names(certificate)
        case .subject, .dns, .uri, .ip, .email: certificate.isVerified && names(certificate)
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

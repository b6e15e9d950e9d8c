import Cryptography
import HTTP

/// A self-signed certificate (RFC 5280) of a new P-256 key for 127.0.0.1 and `localhost`, so that the
/// demo needs no other program to make one. Files have PEM.
public struct SelfSignedCertificate: Sendable {
    public let certificate: String
    /// Not encrypted.
    public let privateKey: String
    public let publicKey: String

    /// Valid from an hour ago for `days` days. `now` is in milliseconds.
    ///
    /// - Throws: `KeyError`.
    public init(name: String, days: Int64, now: Int64) throws {
        let key = try PrivateKey.generate(.p256)
        privateKey = try key.secretPEM()
        publicKey = try key.publicKey.pem()
        let commonName = DER.sequence([DER.name, DER.element(0x0C, Array(name.utf8))])
        let subject = DER.sequence([DER.element(0x31, commonName)])
        let validity = DER.sequence([
            DER.time(now - 3_600_000), DER.time(now + days * 86_400_000),
        ])
        let alternatives = DER.sequence([
            DER.element(0x87, [127, 0, 0, 1]), DER.element(0x82, Array("localhost".utf8)),
        ])
        // An authority of itself, as `openssl req -x509` makes it.
        let isAuthority = DER.sequence([DER.element(0x01, [0xFF])])
        let extensions = DER.sequence([
            DER.sequence([DER.alternatives, DER.element(0x04, alternatives)]),
            DER.sequence([
                DER.constraints, DER.element(0x01, [0xFF]), DER.element(0x04, isAuthority),
            ]),
        ])
        let content = DER.sequence([
            DER.element(0xA0, DER.integer([2])), DER.integer([0x40] + Random.bytes(15)),
            DER.algorithm, subject, validity, subject, key.publicKey.info ?? [],
            DER.element(0xA3, extensions),
        ])
        let signature = try key.sign(content, by: .ecdsaP256)
        let numbers = DER.sequence([
            DER.integer(signature.prefix(32)), DER.integer(signature.suffix(32)),
        ])
        let whole = DER.sequence([content, DER.algorithm, DER.element(0x03, [0] + numbers)])
        certificate = Self.pem(whole)
    }

    private static func pem(_ bytes: [UInt8]) -> String {
        var lines = ["-----BEGIN CERTIFICATE-----"]
        var rest = Substring(Base64.encode(bytes))
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        return (lines + ["-----END CERTIFICATE-----", ""]).joined(separator: "\n")
    }
}

/// The little of DER (X.690) that a certificate needs.
private enum DER {
    /// Object identifiers as elements: ecdsa-with-SHA256 in its sequence, id-at-commonName,
    /// id-ce-subjectAltName, id-ce-basicConstraints.
    static let algorithm = sequence([
        [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]
    ])
    static let name: [UInt8] = [0x06, 0x03, 0x55, 0x04, 0x03]
    static let alternatives: [UInt8] = [0x06, 0x03, 0x55, 0x1D, 0x11]
    static let constraints: [UInt8] = [0x06, 0x03, 0x55, 0x1D, 0x13]

    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        switch count {
        case ..<0x80: return [tag, UInt8(count)] + content
        case ..<0x100: return [tag, 0x81, UInt8(count)] + content
        default: return [tag, 0x82, UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)] + content
        }
    }

    static func sequence(_ parts: [[UInt8]]) -> [UInt8] { element(0x30, parts.flatMap { $0 }) }

    /// An INTEGER that is not negative, from its bytes, most significant first.
    static func integer(_ magnitude: some Collection<UInt8>) -> [UInt8] {
        let digits = Array(magnitude.drop { $0 == 0 })
        return element(0x02, digits.first.map { $0 < 0x80 } ?? false ? digits : [0] + digits)
    }

    /// A UTCTime, which has two digits of the year (RFC 5280 §4.1.2.5.1).
    static func time(_ milliseconds: Int64) -> [UInt8] {
        let text = RFC3339.format(milliseconds: milliseconds / 1000 * 1000)
        let digits = text.utf8.filter { (0x30...0x39).contains($0) }
        return element(0x17, Array(digits.prefix(14).dropFirst(2)) + [UInt8(ascii: "Z")])
    }
}

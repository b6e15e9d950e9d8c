import Cryptography
import Foundation
import TestSupport
import Testing

@Suite("A client's certificate")
struct CertificateTests {
    let certificates: Certificates
    let names =
        "DNS:one.test,DNS:two.test,URI:spiffe://a/b,IP:192.0.2.1,IP:2001:db8::1,email:a@b.test"

    init() throws {
        certificates = try Certificates()
        try certificates.issue("one", alternativeName: names)
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        try certificates.bytes(certificates.directory.file(name))
    }

    /// A self-signed certificate with a key of that kind, in DER.
    private func selfSigned(_ key: String, _ more: String = "") throws -> [UInt8] {
        let directory = certificates.directory
        try certificates.openssl(
            "req -x509 -newkey \(key) -nodes -days 2 -subj /CN=self -outform DER "
                + "-keyout \(directory.file("self.key")) -out \(directory.file("self.der")) \(more)"
        )
        return try bytes("self.der")
    }

    private func der(_ name: String) throws -> [UInt8] {
        try certificates.openssl(
            "x509 -in \(certificates.certificate(name)) -outform DER "
                + "-out \(certificates.directory.file("der"))"
        )
        return try bytes("der")
    }

    @Test("has the names, key, validity and thumbprint that it was issued with, from DER and PEM")
    func content() throws {
        let der = try der("one")
        let one = try Certificate(der: der)
        #expect(one == (try Certificate(pem: try bytes("one.pem"))))
        #expect(one.encoded == der)
        #expect(one.thumbprint == SHA256.digest(der))
        #expect(one.subject == "CN=one")
        #expect(one.dnsNames == ["one.test", "two.test"])
        #expect(one.uris == ["spiffe://a/b"])
        #expect(one.emails == ["a@b.test"])
        let v6: [UInt8] = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        #expect(one.addresses == [[192, 0, 2, 1], v6])
        #expect(one.key == .p256)
        #expect(one.notAfter - one.notBefore == 2 * 86_400)
        let key = certificates.directory.file("key.der")
        try certificates.openssl(
            "pkey -in \(certificates.key("one")) -pubout -outform DER -out \(key)"
        )
        #expect(one.keyInfo == (try certificates.bytes(key)))
        for (seconds, isValid) in [
            (one.notBefore - 1, false), (one.notBefore, true), (one.notAfter, true),
            (one.notAfter + 1, false),
        ] {
            #expect(one.isValid(at: seconds) == isValid)
        }
    }

    // trust: A-23
    @Test(
        "has an RSA key of 2048 bits or more, or one on P-256, P-384 or Ed25519",
        arguments: [
            ("rsa:2048", .success(.rsa(bits: 2048))),
            ("rsa:3072", .success(.rsa(bits: 3072))),
            ("rsa:1024", .failure(.rsaBits(1024))),
            ("rsa:2047", .failure(.rsaBits(2047))),
            ("ec -pkeyopt ec_paramgen_curve:P-256", .success(.p256)),
            ("ec -pkeyopt ec_paramgen_curve:P-384", .success(.p384)),
            ("ec -pkeyopt ec_paramgen_curve:P-521", .failure(.keyKind)),
            ("ec -pkeyopt ec_paramgen_curve:secp256k1", .failure(.keyKind)),
            (
                "ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
                .failure(.keyKind)
            ),
            ("ed25519", .success(.ed25519)),
            ("ed448", .failure(.keyKind)),
            ("rsa-pss -pkeyopt rsa_keygen_bits:2048", .failure(.keyKind)),
        ] as [(String, Result<Certificate.Key, CertificateError>)]
    )
    func keys(options: String, expected: Result<Certificate.Key, CertificateError>) throws {
        let bytes = try selfSigned(options)
        let read = Result { () throws(CertificateError) in try Certificate(der: bytes).key }
        #expect(read == expected)
    }

    // trust: A-23
    @Test("is the only thing in its text, from the first to the last byte")
    func nothingElse() throws {
        let pem = try bytes("one.pem")
        let text = String(decoding: pem, as: UTF8.self)
        let der = try der("one")
        let key = try bytes("one.key")
        func refused(_ text: String, _ expected: CertificateError, _ comment: Comment) {
            #expect(throws: expected, comment) { try Certificate(pem: Array(text.utf8)) }
        }
        // CRLF is what some systems write (RFC 7468 §3).
        let windows = text.replacing("\n", with: "\r\n")
        #expect(try Certificate(pem: Array(windows.utf8)).encoded == der)
        #expect(try Certificate(pem: Array(text.dropLast().utf8)).encoded == der)
        refused(text + text, .several, "two")
        refused(text + String(decoding: key, as: UTF8.self), .several, "with its key")
        refused(String(decoding: key, as: UTF8.self), .label("PRIVATE KEY"), "a key")
        refused(text + "x", .trailing, "trailing text")
        refused(" " + text, .notPEM, "a space before it")
        refused("explained:\n" + text, .notPEM, "explained")
        refused(text.replacing("\n", with: "\r"), .notPEM, "carriage returns")
        refused(text.replacing("\n", with: " "), .notPEM, "spaces")
        refused(text.replacing("\n", with: ""), .notPEM, "one line")
        refused(
            text.replacing("BEGIN CERT", with: "BEGIN TRUSTED CERT"),
            .label("TRUSTED CERTIFICATE"),
            "trusted"
        )
        refused(String(text.dropLast(30)), .notPEM, "no end")
        refused("", .notPEM, "empty")
        refused(text + String(repeating: "\n", count: Certificate.longest), .tooLong, "long")
        func refused(_ der: [UInt8], _ expected: CertificateError, _ comment: Comment) {
            #expect(throws: expected, comment) { try Certificate(der: der) }
        }
        refused(der + [0], .trailing, "a byte more")
        refused(der + der, .trailing, "two")
        refused(Array(der.dropLast()), .malformed, "a byte less")
        refused([], .malformed, "empty")
        refused(pem, .malformed, "PEM")
        refused([UInt8](repeating: 0x30, count: Certificate.longest + 1), .tooLong, "long")
        // Another length encoding of the same content, which DER does not allow.
        #expect(der[1] == 0x82)
        refused([0x30, 0x83, 0] + der[2...], .malformed, "BER")
    }

    @Test("keeps its thumbprint or is refused, whatever byte is changed")
    func changed() throws {
        let der = try der("one")
        for index in der.indices {
            var other = der
            other[index] ^= 0x15
            guard let read = try? Certificate(der: other) else { continue }
            #expect(read.encoded == other && read.thumbprint == SHA256.digest(other))
        }
    }

    @Test("without readable alternative names is refused, not taken for one that has none")
    func damagedNames() throws {
        var der = try der("one")
        let name = Array("two.test".utf8)
        let start = try #require(der.indices.first { der[$0...].starts(with: name) })
        // Its length now reaches beyond the list.
        der[start - 1] = 0x7F
        #expect(throws: CertificateError.malformed) { try Certificate(der: der) }
        #expect(try Certificate(der: try selfSigned("ed25519")).dnsNames == [])
    }
}

@Suite("Authorities of client certificates")
struct AuthoritiesTests {
    let certificates: Certificates

    init() throws { certificates = try Certificates() }

    private func certificate(_ name: String) throws -> Certificate {
        try Certificate(pem: try certificates.bytes(certificates.certificate(name)))
    }

    private func authorities(_ path: String) throws -> Authorities {
        try Authorities(pem: try certificates.bytes(path))
    }

    // trust: A-23
    @Test("vouch for certificates that they have issued, for the time in which the chain is valid")
    func chain() throws {
        try certificates.issue("short", alternativeName: "DNS:a.test", days: 1)
        try certificates.issue("long", alternativeName: "DNS:a.test", days: 90)
        let known = try authorities(certificates.authority)
        let root = try certificate("ca")
        let short = try certificate("short")
        let long = try certificate("long")
        let now = short.notBefore + 60
        #expect(known.chainValidity(of: short, at: now) == short.notBefore...short.notAfter)
        #expect(known.chainValidity(of: long, at: now) == long.notBefore...root.notAfter)
        #expect(known.chainValidity(of: short, at: short.notAfter + 1) == nil)
        #expect(known.chainValidity(of: long, at: root.notAfter + 1) == nil)
        #expect(known.chainValidity(of: short, at: short.notBefore - 1) == nil)
    }

    @Test("do not vouch for others, nor for a certificate of servers only")
    func strangers() throws {
        let other = try Certificates()
        try other.issue("stranger", alternativeName: "DNS:a.test")
        try certificates.issue("one", alternativeName: "DNS:a.test")
        try certificates.issue("server", alternativeName: "DNS:a.test\nextendedKeyUsage=serverAuth")
        try certificates.issue("client", alternativeName: "DNS:a.test\nextendedKeyUsage=clientAuth")
        let known = try authorities(certificates.authority)
        let stranger = try Certificate(pem: try other.bytes(other.certificate("stranger")))
        let now = stranger.notBefore + 60
        #expect(known.chainValidity(of: stranger, at: now) == nil)
        #expect(known.chainValidity(of: try certificate("server"), at: now) == nil)
        #expect(known.chainValidity(of: try certificate("client"), at: now) != nil)
        let both = certificates.directory.file("both.pem")
        let texts = try [other.authority, certificates.authority].map(certificates.bytes)
        try Data(texts.flatMap { $0 }).write(to: URL(fileURLWithPath: both))
        #expect(try authorities(both).chainValidity(of: stranger, at: now) != nil)
    }

    @Test("are read from a text of certificates, all of which are readable")
    func unreadable() throws {
        let pem = try certificates.bytes(certificates.authority)
        let broken = String(decoding: pem, as: UTF8.self).replacing("A", with: "!")
        for text in [[], Array("text".utf8), pem + Array(broken.utf8)] {
            #expect(throws: CertificateError.notPEM) { try Authorities(pem: text) }
        }
    }
}

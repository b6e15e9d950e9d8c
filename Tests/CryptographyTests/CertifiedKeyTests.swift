import Cryptography
import Foundation
import TestSupport
import Testing

@Suite("A certificate with its key")
struct CertifiedKeyTests {
    let certificates: Certificates

    init() throws {
        certificates = try Certificates()
        try certificates.issue("one", alternativeName: "DNS:one.test")
        try certificates.issue("two", alternativeName: "DNS:two.test")
    }

    @Test("has the thumbprint of its DER encoding and its period of validity")
    func good() throws {
        let directory = certificates.directory
        try certificates.openssl(
            "x509 -in \(certificates.certificate("one")) -outform DER -out \(directory.file("der"))"
        )
        let certified = try CertifiedKey(
            certificate: try bytes("one.pem"),
            key: try bytes("one.key")
        )
        #expect(certified.thumbprint == SHA256.digest(try bytes("der")))
        #expect(certified.notAfter - certified.notBefore == 2 * 86_400)
        let made = Int64(Date.now.timeIntervalSince1970)
        #expect((made - 600...made + 600).contains(certified.notBefore))
        // A chain is told by its first certificate.
        let chain = try CertifiedKey(
            certificate: try bytes("one.pem") + bytes("ca.pem"),
            key: try bytes("one.key")
        )
        #expect(chain == certified)
    }

    @Test(
        "accepts a key in every usual form",
        arguments: ["pkcs8 -topk8 -nocrypt", "ec", "pkcs8 -topk8 -nocrypt -outform PEM"]
    )
    func keys(form: String) throws {
        let other = certificates.directory.file("form")
        try certificates.openssl("\(form) -in \(certificates.key("one")) -out \(other)")
        _ = try CertifiedKey(certificate: try bytes("one.pem"), key: try bytes("form"))
    }

    @Test("is refused when it is incomplete, unreadable or its parts do not match")
    func bad() throws {
        let one = try bytes("one.pem")
        let key = try bytes("one.key")
        try certificates.openssl(
            "pkcs8 -topk8 -passout pass:secret -in \(certificates.key("one")) "
                + "-out \(certificates.directory.file("locked"))"
        )
        let cases: [(certificate: [UInt8], key: [UInt8], problem: CertifiedKey.Problem)] = [
            ([], key, .noCertificate),
            (Array("a secret\n".utf8), key, .noCertificate),
            (Array(one.dropLast(40)), key, .noCertificate),
            (one + (try bytes("ca.pem")).dropLast(40), key, .noCertificate),
            (key, key, .noCertificate),
            (one, [], .noKey),
            (one, Array(key.dropLast(40)), .noKey),
            (one, one, .noKey),
            (one, try bytes("locked"), .noKey),
            (one, try bytes("two.key"), .mismatch),
            (try bytes("ca.pem") + one, key, .mismatch),
        ]
        for (certificate, key, problem) in cases {
            #expect(throws: problem) { try CertifiedKey(certificate: certificate, key: key) }
        }
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        try certificates.bytes(certificates.directory.file(name))
    }
}

import Access
import Cryptography
import Foundation
import HTTP
import TestSupport
import Testing

@Suite("A distinguished name")
struct DistinguishedNameTests {
    @Test(
        "equals another by its attributes, not by how they are written",
        arguments: [
            ("CN=a,O=Bank", "CN=a,O=Bank", true), ("CN=a,O=Bank", "cn=a, o=Bank", true),
            ("CN=a,O=Bank", "O=Bank,CN=a", false), ("CN=a,O=Bank", "CN=a+O=Bank", false),
            ("CN=a+OU=b,O=Bank", "OU=b+CN=a,O=Bank", true), ("CN=a+OU=b", "CN=b+OU=a", false),
            ("CN=a,O=Bank", "CN=a", false), ("CN=a", "CN=A", false), ("CN=a", "OU=a", false),
            ("CN=a", "2.5.4.3=a", true), ("CN=a", "OID.2.5.4.3=a", true),
            ("CN=a", "commonName=a", true), ("CN=a", "CN=#0C0161", true),
            ("CN=a", "2.5.4.3=#130161", true), ("CN=a", "CN=#0C0162", false),
            ("CN=a", "CN=#0C0261", false), ("CN=a", "CN=#040161", false),
            ("CN=#040161", "cn=#040161", true), ("CN=#040161", "CN=\\#040161", false),
            ("1.2.3.4=x", "1.2.3.4=#0C0178", true),
            ("O=Bank\\, Inc.", "O=Bank\\2C Inc.", true),
            ("O=Bank\\, Inc.", "O=Bank\\2c Inc.", true),
            ("O=a\\ ", "O=a", false), ("O= a ", "O=a", true), ("O=\\ a", "O=a", false),
            ("O=\\C3\\A9", "O=é", true), ("O=\\FA\\FF", "O=\\fa\\ff", true),
            ("O=\\FA", "O=\\FB", false), ("O=\\C3", "O=\\C3\\A9", false),
            ("emailAddress=a@b.test", "1.2.840.113549.1.9.1=a@b.test", true),
            ("organizationIdentifier=PSDDE-BAFIN-1", "2.5.4.97=PSDDE-BAFIN-1", true),
            ("SN=a", "serialNumber=a", false), ("CN=", "CN=", true), ("CN=", "CN=a", false),
        ]
    )
    func equality(left: String, right: String, isEqual: Bool) throws {
        let names = try (#require(DistinguishedName(left)), #require(DistinguishedName(right)))
        #expect((names.0 == names.1) == isEqual)
        for name in [names.0, names.1] { #expect(DistinguishedName(name.text) == name) }
    }

    @Test(
        "is not what RFC 4514 does not allow",
        arguments: [
            "", "a", "=a", "CN", "CN=a,", "CN=a+", ",CN=a", "CN=a,,O=b", "C N=a,=b", "CN=a\\",
            "O=\"Bank, Inc.\"", "CN=\"a\"", "CN=a;O=b", "CN=<a>", "CN=#", "CN=#0", "CN=#0G",
            "CN=#+1", "2.5.x=a", "-a=b", "é=a", "CN=a\0b",
        ]
    )
    func malformed(text: String) { #expect(DistinguishedName(text) == nil) }

    @Test("names the certificate that has it, by OpenSSL's names and by object identifiers")
    func ofCertificate() throws {
        let certificates = try Certificates()
        let directory = certificates.directory
        let parts = [
            ("emailAddress", "a@b.test"), ("DC", "test"), ("UID", "u-1"),
            ("jurisdictionC", "DE"), ("organizationIdentifier", "PSDDE-1"), ("pseudonym", "p"),
            ("dnQualifier", "q"), ("GN", "g"), ("postalCode", "1"), ("businessCategory", "b"),
            ("description", "d"), ("title", "t"), ("OU", "ou"), ("O", "Bank, Inc."),
            ("street", "s"),
            ("ST", "st"), ("L", "l"), ("C", "DE"), ("serialNumber", "n"), ("SN", "sn"), ("CN", "é"),
        ]
        let identifiers = [
            "1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25",
            "0.9.2342.19200300.100.1.1", "1.3.6.1.4.1.311.60.2.1.3", "2.5.4.97", "2.5.4.65",
            "2.5.4.46", "2.5.4.42", "2.5.4.17", "2.5.4.15", "2.5.4.13", "2.5.4.12", "2.5.4.11",
            "2.5.4.10", "2.5.4.9", "2.5.4.8", "2.5.4.7", "2.5.4.6", "2.5.4.5", "2.5.4.4", "2.5.4.3",
        ]
        // The first one of the certificate is the last one of the text (RFC 4514 §2.1).
        let subject = parts.reversed().map { "/\($0.0)=\($0.1)" }.joined()
        let answer = try ChildProcess.run(
            ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-utf8", "-subj", subject]
                + ["-keyout", directory.file("n.key"), "-out", directory.file("n.pem")],
            errors: .dropped
        )
        #expect(answer.isSuccess)
        let certificate = try Certificate(pem: try certificates.bytes(directory.file("n.pem")))
        let shown = PeerCertificate(thumbprint: [], subject: certificate.subject)
        func text(_ types: [String]) -> String {
            zip(types, parts).map { "\($0)=\($1.1.replacing(",", with: "\\,"))" }
                .joined(separator: ",")
        }
        for types in [parts.map(\.0), identifiers] {
            let name = try #require(CertificateName(key: "subject", text(types)))
            #expect(name.names(shown), "\(certificate.subject)")
        }
        let other = try #require(CertificateName(key: "subject", text(identifiers.reversed())))
        #expect(!other.names(shown))
    }
}

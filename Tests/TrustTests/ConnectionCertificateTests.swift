import HTTP
import Logins
import TestSupport
import Testing
import Trust

@Suite("The certificate of the connection")
struct ConnectionCertificateTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_999)
    private static let shown = PeerCertificate(
        thumbprint: [1, 2, 3],
        subject: "CN=a",
        notAfter: 1_800_000_000
    )

    private static func request(_ certificate: PeerCertificate?, _ fields: [Field] = []) -> Request
    {
        let peer = Peer(address: "192.0.2.1", isSecure: true, certificate: certificate)
        return .example(.get, "/", fields: fields, peer: peer)
    }

    // trust: A-6
    @Test("is the client's", arguments: [shown, nil])
    func connection(shown: PeerCertificate?) throws {
        let source = ConnectionCertificate()
        #expect(try source.certificate(of: Self.request(shown), at: Self.now) == shown)
    }

    // trust: A-23
    @Test("is refused once it has expired, although the connection goes on")
    func expired() {
        let later = Timestamp(milliseconds: 1_800_000_001_000)
        let refusal = #expect(throws: CertificateRefusal.self) {
            try ConnectionCertificate().certificate(of: Self.request(Self.shown), at: later)
        }
        #expect(refusal?.cause == .outOfDate)
    }

    // trust: A-20
    @Test(
        "is refused together with a header field of proxies: nobody is trusted to send one",
        arguments: [
            "Client-Cert", "SSL-CLIENT-CERT", "x-wso2-mutual-auth-cert", "X-Amzn-Mtls-Clientcert",
            "X-Forwarded-Client-Cert",
        ],
        [true, false]
    )
    func forged(name: String, isShown: Bool) {
        let request = Self.request(isShown ? Self.shown : nil, [Field(name, ":AAAA:")])
        let refusal = #expect(throws: CertificateRefusal.self) {
            try ConnectionCertificate().certificate(of: request, at: Self.now)
        }
        #expect(refusal?.cause == .untrustedHop)
    }
}

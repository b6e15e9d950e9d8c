import Access
import HTTP
import TestSupport
import Testing

@testable import AuthorizationServers

@Suite("A required client certificate")
struct CertificateNameTests {
    private static let peer = PeerCertificate(
        thumbprint: Array(0..<32),
        subject: "CN=acp\\, one,OU=Open Banking,O=Bank,C=GB",
        dnsNames: ["ACP.bank.example"],
        uris: ["spiffe://bank/acp"],
        addresses: ["10.1.2.3", "2001:db8::1"],
        emails: ["acp@bank.example"]
    )

    @Test(
        "can be named by its thumbprint, its subject or an alternative name",
        arguments: [
            ("x5t#S256", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", true),
            ("x5t#S256", "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", false),
            (
                "thumbprint",
                "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                    + "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F", true
            ),
            ("subject", "CN=acp\\, one,OU=Open Banking,O=Bank,C=GB", true),
            ("subject", "cn=acp\\2C one, ou=Open Banking, o=Bank , c=GB", true),
            ("subject", "CN=acp\\, one,OU=Open Banking,O=Bank", false),
            ("subject", "C=GB,O=Bank,OU=Open Banking,CN=acp\\, one", false),
            ("subject", "CN=ACP\\, one,OU=Open Banking,O=Bank,C=GB", false),
            ("subject", "CN=acp\\, one+OU=Open Banking,O=Bank,C=GB", false),
            ("dns", "acp.BANK.example", true),
            ("dns", "bank.example", false),
            ("uri", "spiffe://bank/acp", true),
            ("uri", "spiffe://bank/ACP", false),
            ("ip", "10.1.2.3", true),
            ("ip", "2001:DB8:0::1", true),
            ("ip", "10.1.2.4", false),
            ("email", "acp@bank.example", true),
            ("email", "acp@bank.exampl", false),
        ]
    )
    func names(key: String, text: String, isNamed: Bool) throws {
        let name = try #require(CertificateName(key: key, text))
        #expect(name.names(Self.peer) == isNamed)
        let other = try #require(CertificateName(key: "dns", "other.example"))
        for (names, certificate, isAccepted) in [
            ([name, other], Self.peer, isNamed), ([other], Self.peer, false),
            ([], Self.peer, true), ([name], nil, false), ([], nil, false),
        ] as [([CertificateName], PeerCertificate?, Bool)] {
            let peers = InboundGuard(basic: [], requiresCertificate: true, certificates: names)
            let peer = Peer(address: "192.0.2.1", isSecure: true, certificate: certificate)
            let verdict = peers.judge(.example(.post, "/user/verify", peer: peer))
            // Who has the certificate still has to authenticate.
            if case .unauthenticated = verdict {
                #expect(isAccepted)
            } else {
                #expect(!isAccepted)
            }
        }
    }

    @Test(
        "that no authority has issued is accepted only by its thumbprint: its maker wrote the names",
        arguments: [
            ("x5t#S256", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
            ("subject", "CN=acp\\, one,OU=Open Banking,O=Bank,C=GB"), ("dns", "acp.bank.example"),
            ("uri", "spiffe://bank/acp"), ("ip", "10.1.2.3"), ("email", "acp@bank.example"),
            ("", ""),
        ]
    )
    func unverified(key: String, text: String) throws {
        let names = key.isEmpty ? [] : [try #require(CertificateName(key: key, text))]
        for isVerified in [true, false] {
            let certificate = PeerCertificate(
                thumbprint: Self.peer.thumbprint,
                subject: Self.peer.subject,
                dnsNames: Self.peer.dnsNames,
                uris: Self.peer.uris,
                addresses: Self.peer.addresses,
                emails: Self.peer.emails,
                isVerified: isVerified
            )
            let peer = Peer(address: "192.0.2.1", isSecure: true, certificate: certificate)
            let verdict = InboundGuard(basic: [], requiresCertificate: true, certificates: names)
                .judge(.example(.post, "/user/verify", peer: peer))
            if case .forbidden = verdict {
                #expect(!isVerified && key != "x5t#S256")
            } else {
                #expect(isVerified || key == "x5t#S256")
            }
        }
    }

    @Test(
        "cannot be named by what is no such name",
        arguments: [
            ("x5t#S256", "AAEC"), ("thumbprint", "00:01"), ("subject", "nonsense"),
            ("subject", "CN=a,"), ("subject", ""), ("ip", "10.1.2"), ("dns", ""), ("san", "a"),
        ]
    )
    func malformed(key: String, text: String) {
        #expect(CertificateName(key: key, text) == nil)
    }
}

import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Testing

@Suite("A registered client")
struct APIClientTests {
    static let now = Timestamp(milliseconds: 1_930_000_000_000)

    static func key(_ id: String) throws -> APIClientKey {
        let key = try SigningKey.generate(.es256, id: id)
        return try APIClientKey(id: id, key: key.verificationKey, addedAt: now)
    }

    @Test("is read from its document as it was written")
    func document() throws {
        let names: [CertificateName] = [
            try #require(CertificateName(key: "subject", #"CN=a\, b+OU=x,O=Ü \#\ ,C=GB"#)),
            try #require(CertificateName(key: "dns", "tpp.example")),
            try #require(CertificateName(key: "ip", "2001:db8::1")),
        ]
        let methods: [APIClientAuthentication] =
            names.map { .tlsClientAuth($0) } + [
                .privateKeyJWT, .selfSignedTLSClientAuth,
                .secretBasic(ClientSecret(allowed: SecretHash(of: Array("a long secret".utf8)))),
            ]
        for method in methods {
            let client = try APIClient(
                id: try #require(APIClientID("ops-tool")),
                kind: .user,
                name: "Ops",
                createdAt: Self.now,
                authentication: method,
                keys: [try Self.key("k1"), try Self.key("k2")],
                grants: [.clientCredentials],
                scopes: [.adminRead, .backendUsers],
                sourceAddresses: [
                    try #require(AddressRange("203.0.113.0/28")),
                    try #require(AddressRange("2001:db8::/32")),
                    try #require(AddressRange("192.0.2.7")),
                ]
            )
            #expect(try APIClient(document: client.document) == client)
        }
    }
}

import Configuration
import Foundation
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing

@testable import App
@testable import AuthorizationServers
@testable import OAuthClient

@Suite("The configuration of client authentication")
struct ClientAuthenticationSettingsTests {
    private typealias Fixtures = ConfigurationFixtures

    private static let tls = (
        "client_secret: \"secret\",",
        "client_authentication: \"tls_client_auth\", certificate: \"beckon-client.pem\", "
            + "key: \"beckon-client.key\","
    )

    private static func server(_ change: (String, String)) throws -> CloudentitySettings {
        try #require(try Fixtures.parse(Fixtures.minimal([change])).cloudentity.first)
    }

    @Test(
        "needs no secret when the method uses a certificate",
        arguments: [
            ("tls_client_auth", ClientAuthenticationSettings.Method.tls),
            ("self_signed_tls_client_auth", .selfSignedTLS),
        ]
    )
    func certificate(name: String, method: ClientAuthenticationSettings.Method) throws {
        let change = (Self.tls.0, Self.tls.1.replacing("tls_client_auth", with: name))
        let settings = try Self.server(change).authentication
        #expect(settings.method == method)
        let files = ["beckon-client.pem", "beckon-client.key"].map { "/etc/beckon/" + $0 }
        #expect(settings.files == files)
        let credentials = try settings.credentials(in: Fixtures.complete, goodAt: nil)
        let certificates = try Fixtures.certificates.get()
        let expected = try certificates.bytes(certificates.certificate("beckon-client"))
        #expect(credentials.identity?.certificate == expected)
        guard case .certificate = credentials.method else {
            Issue.record("\(name) proves us by something else")
            return
        }
    }

    @Test(
        "can enable discovery of the token endpoint",
        arguments: [
            ("discovery: true,", CloudentityOutbound.DiscoveryMode.standard),
            ("discovery: false,", .off), ("", .off),
            (
                "discovery: \"https://a.example/.well-known/openid-configuration\",",
                .at("https://a.example/.well-known/openid-configuration")
            ),
        ]
    )
    func discovery(text: String, mode: CloudentityOutbound.DiscoveryMode) throws {
        let tenant = "tenant: \"bank\","
        #expect(try Self.server((tenant, tenant + text)).outbound.discovery == mode)
    }

    /// Days after the certificate was made, which is good for two.
    @Test(
        "warns of a certificate that is invalid or expires soon",
        arguments: [
            (-1, "/etc/beckon/beckon-client.pem is not valid before"),
            (1, "/etc/beckon/beckon-client.pem expires at"),
            (3, "/etc/beckon/beckon-client.pem expired at"),
        ]
    )
    func dates(days: Int64, says: String) throws {
        var environment = Fixtures.complete
        // Made before the clock is read: days of difference are all that counts.
        _ = try Fixtures.certificates.get()
        environment.now =
            Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000))
            + .seconds(days * 86_400)
        let text = Fixtures.minimal([Self.tls])
        let warnings = try ServiceConfiguration.parse(text, in: environment).warnings
        #expect(warnings.map(\.path) == ["authorization_servers[0].outbound.certificate"])
        #expect(warnings.first?.reason.hasPrefix(says) == true, "\(warnings)")
    }

    // MARK: Assertions

    /// An environment in which `key` is a file with this text.
    private static func environment(_ key: String) -> Environment {
        Environment(directory: "/etc/beckon") { path in
            path == "/etc/beckon/key"
                ? .success(Array(key.utf8)) : .failure(.init("does not exist"))
        }
    }

    private static func text(_ more: String = "") -> String {
        Fixtures.minimal([
            (
                "client_secret: \"secret\",",
                "client_authentication: \"private_key_jwt\", private_key: { file: \"key\" }, "
                    + more
            )
        ])
    }

    private static func signingKey(_ text: String, _ key: String) throws -> SigningKey? {
        let environment = Self.environment(key)
        let configuration = try ServiceConfiguration.parse(text, in: environment)
        let settings = try #require(configuration.cloudentity.first)
        #expect(settings.authentication.files == ["/etc/beckon/key"])
        let credentials = try settings.authentication.credentials(
            in: environment,
            goodAt: nil
        )
        guard case .assertion(let key) = credentials.method else { return nil }
        return key
    }

    /// A private JWK, without or with what it says of itself.
    private static func jwk(_ key: SigningKey, _ members: [String: String] = [:]) throws -> String {
        let jwk = try #require(try key.secretJWK().object)
        let kept = jwk.members.filter { $0.name != "alg" && $0.name != "kid" }
        let more = members.map { JSONObject.Member(name: $0.key, value: .string($0.value)) }
        return String(decoding: JSONValue.object(JSONObject(kept + more)).bytes, as: UTF8.self)
    }

    @Test("selects the algorithm from the configuration, the JWK, or the kind of key")
    func algorithms() throws {
        let rsa = try SigningKey.generate(.rs256)
        let ec = try SigningKey.generate(.es256)
        let ed = try SigningKey.generate(.edDSA)
        let cases: [(key: SigningKey, jwk: [String: String], more: String, SignatureAlgorithm)] = [
            (rsa, [:], "", .rs256), (ec, [:], "", .es256), (ed, [:], "", .edDSA),
            (rsa, ["alg": "PS256"], "", .ps256),
            (rsa, [:], "assertion_algorithm: \"PS256\",", .ps256),
            (ec, [:], "assertion_algorithm: \"ES256\",", .es256),
        ]
        for (key, members, more, expected) in cases {
            let read = try Self.signingKey(Self.text(more), try Self.jwk(key, members))
            #expect(read?.algorithm == expected)
        }
    }

    @Test("takes the key id from the JWK, the configuration, or the thumbprint (RFC 7638)")
    func names() throws {
        let key = try SigningKey.generate(.es256)
        let cases: [(jwk: [String: String], more: String, name: String?)] = [
            ([:], "", key.id), (["kid": "a"], "", "a"), ([:], "key_id: \"b\",", "b"),
            (["kid": "b"], "key_id: \"b\",", "b"),
        ]
        for (members, more, name) in cases {
            #expect(try Self.signingKey(Self.text(more), try Self.jwk(key, members))?.id == name)
        }
    }

    @Test("reports the problem of an invalid key")
    func badKeys() throws {
        let ec = try Self.jwk(try SigningKey.generate(.es256), ["kid": "a"])
        let rsa = try Self.jwk(try SigningKey.generate(.rs256))
        let cases: [(text: String, key: String, path: String, says: String)] = [
            (Self.text("assertion_algorithm: \"RS256\","), ec, "assertion_algorithm", "not for"),
            (Self.text("assertion_algorithm: \"ES256\","), rsa, "assertion_algorithm", "not for"),
            (Self.text("assertion_algorithm: \"HS256\","), ec, "assertion_algorithm", "RS256"),
            (Self.text("key_id: \"b\","), ec, "key_id", "not the kid"),
            (Self.text("assertion_audience: \"acp\","), ec, "assertion_audience", "token_url"),
            (Self.text(), "a secret", "private_key", "cannot be used"),
            (Self.text(), "{}", "private_key", "cannot be used"),
            (Self.text(), "", "private_key", "is empty"),
            (Self.text("private_key_: 1,"), ec, "private_key_", "did you mean private_key?"),
            (
                Self.text().replacingOccurrences(of: "file: \"key\"", with: "file: \"absent\""),
                ec, "private_key", "/etc/beckon/absent does not exist"
            ),
            (
                Self.text().replacingOccurrences(of: "private_key: { file: \"key\" },", with: ""),
                ec, "private_key", "is missing"
            ),
        ]
        for (text, key, path, says) in cases {
            let problems = Fixtures.problems(text, in: Self.environment(key))
            #expect(problems.map(\.path) == ["authorization_servers[0].outbound.\(path)"])
            #expect(problems.first?.reason.contains(says) == true, "\(problems)")
            #expect(!problems.map(\.reason).joined().contains("a secret"))
        }
    }

    @Test("refuses a secret that is too short to sign with")
    func weakSecret() throws {
        func text(_ secret: String) -> String {
            Fixtures.minimal([
                (
                    "client_secret: \"secret\",",
                    "client_authentication: \"client_secret_jwt\", client_secret: \"\(secret)\","
                )
            ])
        }
        let problems = Fixtures.problems(text(String(repeating: "s", count: 31)))
        #expect(problems.map(\.path) == ["authorization_servers[0].outbound.client_secret"])
        #expect(problems.first?.reason.contains("fewer than 32 bytes") == true)
        #expect(Fixtures.problems(text(String(repeating: "s", count: 32))).isEmpty)
    }
}

import AuthorizationServers
import Foundation
import HTTP
import Logins
import TestSupport
import Testing

@testable import App

@Suite("The configuration of client authentication")
struct ClientAuthenticationSettingsTests {
    private typealias Fixtures = ConfigurationFixtures

    private static let tls = (
        "client_secret: \"secret\",",
        "client_authentication: \"tls_client_auth\", certificate: \"beckon-client.pem\", "
            + "key: \"beckon-client.key\","
    )

    private static func outbound(
        _ change: (String, String)
    ) throws -> OutboundSettings {
        let configuration = try Fixtures.parse(Fixtures.minimal([change]))
        return try #require(configuration.authorizationServers.first).outbound
    }

    @Test("needs no secret where a certificate is the proof")
    func certificate() throws {
        let settings = try Self.outbound(Self.tls).authentication
        #expect(settings.method == .tls)
        let files = ["beckon-client.pem", "beckon-client.key"].map { "/etc/beckon/" + $0 }
        #expect(settings.files == files)
        let credentials = try settings.credentials(in: Fixtures.complete, goodAt: nil)
        let certificates = try Fixtures.certificates.get()
        let expected = try certificates.bytes(certificates.certificate("beckon-client"))
        #expect(credentials.identity?.certificate == expected)
    }

    @Test(
        "can ask the server where its token endpoint is",
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
        #expect(try Self.outbound((tenant, tenant + text)).discovery == mode)
    }

    /// Days after the certificate was made, which is good for two.
    @Test(
        "warns of a certificate that is of no use, or soon will be",
        arguments: [
            (-1, "/etc/beckon/beckon-client.pem is not good before"),
            (1, "/etc/beckon/beckon-client.pem expires at"),
            (3, "/etc/beckon/beckon-client.pem expired at"),
        ]
    )
    func dates(days: Int64, says: String) throws {
        var surroundings = Fixtures.complete
        // Made before the clock is read: days of difference are all that counts.
        _ = try Fixtures.certificates.get()
        surroundings.now =
            Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000))
            + .seconds(days * 86_400)
        let text = Fixtures.minimal([Self.tls])
        let warnings = try Configuration.parse(text, in: surroundings).warnings
        #expect(warnings.map(\.path) == ["authorization_servers[0].outbound.certificate"])
        #expect(warnings.first?.reason.hasPrefix(says) == true, "\(warnings)")
    }
}

import Configuration
import HTTP
import Net
import TLS
import Testing

@testable import App
@testable import AuthorizationServers

@Suite("Listeners")
struct ListenerTests {
    private static let top = "development: true,"

    private func parse(_ more: String) throws -> ServiceConfiguration {
        let text = ConfigurationFixtures.minimal([(Self.top, Self.top + more)])
        return try ConfigurationFixtures.parse(text)
    }

    @Test("can be separate for each audience, with TLS, limits and proxies of their own")
    func audiences() throws {
        let configuration = try parse(
            """
            listen: {
              trusted_proxies: ["10.0.0.0/8"],
              servers: {
                address: "127.0.0.1:1", loops: 2, trusted_proxies: ["192.0.2.1"],
                tls: { certificate: "tls/server.pem", key: "tls/server.key", hsts: "1d" },
                limits: { connections: 7 },
              },
              people: { address: "127.0.0.1:2", limits: { pending_bytes: 2000000 } },
            },
            management: { address: "127.0.0.1:3", limits: { connections: 5 } },
            """
        )
        #expect(!configuration.listen.isUsed)
        let servers = try #require(configuration.listen.servers?.server)
        #expect(servers.maximumConnections == 7)
        #expect(servers.tls?.certificate == "/etc/beckon/tls/server.pem")
        #expect(servers.strictTransport == .seconds(86400))
        #expect(servers.trustedProxies == [AddressRange("192.0.2.1")])
        let people = try #require(configuration.listen.people?.server)
        #expect(people.maximumConnections == 20_000 && people.pendingInput == 2_000_000)
        #expect(people.tls == nil && people.trustedProxies.isEmpty)
        let management = configuration.managementListener.server
        #expect(management.maximumConnections == 5 && management.address.port == 3)
        #expect(configuration.server.trustedProxies == [AddressRange("10.0.0.0/8")])
    }

    @Test(
        "request certificates of any issuer with or without authorities, on every listener",
        arguments: ["", "client_authorities: \"tls/ca.pem\","],
        ["listen", "people", "servers", "management"]
    )
    func anyCertificate(authorities: String, listener: String) throws {
        let tls =
            "tls: { certificate: \"tls/server.pem\", key: \"tls/server.key\", \(authorities) "
            + "client_certificates: \"any\" }"
        let group =
            switch listener {
            case "listen": "listen: { \(tls) },"
            case "management": "management: { \(tls) },"
            default: "listen: { \(listener): { address: \"127.0.0.1:1\", \(tls) } },"
            }
        let configuration = try parse(group)
        let server =
            switch listener {
            case "listen": configuration.server
            case "people": try #require(configuration.listen.people?.server)
            case "servers": try #require(configuration.listen.servers?.server)
            default: configuration.managementListener.server
            }
        let path = authorities.isEmpty ? nil : "/etc/beckon/tls/ca.pem"
        #expect(server.tls?.clientCertificates == .any(authorities: path))
    }

    @Test(
        "are refused when they are incomplete, contradictory or not understood",
        arguments: [
            ("listen: { people: {} },", "listen.people.address"),
            ("listen: { people: { address: \"host:1\" } },", "listen.people.address"),
            ("listen: { people: { address: \"127.0.0.1:9464\" } },", "management"),
            (
                "listen: { address: \"127.0.0.1:5\", people: { address: \"127.0.0.1:5\" } },",
                "listen.people"
            ),
            ("listen: { trusted_proxies: [\"10.0.0.1/8\"] },", "listen.trusted_proxies[0]"),
            ("listen: { trusted_proxies: \"10.0.0.1\" },", "listen.trusted_proxies"),
            (
                "listen: { people: { address: \"127.0.0.1:1\", limits: { drain: \"1s\" } } },",
                "listen.people.limits.drain"
            ),
            ("limits: { pending_bytes: 1 },", "limits.pending_bytes"),
        ]
    )
    func problems(more: String, path: String) {
        let text = ConfigurationFixtures.minimal([(Self.top, Self.top + more)])
        #expect(ConfigurationFixtures.problems(text).map(\.path) == [path])
    }

    @Test("warn of a proxy list that contains every address", arguments: ["0.0.0.0/0", "::/0"])
    func everybody(range: String) throws {
        let configuration = try parse("listen: { trusted_proxies: [\"\(range)\"] },")
        #expect(configuration.warnings.map(\.path).contains("listen.trusted_proxies"))
    }

    @Test(
        "Required client certificates are refused when they name nothing that can be checked",
        arguments: [
            ("[]", ""), ("\"CN=acp\"", ""), ("[{}]", "[0]"),
            ("[{ dns: \"a\", ip: \"::1\" }]", "[0]"),
            ("[{ san: \"a\" }]", "[0].san"), ("[{ \"x5t#S256\": \"abc\" }]", "[0].x5t#S256"),
            ("{ subject: \"acp\" }", ".subject"), ("[{ ip: \"host\" }]", "[0].ip"),
        ]
    )
    func certificates(value: String, path: String) {
        let text = ConfigurationFixtures.minimal([
            (
                Self.top,
                Self.top
                    + "listen: { tls: { certificate: \"tls/server.pem\", key: \"tls/server.key\", "
                    + "client_certificates: \"required\", client_authorities: \"tls/ca.pem\" } },"
            ), ("inbound: {", "inbound: { require_client_certificate: \(value),"),
        ])
        let key = "authorization_servers[0].inbound.require_client_certificate"
        #expect(ConfigurationFixtures.problems(text).map(\.path) == [key + path])
    }

    @Test(
        "leave file descriptors for everything else",
        arguments: [
            (256, 120, 112), (1024, 512, 448), (4096, 1024, 3072), (1_048_576, 1024, 20_000),
        ]
    )
    func descriptors(limit: Int, reserved: Int, connections: Int) {
        let plan = DescriptorPlan(limit: limit, concurrency: 256, servers: 1, connections: 20_000)
        #expect(limit - plan.ofAudiences >= reserved)
        #expect(plan.share(of: 20_000) == min(20_000, plan.ofAudiences))
        #expect(plan.share(of: 20_000) >= connections - 256)
        #expect(plan.isShort == (limit < 20_000))
        let half = plan.share(of: 10_000)
        #expect(2 * half <= max(plan.ofAudiences, 20_000))
        #expect(plan.ofManagement >= 4)
    }
}

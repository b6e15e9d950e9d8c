import Configuration
import Cryptography
import Foundation
import HTTP
import Identity
import Logins
import Notifications
import OAuthClient
import TestSupport
import Testing

@testable import App
@testable import AuthorizationServers

@Suite("A configuration")
struct ConfigurationTests {
    private typealias Fixtures = ConfigurationFixtures

    @Test("needs few keys")
    func minimal() throws {
        let configuration = try Fixtures.parse(Fixtures.minimal())
        #expect(configuration.listen.address == SocketAddressText("127.0.0.1:8080"))
        #expect(configuration.management == SocketAddressText("127.0.0.1:9464"))
        #expect(configuration.store.sqlitePath == "/etc/beckon/beckon.db")
        #expect(configuration.serverIDs.count == 1)
        #expect(configuration.cloudentity.first?.inbound.tenants == [.named("bank")])
        #expect(configuration.notify.map(\.channel.value) == ["console"])
        #expect(configuration.approval.tap)
        #expect(configuration.loginLimits.liveLoginsOfClient == nil)
        #expect(configuration.warnings.isEmpty)
    }

    @Test("has a valid example")
    func example() throws {
        let configuration = try Fixtures.parse(Fixtures.file("Config/beckon.example.json5"))
        let server = try #require(configuration.cloudentity.first)
        #expect(server.inbound.basePath == "/acp")
        #expect(server.inbound.peers.allowed.count == 2)
        #expect(server.inbound.peers.apiKey?.field == "x-api-key")
        #expect(configuration.listen.tls?.certificate == "/etc/beckon/tls/server.pem")
        #expect(configuration.notify.map(\.after) == [.zero])
        #expect(
            configuration.channels.map(\.id.value) == [
                "app", "mail", "gateway", "browser", "ios", "android", "sms",
            ]
        )
        let accounts = try #require(configuration.accounts)
        #expect(accounts.token?.withText { $0 } == "token")
        #expect(accounts.destination.certificate == "/etc/beckon/tls/beckon-client.pem")
    }

    @Test("has an example that is generated from the declared keys")
    func exampleIsGenerated() throws {
        #expect(
            try Fixtures.file("Config/beckon.example.json5") == ServiceConfiguration.example,
            "write it with: beckon check --example"
        )
    }

    @Test("has an example that shows the defaults")
    func exampleShowsDefaults() throws {
        let example = try Fixtures.parse(Fixtures.file("Config/beckon.example.json5"))
        let plain = try Fixtures.parse(Fixtures.minimal())
        let bank = "development: true, accounts: { url: \"https://bank.example/{user}\" },"
        let asking = try Fixtures.parse(Fixtures.minimal([("development: true,", bank)]))
        #expect(plain.accounts == nil)
        #expect(example.accounts?.timeLimit == asking.accounts?.timeLimit)
        #expect(example.listen.address == plain.listen.address)
        #expect(example.listen.loops == plain.listen.loops)
        #expect(example.management == plain.management)
        #expect(example.limits == plain.limits)
        var store = example.store
        #expect(store.postgres != nil)
        store.postgres = nil
        #expect(store == plain.store)
        #expect(example.engine == plain.engine)
        #expect(example.log.level == plain.log.level && example.log.format == plain.log.format)
        #expect(example.log.requests == plain.log.requests)
        #expect(example.approval.title == plain.approval.title)
        #expect(example.loginLimits.liveLoginsOfUser == plain.loginLimits.liveLoginsOfUser)
        #expect(example.loginLimits.startsOfUserAMinute == plain.loginLimits.startsOfUserAMinute)
        let shown = try #require(example.cloudentity.first)
        let server = try #require(plain.cloudentity.first)
        #expect(shown.inbound.decoding == server.inbound.decoding)
        #expect(shown.inbound.requiresLoginState == server.inbound.requiresLoginState)
        #expect(shown.inbound.timing.defaultLifetime == server.inbound.timing.defaultLifetime)
        #expect(shown.inbound.tenants == server.inbound.tenants)
        #expect(shown.outbound.domainMode == server.outbound.domainMode)
        #expect(shown.outbound.discovery == server.outbound.discovery)
        #expect(shown.authentication.method == server.authentication.method)
        #expect(shown.authentication.bindsTokens == server.authentication.bindsTokens)
        #expect(shown.outbound.scopes == server.outbound.scopes)
        #expect(shown.outbound.timeLimit == server.outbound.timeLimit)
        #expect(shown.inbound.reportsExpiry == server.inbound.reportsExpiry)
        #expect(shown.inbound.limits.sameConsent == server.inbound.limits.sameConsent)
        #expect(shown.outbound.lookup == server.outbound.lookup)
        let consents = (shown.outbound, server.outbound)
        #expect(consents.0.consentStyle == consents.1.consentStyle)
        let families = [consents.0, consents.1].map { $0.workspaces.standards.flatMap(\.families) }
        #expect(families[0].map(\.addresses) == families[1].map(\.addresses))
        for cause in RejectionCause.allCases {
            let codes = families.map { $0.map { $0.rejectionCode(cause) } }
            #expect(codes[0] == codes[1])
        }
        #expect(shown.inbound.timing.promptMargin == server.inbound.timing.promptMargin)
        #expect(shown.inbound.timing.reportMargin == server.inbound.timing.reportMargin)
    }

    @Test(
        "that calls the bank without credentials causes a warning",
        arguments: [true, false]
    )
    func bankWithoutProof(isDevelopment: Bool) throws {
        let text = """
            {
              development: \(isDevelopment),
              public_url: "https://login.example",
              authorization_servers: [
                {
                  id: "acp",
                  inbound: { basic: [ { user: "acp", password_hash: "\(Fixtures.hash)" } ] },
                  outbound: {
                    acp: "https://acp.example",
                    tenant: "bank",
                    client_id: "beckon",
                    client_secret: { env: "BECKON_ACP_CLIENT_SECRET" },
                  },
                },
              ],
              channels: { sms: { kind: "exec", argv: ["/bin/sms"] } },
              approval: { tap: true },
              accounts: { url: "https://bank.example/{user}" PROOF },
            }
            """
        for (proof, isWarned) in [
            ("", true), (", token: { env: \"ACCOUNTS_TOKEN\" }", false),
            (", certificate: \"tls/beckon-client.pem\", key: \"tls/beckon-client.key\"", false),
        ] {
            let configuration = try Fixtures.parse(text.replacing("PROOF", with: proof))
            let warned = configuration.warnings.contains { $0.path == "accounts" }
            #expect(warned == (isWarned && !isDevelopment))
        }
    }

    @Test("to start from is valid once its variables are set")
    func start() throws {
        let configuration = try Fixtures.parse(Fixtures.file("Config/beckon.json5"))
        #expect(!configuration.development)
        #expect(configuration.warnings.map(\.path) == ["approval.tap"])
    }

    @Test("of the container's example is valid")
    func container() throws {
        let configuration = try Fixtures.parse(Fixtures.file("docker/beckon.json5"))
        let credential = try #require(configuration.cloudentity.first?.inbound.peers.basic.first)
        #expect(credential.password.matches(Array("demo-password-between-acp-and-beckon".utf8)))
    }

    @Test("is read from a file, with paths relative to it")
    func load() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            UUID().uuidString
        )
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appendingPathComponent("b.json5")
        try Fixtures.minimal().write(to: file, atomically: true, encoding: .utf8)
        #expect(
            try ServiceConfiguration.load(file.path).store.sqlitePath == directory.path
                + "/beckon.db"
        )
        let absent = directory.appendingPathComponent("absent").path
        let error = #expect(throws: ConfigurationError.self) {
            try ServiceConfiguration.load(absent)
        }
        #expect(error?.problems.map(\.reason) == ["\(absent) does not exist"])
        #expect(throws: ConfigurationError.self) { try ServiceConfiguration.load(directory.path) }
    }
}

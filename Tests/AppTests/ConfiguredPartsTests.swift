import Engine
import HTTP
import Logins
import Telemetry
import TestSupport
import Testing

@testable import App
@testable import AuthorizationServers

@Suite("A key of the configuration")
struct ConfiguredPartsTests {
    /// What the parts of the service have of the keys; at first what they have without any key.
    struct Parts: Equatable, Sendable {
        var sameConsent = LoginLimits.SameConsent.keepFirst
        var reportsExpiry = PendingLogin.ExpiryRule.lodgedConsents
        /// Of the workspace `retail`: where starts are read, and where consents are.
        var takesFewerScopes = [false, false]
        var consentBaseURL: String?
        var scopeGrantBaseURL: String?
        var proxyResolves = false
        var allowsInternal = false
    }

    struct Row: Sendable, CustomTestStringConvertible {
        enum Group: Sendable { case outbound, webhook }

        let group: Group
        /// Key and value as they are written.
        let text: String
        let change: @Sendable (inout Parts) -> Void

        var testDescription: String { text }
    }

    static let rows = [
        Row(group: .outbound, text: "") { _ in },
        Row(group: .outbound, text: #"same_consent: "keep_first""#) { _ in },
        Row(group: .outbound, text: #"same_consent: "supersede""#) { $0.sameConsent = .supersede },
        Row(group: .outbound, text: #"reject_on_expiry: "never""#) { $0.reportsExpiry = .never },
        Row(group: .outbound, text: #"reject_on_expiry: "consents""#) { _ in },
        Row(group: .outbound, text: #"reject_on_expiry: "always""#) { $0.reportsExpiry = .always },
        Row(group: .outbound, text: "workspaces: { retail: { partial_scopes: true } }") {
            $0.takesFewerScopes = [true, true]
        },
        Row(group: .outbound, text: "workspaces: { other: { partial_scopes: true } }") { _ in },
        Row(group: .outbound, text: #"consent_base_url: "https://a.example/c""#) {
            $0.consentBaseURL = "https://a.example/c"
        },
        Row(group: .outbound, text: #"scope_grant_base_url: "https://a.example/g""#) {
            $0.scopeGrantBaseURL = "https://a.example/g"
        },
        Row(group: .webhook, text: "proxy_resolves: true") { $0.proxyResolves = true },
        Row(group: .webhook, text: "allow_internal: true") { $0.allowsInternal = true },
    ]

    @Test("sets its part of the service only", arguments: rows)
    func sets(row: Row) async throws {
        var expected = Parts()
        row.change(&expected)
        #expect(try await Self.parts(row) == expected)
    }

    private static func parts(_ row: Row) async throws -> Parts {
        let outbound = row.group == .outbound ? row.text : ""
        let webhook = row.group == .webhook ? row.text : ""
        let configuration = try ConfigurationFixtures.parse(
            ConfigurationFixtures.minimal([
                ("client_secret: \"secret\",", "client_secret: \"secret\", \(outbound)"),
                (
                    "console: { kind: \"console\" }",
                    """
                    app: { kind: "webhook", url: "https://push.bank.example",
                      secrets: [{ file: "secrets/webhook" }], \(webhook) }
                    """
                ),
            ])
        )
        let receiver = ScriptedServer { _, _ in .success(OutboundResponse(status: 204)) }
        let parts = ServiceParts(
            configuration,
            client: ScriptedServer { _, _ in .failure(.notSent("nobody is called")) },
            otherClient: receiver,
            clock: ManualClock(),
            log: .silent
        )
        let servers = try #require(configuration.authorizationServers.first as? CloudentityServers)
        let inbound = try #require(servers.inbound(within: configuration.loginLimits).first)
        let server = try #require(servers.servers.first).outbound
        let channel = try #require(parts.plan().steps.first).channel
        #expect(await channel.ask(prompt) == .delivered)
        let destination = try #require(receiver.requests.first).destination
        return Parts(
            sameConsent: inbound.limits.sameConsent,
            reportsExpiry: inbound.reportsExpiry,
            takesFewerScopes: [inbound.workspaces, server.workspaces].map {
                $0.workspaces[.named("retail")]?.allowsPartialScopes ?? false
            },
            consentBaseURL: server.consentBaseURL,
            scopeGrantBaseURL: server.scopeGrantBaseURL,
            proxyResolves: destination.proxyResolvesNames,
            allowsInternal: destination.allowsInternalAddresses
        )
    }

    private static let prompt = Prompt(
        number: LoginNumber(1),
        key: LoginKey(server: .named("acp"), tenant: .named("bank"), login: .named("l1")),
        user: User(id: .named("ann"), isActive: true),
        clientName: nil,
        scopes: ["openid"],
        bindingMessage: nil,
        received: Timestamp(milliseconds: 1_795_175_900_000),
        ends: Timestamp(milliseconds: 1_795_176_000_000),
        link: "https://login.example/approve/t",
        ticket: "t"
    )
}

import Commands
import Foundation
import HTTP
import Logins
import TestSupport
import Testing

@testable import App

/// `beckon check --online`: what each system answers, in a line of its own.
@Suite("The online check")
struct OnlineCheckTests {
    private typealias Fixtures = ConfigurationFixtures

    private static let clock = ManualClock(Timestamp(milliseconds: 1_900_000_000_000))

    /// Every kind of system that a configuration can name.
    private static let text = Fixtures.minimal([
        (
            "development: true,",
            """
            development: true,
            users: { kind: "http", http: { url: "https://directory.example/{user}" } },
            accounts: { url: "https://accounts.example/{user}" },
            """
        ),
        ("tenant: \"bank\",", "tenant: \"bank\", tenants: [\"bank\", \"shop\"], discovery: true,"),
        (
            "channels: { console: { kind: \"console\" } },",
            """
            channels: {
              app: {
                kind: "webhook", url: "https://push.example/", secrets: ["\(Fixtures.webhookSecret)"],
              },
              sms: { kind: "exec", argv: ["/bin/true"] },
              console: { kind: "console" },
            },
            """
        ),
    ])

    private static func report(
        about user: UserID? = nil,
        _ script: @escaping ScriptedServer.Script
    ) async throws -> (OnlineReport, [OutboundRequest]) {
        let server = ScriptedServer(script)
        let configuration = try Fixtures.parse(text)
        let report = await OnlineReport(
            try configuration.onlineChecks(about: user, server, clock)
        )
        return (report, server.requests)
    }

    /// A system in which everything works.
    @Sendable
    private static func healthy(
        _ request: OutboundRequest,
        _ number: Int
    ) -> Result<OutboundResponse, OutboundError> {
        let parts = HTTPAddress(request.url)
        let body: String
        switch parts?.host {
        case "directory.example": body = #"{"active": true, "channels": ["app"]}"#
        case "accounts.example": body = #"{"accounts": []}"#
        case "push.example": return .success(OutboundResponse(status: 204))
        default:
            let issuer = request.url.replacingOccurrences(
                of: "/.well-known/openid-configuration",
                with: ""
            )
            body =
                request.method == .get
                ? #"{"issuer": "\#(issuer)", "token_endpoint": "\#(issuer)/t"}"#
                : #"{"access_token": "a", "expires_in": 3600}"#
        }
        return .success(OutboundResponse(status: 200, body: Array(body.utf8)))
    }

    @Test("prints one line for each system, with what it answered")
    func lines() async throws {
        let (report, requests) = try await Self.report(Self.healthy)
        let server = "authorization_servers.acp"
        let endpoint = "the token endpoint is https://acp.example"
        let token = "issued for manage_scope_grants, renewed after 3590 s"
        #expect(
            report.lines == [
                "ok: users look-up: knows beckon-check, active, 1 channels",
                "ok: accounts accounts: lists 0 accounts of beckon-check",
                "ok: \(server) discovery for bank: \(endpoint)/bank/system/t",
                "ok: \(server) token for bank: \(token)",
                "ok: \(server) discovery for shop: \(endpoint)/shop/system/t",
                "ok: \(server) token for shop: \(token)",
                "ok: channels.app ping: status 204",
                "skipped: channels.sms command: running it could notify somebody",
            ]
        )
        #expect(report.failures == 0)
        let ping = try #require(requests.first { $0.url == "https://push.example" })
        #expect(String(decoding: ping.body, as: UTF8.self).contains(#""type":"beckon.ping""#))
        #expect(ping.fields.first("webhook-signature")?.hasPrefix("v1,") == true)
        #expect(!ping.destination.allowsInternalAddresses)
    }

    @Test(
        "says what went wrong, whatever it is, and for every system",
        arguments: [
            (.failure(.notSent("connection refused")), "connection refused"),
            (.failure(.ambiguous("timed out after 10 s")), "timed out after 10 s"),
            (.failure(.forbiddenAddress("10.0.0.1")), "10.0.0.1 is not a public address"),
            (.success(OutboundResponse(status: 401)), "401"),
            (.success(OutboundResponse(status: 503)), "503"),
        ] as [(Result<OutboundResponse, OutboundError>, String)]
    )
    func failures(_ answer: Result<OutboundResponse, OutboundError>, says: String) async throws {
        let (report, _) = try await Self.report { _, _ in answer }
        #expect(report.failures == 7)
        for line in report.lines where !line.hasPrefix("skipped") {
            #expect(line.hasPrefix("failed: ") && line.contains(says), "\(line)")
            #expect(!line.contains("("), "\(line) shows a value of Swift's")
        }
    }

    @Test("asks about the user who is named, and fails when nobody knows them")
    func user() async throws {
        let anna = try #require(UserID("anna@example.com"))
        let (known, requests) = try await Self.report(about: anna, Self.healthy)
        #expect(known.failures == 0)
        #expect(requests.map(\.url).contains("https://directory.example/anna%40example.com"))
        let (unknown, _) = try await Self.report(about: anna) { request, number in
            request.url.hasPrefix("https://directory")
                ? .success(OutboundResponse(status: 404)) : Self.healthy(request, number)
        }
        #expect(unknown.lines.first == "failed: users look-up: does not know anna@example.com")
        #expect(unknown.failures == 1)
    }

    @Test("takes 404 for a user who need not exist as an answer")
    func nobody() async throws {
        let (report, _) = try await Self.report { request, number in
            request.method == .get && !request.url.contains("acp.example")
                ? .success(OutboundResponse(status: 404)) : Self.healthy(request, number)
        }
        #expect(report.failures == 0)
        #expect(report.lines.first?.contains("does not know beckon-check, as expected") == true)
    }

    @Test("asks the database of the store first")
    func database() async throws {
        let text = Self.text.replacing(
            "channels: {",
            with:
                #"store: { postgres: { url: "postgresql://beckon@127.0.0.1:1/beckon" } }, channels: {"#,
            maxReplacements: 1
        )
        let configuration = try Fixtures.parse(text)
        let server = ScriptedServer(Self.healthy)
        let report = await OnlineReport(
            try configuration.onlineChecks(about: nil, server, Self.clock)
        )
        #expect(report.failures == 1)
        let line = try #require(report.lines.first)
        #expect(line.hasPrefix("failed: store database: "))
        #expect(line.contains("127.0.0.1:1"))
    }

    @Test("ends with exit code 69 when a system does not answer, and 78 for a wrong file")
    func exitCodes() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("a.json5")
        for (acp, code) in [("http://127.0.0.1:1", ExitCode.unavailable), ("no", .configuration)] {
            try Fixtures.minimal([("https://acp.example", acp)])
                .write(toFile: file, atomically: true, encoding: .utf8)
            let terminal = TestTerminal()
            let words = ["check", "--online", "--config", file]
            #expect(await CommandLineInterface.run(words, on: terminal) == code)
            let isAsked = terminal.output.contains("failed: authorization_servers.acp token: ")
            #expect(isAsked == (code == .unavailable), "\(terminal.output) \(terminal.errors)")
        }
        let terminal = TestTerminal()
        #expect(await CommandLineInterface.run(["check", "--user=a"], on: terminal) == .usage)
    }
}

import CurlClient
import Foundation
import HTTP
import Identity
import JSON
import Logins
import Net
import Lab
import Telemetry
import TestSupport
import Testing

@testable import App

@Suite("The accounts of a configured bank", .timeLimit(.minutes(3)))
struct BankAccountsTests {
    /// The directory that a configuration describes, at the simulated bank on a real socket.
    private static func asking(
        token: String = "demo-bank-token",
        _ body: @Sendable (any AccountDirectory) async throws -> Void
    ) async throws {
        let bank = SimulatedBank(token: "demo-bank-token")
        try await serving(bank.routes) { base in
            let client = CurlHTTPClient()
            defer { client.shutdown() }
            let section = """
                development: true, accounts: {
                  url: "\(base)\(SimulatedBank.path)", token: "\(token)", time_limit: "10s",
                },
                """
            let configuration = try ConfigurationFixtures.parse(
                ConfigurationFixtures.minimal([("development: true,", section)])
            )
            let parts = ServiceParts(
                configuration,
                client: ScriptedServer { _, _ in .failure(.notSent("not for accounts")) },
                otherClient: client,
                clock: ManualClock(),
                log: .silent
            )
            try await body(try #require(parts.accounts()))
        }
    }

    private static func serving(
        _ routes: [Route],
        _ body: @Sendable (String) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let server = try Server(
            ServerConfiguration(address: .loopback()),
            router: Router(routes),
            loops: group.loops
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            // On its own loop: other tests block threads of the shared pool for long.
            tasks.addTask(executorPreference: group.loops[0]) { await server.run() }
            defer { server.drain(within: .zero) }
            try await body("http://127.0.0.1:\(server.port)")
        }
    }

    @Test("are those of the simulated bank, in every variant")
    func listed() async throws {
        try await Self.asking { accounts in
            let anna = try await accounts.accounts(of: #require(UserID("anna@example.com")))
            #expect(Set(anna.compactMap(\.currency)) == ["GBP", "BRL", "AUD", "USD", "SAR"])
            #expect(Set(anna.map(\.kind)) == [.current, .savings, .card, .loan])
            let british = try #require(anna.first)
            let number = Consent.NamedAccount(
                scheme: "UK.OBIE.SortCodeAccountNumber",
                identification: "08080055779911"
            )
            #expect(british.number == number)
            let brazilian = Consent.NamedAccount(
                identification: "94088392",
                ispb: "12345678",
                issuer: "1774",
                accountType: "CACC"
            )
            #expect(anna.first { $0.currency == "BRL" }?.number == brazilian)
            #expect(anna.contains { $0.purposes.isEmpty })
            #expect(anna.contains { $0.purposes == [.sharing] })
            #expect(anna.filter { $0.currency == "USD" }.allSatisfy { $0.resourceType != nil })
            #expect(anna.filter { $0.currency == "AUD" }.allSatisfy { $0.customerID != nil })
            for name in ["oliver", "beatriz", "jack", "emily", "noura"] {
                let user = try #require(UserID("\(name)@example.com"))
                #expect(try await accounts.accounts(of: user).isEmpty == false)
            }
        }
    }

    @Test("of a user unknown to the bank are none", arguments: ["nobody", "a/b", "é?"])
    func nobody(name: String) async throws {
        try await Self.asking { accounts in
            let user = try #require(UserID(name))
            #expect(try await accounts.accounts(of: user) == [])
        }
    }

    @Test("are refused with another token")
    func otherToken() async throws {
        try await Self.asking(token: "another") { accounts in
            let anna = try #require(UserID("anna@example.com"))
            await #expect(throws: DirectoryError.unavailable("status 401")) {
                try await accounts.accounts(of: anna)
            }
        }
    }

    @Test("need a configured bank")
    func absent() throws {
        let nobody = ScriptedServer { _, _ in .failure(.notSent("nobody is called")) }
        let parts = ServiceParts(
            try ConfigurationFixtures.parse(ConfigurationFixtures.minimal()),
            client: nobody,
            otherClient: nobody,
            clock: ManualClock(),
            log: .silent
        )
        #expect(parts.accounts() == nil)
    }
}

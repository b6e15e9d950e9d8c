import App
import Commands
import Configuration
import Cryptography
import Foundation
import Lab
import Net
import TestSupport
import Testing

@testable import beckon_lab

@Suite("A command of beckon-lab")
struct LabCommandTests {
    private let program = LabCommandLine.program

    @Test("explains itself with each of its options")
    func help() async {
        for command in program.commands {
            let terminal = TestTerminal()
            let words = command.name.split(separator: " ").map(String.init) + ["--help"]
            #expect(await program.run(words, on: terminal) == .ok)
            #expect(terminal.output.contains("beckon-lab \(command.name)"))
            #expect(terminal.output.contains(command.summary))
            for option in command.options { #expect(terminal.output.contains("--\(option.name)")) }
            #expect(!terminal.output.split(separator: "\n").contains { $0.count > 100 })
        }
    }

    @Test("of the simulator explains every knob, with every value of the contract")
    func knobs() async throws {
        let terminal = TestTerminal()
        #expect(await program.run(["simulate", "acp", "--help"], on: terminal) == .ok)
        let lines = terminal.output.split(separator: "\n")
        for row in try ContractTests.rows() {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let name = cells[1].trimmingCharacters(in: ["`"])
            let start = try #require(lines.firstIndex(of: "  \(name)"), "no help for \(name)")
            let help = lines[(start + 1)...].prefix { $0.hasPrefix("      ") }.joined(
                separator: " "
            )
            for value in cells[2].split(separator: "`").enumerated() where value.offset % 2 == 0 {
                // Every second part is between back ticks; a cell may also begin with a number.
                #expect(
                    !cells[2].hasPrefix("`") || help.contains(value.element),
                    "\(name) has no \(value.element)"
                )
            }
        }
    }

    @Test(
        "rejects an invalid command line and names the error",
        arguments: [
            (["simulate", "acp", "--control=0.0.0.0:1"], "loopback"),
            (["simulate", "acp", "--mode=push"], "poll or ping"),
            (["simulate", "acp", "--mode=ping"], "--ping-url"),
            (["simulate", "acp", "--system-client-thumbprint=AAAA"], "32 bytes"),
            (["simulate", "bank", "--listen=bank"], "an address and a port"),
            (["simulate", "bnak"], "did you mean bank?"),
            (["demo", "--port=65536"], "0 to 65535"),
        ] as [([String], String)]
    )
    func usage(_ words: [String], says: String) async {
        let terminal = TestTerminal()
        #expect(await program.run(words, on: terminal) == .usage)
        #expect(terminal.errors.contains(says), "\(terminal.errors)")
        #expect(terminal.output.isEmpty)
    }

    private static func ports(host: String = "127.0.0.1") -> DemoConfiguration.Ports {
        DemoConfiguration.Ports(
            host: host,
            page: 1,
            service: 2,
            clients: 6,
            provider: 7,
            acp: 3,
            bank: 4,
            management: 5
        )
    }

    @Test("runs the demo with a valid configuration")
    func configuration() throws {
        let text = DemoConfiguration.text(Self.ports())
        let files = try DemoFiles(nil)
        defer { files.remove() }
        try files.makeCertificates()
        let configuration = try ServiceConfiguration.parse(
            text,
            in: .real(directory: files.path)
        )
        #expect(configuration.publicURL == "http://localhost:2")
        #expect(configuration.warnings.isEmpty, "\(configuration.warnings)")
        #expect(configuration.listen.address.port == 6)
        #expect(configuration.signIn.count == 2)
        let hash = try #require(text.firstMatch(of: /password_hash: "([^"]*)"/)?.1)
        let password = Array(DemoConfiguration.inboundPassword.utf8)
        #expect(SecretHash(String(hash))?.matches(password) == true)
        #expect(text.contains("http://127.0.0.1:4\(SimulatedBank.path)"))
    }

    @Test(
        "of the demo has a policy for each choice of the page, explained by beckon check",
        arguments: [("127.0.0.1", true), ("0.0.0.0", true), ("127.0.0.2", false)]
    )
    func policies(host: String, hasPasskeys: Bool) async throws {
        let ports = Self.ports(host: host)
        let files = try DemoFiles(nil)
        defer { files.remove() }
        try files.makeCertificates()
        try files.write(DemoConfiguration.text(ports), to: DemoConfiguration.fileName)
        let lines = try await files.explanation()
        let offered = DemoPolicy.all(hasPasskeys: ports.hasPasskeys)
        #expect(offered.contains { $0.id == "passkey" } == hasPasskeys)
        for policy in offered {
            let demand = try #require(policy.demand(in: lines), "\(policy.id): \(lines)")
            for method in policy.methods { #expect(demand.hasSuffix("(\(method))")) }
            // Both clients have the same rule.
            if policy.methods.isEmpty { continue }
            let rule = "client \(policy.client(.ping)): \(demand)"
            #expect(lines.contains { $0.hasSuffix(rule) })
        }
        let words = try DemoPolicy.Matching.all.enumerated().map {
            try #require($1.demand(in: lines, at: $0), "\($1.id): \(lines)")
        }
        #expect(Set(words).count == 4)
        // What the page gets is the same, or the demo does not start.
        let policies = try await DemoCommand.policies(ports, files)
        #expect(policies.approvals.count == offered.count && policies.matchings.count == 4)
    }
}

import Commands
import Foundation
import TestSupport
import Testing

@testable import App

@Suite("beckon notify-test")
struct NotifyTestTests {
    private let config: String
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        config = directory.file("beckon.json5")
        try ConfigurationFixtures.minimal([
            (
                "channels: { console: { kind: \"console\" } },",
                """
                channels: {
                  console: { kind: "console" },
                  works: { kind: "exec", argv: ["/bin/true"] },
                  fails: { kind: "exec", argv: ["/bin/false"] },
                  mail: { kind: "email", host: "127.0.0.1", port: 1, from: "a@bank.example" },
                },
                """
            )
        ]).write(toFile: config, atomically: true, encoding: .utf8)
    }

    private func run(_ words: String...) async -> (code: ExitCode, output: String, errors: String) {
        let terminal = TestTerminal()
        let code = await CommandLineInterface.run(words + ["--config", config], on: terminal)
        return (code, terminal.output, terminal.errors)
    }

    @Test(
        "prints what each channel of the user answered, and succeeds if all that were asked delivered",
        arguments: [
            (
                ["--channels=console,works"], ExitCode.ok,
                ["delivered: console", "delivered: works"]
            ),
            (
                ["--channels=works,mail"], .ok,
                ["delivered: works", "skipped: mail: the user has no address for it"]
            ),
            (
                ["--channels=works,fails"], .unavailable,
                ["delivered: works", "refused: fails: exit status 1"]
            ),
            (["--channels=mail"], .unavailable, ["skipped: mail: the user has no address for it"]),
            (
                ["--channels=mail", "--address=mail=anna@example.com"], .unavailable,
                ["later: mail: "]
            ),
        ]
    )
    func channels(_ options: [String], _ code: ExitCode, _ lines: [String]) async {
        let terminal = TestTerminal()
        let add = ["users", "add", "--user=anna", "--config", config] + options
        #expect(await CommandLineInterface.run(add, on: terminal) == .ok, "\(terminal.errors)")
        let result = await run("notify-test", "--user=anna")
        #expect(result.code == code, "\(result.errors)")
        for line in lines { #expect(result.output.contains(line), "\(result.output)") }
        #expect(result.output.contains("this is a test") == options[0].contains("console"))
    }

    @Test("sends nothing for a user who does not exist")
    func unknown() async {
        #expect(await run("users", "add", "--user=bob").code == .ok)
        let result = await run("notify-test", "--user=anna")
        #expect(result.code == .failed)
        #expect(result.errors.contains("there is no user anna"))
        #expect(!result.output.contains("delivered"))
    }

    @Test("users add refuses an address that is none, or of a channel that there is not")
    func addresses() async {
        for address in ["mail", "mail=", "mail=a b@c", "post=a@b", "=a@b"] {
            let result = await run("users", "add", "--user=anna", "--address=\(address)")
            #expect(result.code == .usage, "\(address)")
        }
    }
}

import Cryptography
import Foundation
import Notifications
import TestSupport
import Testing

@testable import App
@testable import Commands

@Suite("The command line")
struct CommandTests {
    private static func run(
        _ words: String...,
        input: [String] = []
    ) async -> (code: ExitCode, output: String, errors: String) {
        let terminal = TestTerminal(input: input)
        let code = await CommandLineInterface.run(words, on: terminal)
        return (code, terminal.output, terminal.errors)
    }

    @Test("has help with every command and exit code")
    func help() async {
        let (code, output, _) = await Self.run("--help")
        #expect(code == .ok)
        for command in CommandLineInterface.program.commands {
            #expect(output.contains(command.name))
        }
        for code in ExitCode.allCases { #expect(output.contains("\(code.rawValue)")) }
    }

    @Test("has help for each command with all its options")
    func commandHelp() async {
        for command in CommandLineInterface.program.commands {
            let terminal = TestTerminal()
            let words = command.name.split(separator: " ").map(String.init) + ["--help"]
            #expect(await CommandLineInterface.run(words, on: terminal) == .ok)
            #expect(terminal.output.contains("beckon \(command.name)"))
            #expect(terminal.output.contains(command.summary))
            for option in command.options { #expect(terminal.output.contains("--\(option.name)")) }
            #expect(!terminal.output.split(separator: "\n").contains { $0.count > 100 })
        }
    }

    @Test(
        "explains what it does not understand, with exit code 2",
        arguments: [
            ([], "a command is required"), (["srve"], "did you mean serve?"),
            (["xyzzy"], "is not a command"), (["users"], "needs one of: add, list"),
            (["users", "ad"], "did you mean add?"),
            (["logins", "xyzzy"], "its commands are list, show"),
            (["serve", "--confg=a"], "did you mean --config?"),
            (["serve", "config"], "options begin with --"),
            (["serve", "-c"], "options begin with --"),
            (["serve", "--config"], "needs a value: --config=FILE"),
            (["serve", "--config="], "is empty"),
            (["serve", "--config=a", "--config", "b"], "was given twice"),
            (["hash-secret", "--generate=yes"], "takes no value"),
            (["hash-secret", "--generate", "--generate"], "was given twice"),
            (["users", "add"], "--user is required"),
            (["users", "add", "--user=a\u{7}"], "control character"),
            (["logins", "show", "--number=x"], "whole number"),
            (["logins", "list", "--phase=over"], "settled or stranded, not over"),
            (["health", "--management=nowhere"], "an address and a port"),
            (["health", "--management=[::1]:1", "--config=a"], "cannot be combined"),
            (["clients", "keys"], "its commands are add"),
            (["completion"], "SHELL is required"),
            (["completion", "tcsh"], "must be bash, zsh or fish, not tcsh"),
        ] as [([String], String)]
    )
    func usage(_ words: [String], says: String) async {
        let terminal = TestTerminal()
        #expect(await CommandLineInterface.run(words, on: terminal) == .usage)
        #expect(terminal.errors.contains(says), "\(terminal.errors)")
        #expect(terminal.output.isEmpty)
    }

    @Test(
        "refuses what is not UTF-8 in every command, and names the option",
        arguments: CommandLineInterface.program.commands.flatMap { command in
            let name = command.name.split(separator: " ").map { Array($0.utf8) }
            let values = command.options.flatMap { option -> [([[UInt8]], String)] in
                guard case .text = option.value else { return [] }
                let word = Array("--\(option.name)".utf8)
                let says = "the value of --\(option.name) is not UTF-8"
                return [
                    (name + [word + [0x3D, 0x61, 0xFF]], says),
                    (name + [word, [0x61, 0xC3]], says),
                ]
            }
            return values + [
                (name + [[0xED, 0xA0, 0x80]], "argument \(name.count + 1) is not UTF-8"),
                ([[0xFF]] + name, "argument 1 is not UTF-8"),
            ]
        }
    )
    func bytes(_ words: [[UInt8]], says: String) async {
        let terminal = TestTerminal()
        #expect(await CommandLineInterface.program.run(words, on: terminal) == .usage)
        #expect(terminal.errors == "beckon: \(says)")
    }

    @Test("accepts a value after an equals sign or a space")
    func values() throws {
        let options: [CommandOption] = [.text("a", "A", ""), .flag("b", "")]
        for words in [["--a=x=y", "--b"], ["--b", "--a", "x=y"]] {
            let parsed = try ParsedArguments(words, options: options)
            #expect(parsed.text("a") == "x=y")
            #expect(parsed.has("b"))
        }
    }

    @Test("shows the version")
    func version() async {
        #expect(await Self.run("version").output == "beckon \(Version.number)")
        #expect(await Self.run("--version").output == "beckon \(Version.number)")
    }

    @Test("checks a configuration and lists every problem, with exit code 78")
    func check() async throws {
        let directory = try TemporaryDirectory()
        let good = directory.file("good.json5")
        try ConfigurationFixtures.minimal().write(toFile: good, atomically: true, encoding: .utf8)
        let fine = await Self.run("check", "--config", good)
        #expect(fine.code == .ok)
        #expect(
            fine.output.split(separator: "\n") == [
                "\(good) is valid",
                "approval, profile basic: the first rule that matches decides",
                "  1. default: every login: a tap by whoever has the link (tap)",
                "  declining needs no method",
            ]
        )

        let bad = directory.file("bad.json5")
        try "{ colour: 1, log: { level: 2 } }".write(toFile: bad, atomically: true, encoding: .utf8)
        let wrong = await Self.run("check", "--config", bad)
        #expect(wrong.code == .configuration)
        #expect(wrong.errors.contains("colour: is not a known key"))
        #expect(wrong.errors.contains("log.level: must be a text, not a number"))
        #expect(wrong.errors.contains("public_url: is missing"))
        #expect(await Self.run("check", "--config", directory.file("none")).code == .configuration)
    }

    @Test(
        "finds the service's health by the management address of the configuration",
        arguments: [
            ("{ management: { address: '127.0.0.1:1' } }", "127.0.0.1:1"),
            ("{ management: { address: '0.0.0.0:1' } }", "127.0.0.1:1"),
            ("{ management: { address: '[::]:1' }, public_url: 7 }", "[::1]:1"),
        ]
    )
    func health(_ configuration: String, asks address: String) async throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("beckon.json5")
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        let (code, _, errors) = await Self.run("health", "--ready", "--config", file)
        #expect(code == .unavailable)
        #expect(errors.contains("http://\(address)/health/ready"))
        try "{ management: { address: 'x' } }".write(
            toFile: file,
            atomically: true,
            encoding: .utf8
        )
        #expect(await Self.run("health", "--config", file).code == .configuration)
    }

    @Test(
        "completes commands, options and values as they are declared",
        arguments: [
            (["us"], ["users"]), (["users", "re"], ["remove"]),
            (["users", "add", "--us"], ["--user="]),
            (["logins", "list", "--phase", "=", "se"], ["settled"]),
            (["logins", "list", "--phase", "st"], ["stranded"]),
            (["serve", "--cr"], ["--crash-reports"]), (["completion", "f"], ["fish"]),
            (["logins", "show", "--number", "=", ""], []),
            (["serve", "--config", "=", "/et"], ["/etc"]),
            (["keys", "show", "/et"], ["/etc"]),
            (["users", "add", "--user", "ann", "--lang"], ["--language="]),
            (["clients", "ke"], ["keys"]), (["clients", "keys", "re"], ["remove"]),
            (["clients", "keys", "add", "--ov"], ["--overlap-days="]),
            (["clients", "add", "--sec"], ["--secret-hash="]),
        ] as [([String], [String])]
    )
    func completion(_ words: [String], proposes proposals: [String]) async throws {
        let script = await Self.run("completion", "bash").output
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        let list = (["beckon"] + words).map { "'\($0)'" }.joined(separator: " ")
        process.arguments = [
            "-c",
            "compopt() { :; }; " + script + "\nCOMP_WORDS=(\(list)); COMP_CWORD=\(words.count); "
                + "_beckon; printf '%s\\n' \"${COMPREPLY[@]}\"",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(
            decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(),
            as: UTF8.self
        )
        process.waitUntilExit()
        #expect(output.split(separator: "\n").map(String.init) == proposals)
    }

    @Test("names every command and option in the completion of each shell")
    func completions() async throws {
        for shell in CompletionShell.allCases {
            let (code, script, _) = await Self.run("completion", shell.rawValue)
            #expect(code == .ok)
            for command in CommandLineInterface.program.commands {
                for word in command.name.split(separator: " ") { #expect(script.contains(word)) }
                for option in command.options {
                    let name = shell == .fish ? "-l \(option.name)" : "--\(option.name)"
                    #expect(script.contains(name), "\(shell): \(name)")
                }
            }
            let directory = try TemporaryDirectory()
            let file = directory.file("script")
            try script.write(toFile: file, atomically: true, encoding: .utf8)
            let path = "/bin/\(shell.rawValue)"
            guard FileManager.default.isExecutableFile(atPath: path) else { continue }
            let check = try Process.run(URL(filePath: path), arguments: ["-n", file])
            check.waitUntilExit()
            #expect(check.terminationStatus == 0, "\(shell) can read it")
        }
    }

    /// The files that must be private: each of the configuration's secrets and keys, whatever its use.
    private static let privateFiles = [
        "beckon.json5", "beckon.db", "server.key", "client.key", "secret", "webhook", "directory",
        "bank", "password",
    ]

    @Test(
        "warns of each private file that other users can read or change, and of no other",
        arguments: privateFiles + ["server.pem", "client.pem"],
        [0o600, 0o640, 0o660, 0o644, 0o602]
    )
    func modes(_ name: String, _ mode: Int) async throws {
        let directory = try TemporaryDirectory()
        let certificates = try ConfigurationFixtures.certificates.get()
        let files: [String: [UInt8]] = [
            "beckon.json5": Array(Self.withPrivateFiles.utf8), "beckon.db": [],
            "server.pem": try certificates.bytes(certificates.certificate("beckon-client")),
            "server.key": try certificates.bytes(certificates.key("beckon-client")),
            "client.pem": try certificates.bytes(certificates.certificate("other-client")),
            "client.key": try certificates.bytes(certificates.key("other-client")),
            "secret": Array("a long enough secret".utf8), "directory": Array("token".utf8),
            "webhook": Array(ConfigurationFixtures.webhookSecret.utf8),
            "bank": Array("token".utf8), "password": Array(ConfigurationFixtures.hash.utf8),
        ]
        for (file, bytes) in files {
            _ = FileManager.default.createFile(
                atPath: directory.file(file),
                contents: Data(bytes),
                attributes: [.posixPermissions: file == name ? mode : 0o600]
            )
        }
        let (code, output, errors) = await Self.run(
            "check",
            "--config",
            directory.file("beckon.json5")
        )
        #expect(code == .ok, "\(errors)")
        let warning = "\(directory.file(name)) can be read or changed by other users"
        let isPrivate = Self.privateFiles.contains(name)
        #expect((output + errors).contains(warning) == (isPrivate && mode & 0o006 != 0))
        // Of a certificate it matters who can change it.
        let warns = mode & (isPrivate ? 0o006 : 0o002) != 0
        #expect((output + errors).contains("other users") == warns)
    }

    private static let withPrivateFiles = ConfigurationFixtures.minimal([
        (
            "development: true,",
            """
            development: true,
            listen: { tls: { certificate: "server.pem", key: "server.key" } },
            users: { kind: "http", http: { url: "https://directory.example/{user}", token: { file: "directory" } } },
            accounts: { url: "https://bank.example/{user}", token: { file: "bank" } },
            """
        ),
        (
            "client_secret: \"secret\"",
            "client_secret: { file: \"secret\" }, certificate: \"client.pem\", key: \"client.key\""
        ),
        ("\"\(ConfigurationFixtures.hash)\"", "{ file: \"password\" }"),
        (
            "console: { kind: \"console\" }",
            """
            app: { kind: "webhook", url: "https://push.example/", secrets: [{ file: "webhook" }] }
            """
        ),
    ])

    @Test("hashes a strong secret")
    func hashSecret() async throws {
        let (code, output, errors) = await Self.run(
            "hash-secret",
            input: ["orbit mellow cactus trombone fig"]
        )
        #expect(code == .ok)
        #expect(!(output + errors).contains("cactus"))
        let hash = try #require(SecretHash(output))
        #expect(hash.matches(Array("orbit mellow cactus trombone fig".utf8)))
    }

    @Test(
        "refuses to hash a weak secret unless told to",
        arguments: [
            "short", "0123456789012345678", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "абвгд",
            // Repeats, sequences, rows of a keyboard and common words, also in other spellings.
            "passwordpassword1234", "Passw0rd!Passw0rd!Passw0rd!", "abcdefghijklmnopqrstuvwxyz",
            "zyxwvutsrqponmlkjihgfedcba", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn",
            "kX9#vQ2mkX9#vQ2mkX9#vQ2m", "administrator-password-2026", "LetMeInLetMeIn12345678",
            "correct horse battery staple", "Correct-Horse-Battery-Staple",
            "c0rrect.h0rse.battery.staple",
            "a1b2c3d4e5f6g7h8i9j0", "1a2b3c4d5e6f7g8h9i0j", "ab12cd34ef56gh78ij90",
            "z9y8x7w6v5u4t3s2r1q0", "MyDogsNameIsRex2024!!", "my-cats-name-is-tom-99",
            "to be or not to be that is", "To-Be-Or-Not-To-Be-That-Is",
            "Liverpool-Football-Club-1892",
            "jesus christ is lord", "May the force be with you!", "this is the best band",
            "changemechangeme-please", "Summer2025Winter2026Spring", "12345678901234567890abcdef",
        ]
    )
    func weakSecret(_ secret: String) async {
        let refused = await Self.run("hash-secret", input: [secret])
        #expect(refused.code == .failed)
        #expect(refused.output.isEmpty)
        #expect(!refused.errors.contains(secret))
        let taken = await Self.run("hash-secret", "--allow-weak", input: [secret])
        #expect(SecretHash(taken.output)?.matches(Array(secret.utf8)) ?? false)
        #expect(await Self.run("hash-secret", input: []).code == .failed)
    }

    @Test(
        "accepts generated secrets and long phrases",
        arguments: [
            "orbit mellow cactus trombone fig", "cleft cam synod lacy yr",
            "gravy-polka-unzip-quill-ember",
            "GravyPolkaUnzipQuillEmber", "N70mSWBOIiX5yM7fDviJ7w==", "KRUGKIDROVUWG2ZAMJZG653OEB",
            "MyIsToBeOrNotXq7LpVwZr2kT", "not-a-secret-but-long-enough", "tq7vbn2kx9wz4hd8mfj3",
            "9f86d081884c7d659a2feaa0c55ad015", "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "xkqvzjwmtrbnhdgplfcs", "Zm9vYmFyIHNlY3JldA8s7dQ==",
        ]
    )
    func strong(_ secret: String) {
        #expect(HashSecretCommand.weakness(of: secret) == nil, "\(SecretStrength.bits(of: secret))")
    }

    @Test("accepts 16 random bytes in every usual notation")
    func random() {
        for _ in 1...300 {
            let bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
            let hex = bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
            for secret in [hex.joined(), Base64.encode(bytes), Base64URL.encode(bytes)] {
                #expect(HashSecretCommand.weakness(of: secret) == nil, "\(secret)")
            }
        }
    }

    @Test("generates a secret with its hash, and a key for a webhook")
    func generate() async throws {
        let (code, output, errors) = await Self.run("hash-secret", "--generate")
        #expect(code == .ok)
        let secret = try #require(errors.split(separator: " ").last)
        #expect(SecretHash(output)?.matches(Array(secret.utf8)) ?? false)
        #expect(HashSecretCommand.weakness(of: String(secret)) == nil)
        let key = await Self.run("hash-secret", "--webhook").output
        #expect(WebhookSecret(key) != nil)
    }

    @Test("reports that no service responds, with exit code 69")
    func health() async {
        // Port 1 of the loopback: reserved, and nobody listens there.
        let (code, _, errors) = await Self.run("health", "--management=127.0.0.1:1")
        #expect(code == .unavailable)
        #expect(errors.contains("no response from http://127.0.0.1:1/health/live"))
    }
}

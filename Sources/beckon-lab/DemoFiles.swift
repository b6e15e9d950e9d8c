import App
import Commands
import Glibc
import Lab
import Threads

/// The folder of a demo: its configuration, its store, and the certificates of Beckon and of the
/// bank's clients.
struct DemoFiles {
    let path: String
    private let isTemporary: Bool

    /// A chosen folder, which is kept, or a temporary one.
    init(_ chosen: String?) throws {
        isTemporary = chosen == nil
        if let chosen {
            try Files.makeDirectory(chosen)
            // Commands on the demo's page must work from any folder.
            guard let real = realpath(chosen, nil) else {
                throw CommandFailure(.failed, "\(chosen) cannot be used")
            }
            defer { free(real) }
            path = String(cString: real)
        } else {
            path = try Files.makeTemporaryDirectory("beckon-demo")
        }
    }

    func remove() {
        if isTemporary { Files.removeDirectory(path) }
    }

    /// Makes the certificates that are missing.
    func makeCertificates() throws {
        for name in ["tls", BankBackend.bank, BankBackend.robot]
        where access("\(path)/\(name).key", F_OK) != 0 {
            let made = try SelfSignedCertificate(name: name, days: 30, now: MachineClock().now())
            try write(made.certificate, to: name + ".pem")
            try write(made.publicKey, to: name + ".pub")
            try write(made.privateKey, to: name + ".key")
        }
    }

    /// Writes a file that only its owner may read.
    func write(_ text: String, to name: String) throws {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw CommandFailure(.failed, "\(path)/\(name) cannot be written") }
        defer { close(file) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else {
                throw CommandFailure(.failed, "\(path)/\(name) cannot be written")
            }
            bytes = bytes.dropFirst(count)
        }
    }

    func read(_ name: String) throws -> String {
        guard let file = fopen("\(path)/\(name)", "r") else {
            throw CommandFailure(.failed, "\(path)/\(name) cannot be read")
        }
        defer { fclose(file) }
        let longest = 65_536
        var bytes = [UInt8](repeating: 0, count: longest)
        let count = fread(&bytes, 1, longest, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// What `beckon check` says of the configuration.
    func explanation() async throws -> [String] {
        let terminal = LastWords()
        let code = await CommandLineInterface.run(
            ["check", "--config=\(path)/\(DemoConfiguration.fileName)"],
            on: terminal
        )
        guard code == .ok else { throw CommandFailure(code, terminal.text) }
        return terminal.lines
    }

    /// Registers the bank's clients with the commands that an operator uses, unless a kept folder has
    /// them already.
    func registerClients() async throws {
        let bank = [
            "--id=\(BankBackend.bank)", "--type=user", "--name=Demo bank",
            "--auth=self_signed_tls_client_auth", "--key=\(path)/\(BankBackend.bank).pem",
            "--scope=backend:consents,backend:users",
        ]
        let robot = [
            "--id=\(BankBackend.robot)", "--type=delegated", "--name=Payout robot",
            "--auth=private_key_jwt", "--key=\(path)/\(BankBackend.robot).pub",
            "--kid=\(BankBackend.robotKey)", "--scope=logins:read,logins:decide",
            "--source-address=127.0.0.0/8",
        ]
        for client in [bank, robot] {
            let config = "--config=\(path)/\(DemoConfiguration.fileName)"
            let terminal = LastWords()
            let isKnown = await CommandLineInterface.run(
                ["clients", "show", client[0], config],
                on: terminal
            )
            if isKnown == .ok { continue }
            let code = await CommandLineInterface.run(
                ["clients", "add"] + client + [config],
                on: terminal
            )
            guard code == .ok else { throw CommandFailure(code, terminal.text) }
        }
    }
}

/// A terminal that keeps the lines that a command printed, and its last error.
private final class LastWords: Terminal {
    private let said = Locked("")
    private let printed = Locked<[String]>([])
    var text: String { said.withLock { $0 } }
    var lines: [String] { printed.withLock { $0 } }

    func output(_ line: String) { printed.withLock { $0.append(line) } }
    func error(_ line: String) { said.withLock { $0 = line } }
    func readSecret(prompt: String) -> String? { nil }
}

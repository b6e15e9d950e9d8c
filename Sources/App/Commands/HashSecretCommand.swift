import Commands
import Cryptography

/// `beckon hash-secret`: makes what stands in a configuration instead of a password.
struct HashSecretCommand: Subcommand {
    static let name = "hash-secret"
    static let summary = "Hashes a secret for the configuration, or makes a new one."
    static let details = """
        Without --generate, one line is read from standard input (not echoed) and its hash printed.
        With --generate, a new secret is made; it is printed to standard error, once, and its hash to
        standard output.

        The hash is one salted SHA-256, because it is compared for every request. That is safe only
        for secrets that cannot be guessed, so ones that look guessable are refused.
        """
    static let options: [CommandOption] = [
        .flag("generate", "Makes a secret of 256 random bits."),
        .flag("webhook", "Makes a whsec_ key for a webhook channel; it is not hashed."),
        .flag("allow-weak", "Takes a secret that could be guessed."),
    ]
    /// Shorter ones are refused.
    static let minimumLength = 20
    /// With fewer different characters than this, length says little.
    static let minimumVariety = 8

    private let generates: Bool
    private let isWebhook: Bool
    private let allowsWeak: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        generates = arguments.has("generate")
        isWebhook = arguments.has("webhook")
        allowsWeak = arguments.has("allow-weak")
        if isWebhook, generates || allowsWeak {
            throw CommandFailure(.usage, "--webhook stands alone")
        }
    }

    func run(_ terminal: any Terminal) async throws {
        if isWebhook {
            terminal.output("whsec_" + Base64.encode(Random.bytes(32)))
            return
        }
        if generates {
            let secret = Base64URL.encode(Random.bytes(32))
            terminal.error("The secret, shown once: \(secret)")
            terminal.output(SecretHash(of: Array(secret.utf8)).text)
            return
        }
        guard let secret = terminal.readSecret(prompt: "Secret: "), !secret.isEmpty else {
            throw CommandFailure(.failed, "there is no secret on standard input")
        }
        if !allowsWeak, let weakness = Self.weakness(of: secret) {
            throw CommandFailure(
                .failed,
                "the secret \(weakness); make one with --generate, or insist with --allow-weak"
            )
        }
        terminal.output(SecretHash(of: Array(secret.utf8)).text)
    }

    /// Why a secret could be guessed, nil when nothing is to be seen.
    static func weakness(of secret: String) -> String? {
        if secret.count < minimumLength { return "has fewer than \(minimumLength) characters" }
        if Set(secret).count < minimumVariety {
            return "has fewer than \(minimumVariety) different characters"
        }
        return nil
    }
}

import Commands
import Cryptography

/// `beckon hash-secret`: hashes a password for a configuration.
struct HashSecretCommand: Subcommand {
    static let name = "hash-secret"
    static let summary = "Hash a secret for the configuration, or generate one."
    static let details = """
        Without --generate or --webhook, it reads one line from standard input (not echoed) and
        prints its hash.
        With --generate, it prints a new secret to standard error and its hash to standard output.

        The hash is one round of salted SHA-256, because it is computed for every request. That is
        only safe for secrets that cannot be guessed, so weak ones are refused.
        """
    static let options: [CommandOption] = [
        .flag("generate", "Generate a secret of 256 random bits."),
        .flag("webhook", "Generate a whsec_ key for a webhook channel. It is not hashed."),
        .flag("allow-weak", "Accept a weak secret."),
    ]
    /// Shorter secrets are refused.
    static let minimumLength = 20
    /// Secrets with fewer different characters are refused, whatever their length.
    static let minimumVariety = 8

    private let generates: Bool
    private let isWebhook: Bool
    private let allowsWeak: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        generates = arguments.has("generate")
        isWebhook = arguments.has("webhook")
        allowsWeak = arguments.has("allow-weak")
        if isWebhook, generates || allowsWeak {
            throw CommandFailure(.usage, "--webhook cannot be combined with other options")
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
            throw CommandFailure(.failed, "no secret on standard input")
        }
        // Standard input is read with this in place of what is not UTF-8.
        guard !secret.unicodeScalars.contains("\u{FFFD}") else {
            throw CommandFailure(.failed, "the secret is not UTF-8")
        }
        if !allowsWeak, let weakness = Self.weakness(of: secret) {
            throw CommandFailure(
                .failed,
                "the secret \(weakness); generate one with --generate, or use --allow-weak"
            )
        }
        terminal.output(SecretHash(of: Array(secret.utf8)).text)
    }

    /// Why a secret is weak; nil if it does not look so.
    static func weakness(of secret: String) -> String? {
        if secret.count < minimumLength { return "has fewer than \(minimumLength) characters" }
        if Set(secret).count < minimumVariety {
            return "has fewer than \(minimumVariety) different characters"
        }
        if SecretStrength.bits(of: secret) < SecretStrength.required {
            return "is made of repeats, sequences or common words"
        }
        return nil
    }
}

import Commands
import Configuration
import Endpoints
import Logins

/// `beckon check`: checks a configuration.
struct CheckCommand: Subcommand {
    static let name = "check"
    static let summary = "Check a configuration and list every problem."
    static let details = """
        Also checks the files and environment variables that the configuration names. Does not open
        the store, listen on a port or change anything. Prints what counts as approval for what, and the
        contrasts of the colors of branding.theme. Exit code 78 if there is a problem.

        --online then calls every system that the configuration names: it requests a token from each
        authorization server, sends a signed ping ("type": "beckon.ping") to each webhook, looks up
        a user in the directory, lists accounts at the bank and asks PostgreSQL whether it can hold
        the store. It prints one line for each system:
        ok, failed or skipped, and its response. The time limits are those of the configuration.
        Exit code 69 if one failed.
        """
    static let options: [CommandOption] = [
        .config,
        .flag("example", "Print an example with every key, its description and its default."),
        .flag("online", "Also call every system that the configuration names."),
        .text("user", "IDENTIFIER", "With --online: a user whom the directory must know."),
    ]

    private let config: String
    private let printsExample: Bool
    private let isOnline: Bool
    private let user: UserID?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.config
        printsExample = arguments.has("example")
        isOnline = arguments.has("online")
        user = try arguments.text("user").map { text throws(CommandFailure) in
            guard let user = UserID(text) else {
                throw CommandFailure(.usage, "--user is too long or has a control character")
            }
            return user
        }
        if user != nil, !isOnline { throw CommandFailure(.usage, "--user needs --online") }
    }

    /// Loads certificates as the listeners do.
    private static func checkListeners(
        _ configuration: ServiceConfiguration
    ) throws(ConfigurationError) {
        let listen = configuration.listen
        let listeners: [(path: String, tls: TLSListenSettings?)] = [
            ("listen.tls", listen.tls), ("listen.servers.tls", listen.servers?.tls),
            ("listen.people.tls", listen.people?.tls),
            ("management.tls", configuration.managementListener.tls),
        ]
        let problems = listeners.compactMap { listener in
            listener.tls?.obstacle.map {
                ConfigurationProblem(path: listener.path, line: nil, reason: $0)
            }
        }
        if !problems.isEmpty { throw ConfigurationError(problems) }
    }

    func run(_ terminal: any Terminal) async throws {
        if printsExample {
            terminal.output(String(ServiceConfiguration.example.dropLast()))
            return
        }
        let configuration = try ServiceConfiguration.load(config)
        try Self.checkListeners(configuration)
        for warning in configuration.warnings { terminal.error("warning: \(warning)") }
        terminal.output("\(config) is valid")
        for line in configuration.approval.policy.explanation { terminal.output(line) }
        for line in NumberSettings.explanation(of: configuration) { terminal.output(line) }
        if let theme = configuration.branding.theme {
            terminal.output("branding.theme: \(theme.report.joined(separator: ", "))")
        }
        guard isOnline else { return }
        let report = try await Composition.ask(configuration, about: user)
        for line in report.lines { terminal.output(line) }
        if report.failures > 0 {
            throw CommandFailure(
                .unavailable,
                "\(report.failures) of \(report.lines.count) checks failed"
            )
        }
    }
}

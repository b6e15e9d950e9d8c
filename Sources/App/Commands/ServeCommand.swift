import Commands
import Configuration

/// `beckon serve`: the service.
struct ServeCommand: Subcommand {
    static let name = "serve"
    static let summary = "Runs the service until SIGTERM."
    static let details = """
        SIGTERM and SIGINT let requests under way finish (limits.drain), a second one does not wait.
        SIGHUP reads the listener's certificate again, and what proves us to authorization servers.
        """
    static let options: [CommandOption] = [.config]
    static let handlesSignals = true

    private let config: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
    }

    func run(_ terminal: any Terminal) async throws {
        try await Composition.serve(ServiceConfiguration.load(config))
    }
}

/// `beckon check`: says what is wrong with a configuration.
struct CheckCommand: Subcommand {
    static let defaultConfig = "Config/beckon.json5"
    static let name = "check"
    static let summary = "Check a configuration and list every problem."
    static let details = """
        Also checks the files and environment variables that the configuration names. Does not open,
        start or change anything. Exit code 78 if there is a problem.
        """
    static let options: [CommandOption] = [
        .config,
        .flag("example", "Print an example with every key, its description and its default."),
    ]

    private let config: String
    private let printsExample: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: Self.defaultConfig)
        printsExample = arguments.has("example")
    }

    func run(_ terminal: any Terminal) async throws {
        if printsExample {
            terminal.output(String(ServiceConfiguration.example.dropLast()))
            return
        }
        let configuration = try ServiceConfiguration.load(config)
        for warning in configuration.warnings { terminal.error("warning: \(warning)") }
        terminal.output("\(config) is good")
    }
}

/// `beckon version`: which Beckon this is.
struct VersionCommand: Subcommand {
    static let name = "version"
    static let summary = "Says which Beckon this is."
    static let options: [CommandOption] = []

    init(_ arguments: ParsedArguments) throws(CommandFailure) {}

    func run(_ terminal: any Terminal) async throws { terminal.output("beckon \(Version.number)") }
}

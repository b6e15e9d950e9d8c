/// `beckon serve`: the service.
struct ServeCommand: Command {
    static let name = "serve"
    static let summary = "Runs the service until SIGTERM."
    static let details = """
        SIGTERM and SIGINT let requests under way finish (limits.drain), a second one does not wait.
        SIGHUP reads the listener's certificate again, and what proves us to authorization servers.
        """
    static let options: [CommandOption] = [.config]

    private let config: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
    }

    func run(_ terminal: any Terminal) async throws {
        try await Composition.serve(Configuration.load(config))
    }
}

/// `beckon check`: says what is wrong with a configuration.
struct CheckCommand: Command {
    static let defaultConfig = "Config/beckon.json5"
    static let name = "check"
    static let summary = "Checks a configuration and says everything that is wrong with it."
    static let details = """
        Files and environment variables that it names are looked at too. Nothing is opened, started
        or changed. Exit code 78 when something is wrong.
        """
    static let options: [CommandOption] = [.config]

    private let config: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: Self.defaultConfig)
    }

    func run(_ terminal: any Terminal) async throws {
        let configuration = try Configuration.load(config)
        for warning in configuration.warnings { terminal.error("warning: \(warning)") }
        terminal.output("\(config) is good")
    }
}

/// `beckon version`: which Beckon this is.
struct VersionCommand: Command {
    static let name = "version"
    static let summary = "Says which Beckon this is."
    static let options: [CommandOption] = []

    init(_ arguments: ParsedArguments) throws(CommandFailure) {}

    func run(_ terminal: any Terminal) async throws { terminal.output(Version.text) }
}

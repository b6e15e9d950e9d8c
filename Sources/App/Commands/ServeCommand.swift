import Commands
import Configuration
import Cryptography
import Net

/// `beckon serve`: the service.
struct ServeCommand: Subcommand {
    static let name = "serve"
    static let summary = "Run the service until SIGTERM."
    static let details = """
        SIGTERM and SIGINT let running requests finish (limits.drain); a second one stops at once.
        SIGHUP reloads the listener's certificate and the credentials for authorization servers.

        beckon check --example prints every key of the configuration.
        """
    static let options: [CommandOption] = [
        .config,
        .flag(
            "crash-reports",
            "Allow backtraces and core dumps, which can contain secrets. For debugging only."
        ),
    ]
    static let handlesSignals = true

    static func prepare() { Algorithms.load() }

    private let config: String
    private let reportsCrashes: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.config
        reportsCrashes = arguments.has("crash-reports")
    }

    func run(_ terminal: any Terminal) async throws {
        if !reportsCrashes { CrashReports.suppress() }
        try await Composition.serve(ServiceConfiguration.load(config))
    }
}

/// `beckon version`: the version of Beckon.
struct VersionCommand: Subcommand {
    static let name = "version"
    static let summary = "Show the version of Beckon."
    static let options: [CommandOption] = []

    init(_ arguments: ParsedArguments) throws(CommandFailure) {}

    func run(_ terminal: any Terminal) async throws { terminal.output("beckon \(Version.number)") }
}

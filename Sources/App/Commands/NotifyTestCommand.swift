import Commands
import Configuration
import Logins

/// `beckon notify-test`: sends a user a test message through each channel.
struct NotifyTestCommand: Subcommand {
    static let name = "notify-test"
    static let summary = "Send a user a test message through each channel."
    static let details = """
        The message is marked as a test (webhooks and commands get "test": true). There is no login, so
        it has no link and nothing to answer. Prints one line for each channel: delivered, later, refused
        or gone, with the reason, or skipped if the user may not be notified through it or has no address
        for it. Nothing is sent again.

        Exit code 0 if every channel that was asked has delivered, 69 if not or if none was asked.
        """
    static let options: [CommandOption] = [
        .config,
        .text(
            "user",
            "IDENTIFIER",
            "The identifier that the authorization server uses.",
            required: true
        ),
    ]

    private let config: String
    private let user: UserID

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.config
        user = try arguments.user()
    }

    func run(_ terminal: any Terminal) async throws {
        let configuration = try ServiceConfiguration.load(config)
        let report = try await Composition.notify(user, configuration, terminal)
        for line in report.lines { terminal.output(line) }
        if report.asked == 0 {
            throw CommandFailure(.unavailable, "no channel can notify \(user)")
        }
        if report.delivered < report.asked {
            throw CommandFailure(
                .unavailable,
                "\(report.asked - report.delivered) of \(report.asked) channels did not deliver"
            )
        }
    }
}

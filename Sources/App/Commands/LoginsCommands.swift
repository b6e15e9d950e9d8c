import Commands
import Configuration
import HTTP
import Logins

/// `beckon logins list`: the logins in a phase, one per line.
struct ListLogins: StoreAction {
    static let name = "logins list"
    static let summary = "List logins, by default those with a stranded report."
    static let details = """
        Tab-separated, one login per line: number, phase, outcome, time of arrival, attempts and, for
        stranded logins, the reason. It contains no personal data; logins show does.
        """
    static let options: [CommandOption] = [
        .text(
            "phase",
            "PHASE",
            "preparing, waiting, reporting, settled or stranded.",
            default: "stranded"
        ),
        .text("after", "NUMBER", "Only logins with a higher number."),
        .text("limit", "COUNT", "Maximum number of logins.", default: "100"),
    ]

    private let phase: PendingLogin.PhaseName
    private let after: LoginNumber?
    private let limit: Int

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        let phases = PendingLogin.PhaseName.allCases
        let names = phases.map(LoginText.name)
        let name = try arguments.choice("phase", default: "stranded", among: names)
        phase = phases.first { LoginText.name($0) == name } ?? .stranded
        let after = try arguments.number("after", default: 0, 0...Int.max)
        self.after = after == 0 ? nil : LoginNumber(Int64(after))
        limit = try arguments.number("limit", default: 100, 1...10_000)
    }

    func run(
        _ stores: Stores,
        _ configuration: ServiceConfiguration,
        _ terminal: any Terminal
    ) async throws {
        for stored in try await stores.logins.logins(in: phase, after: after, limit: limit) {
            terminal.output(LoginText.line(stored))
        }
    }
}

/// `beckon logins show`: everything that is stored of a login.
struct ShowLogin: StoreAction {
    static let name = "logins show"
    static let summary = "Show a login and its attempts. The output contains personal data."
    static let options: [CommandOption] = [.number]

    private let number: LoginNumber

    init(_ arguments: ParsedArguments) throws(CommandFailure) { number = try arguments.login() }

    func run(
        _ stores: Stores,
        _ configuration: ServiceConfiguration,
        _ terminal: any Terminal
    ) async throws {
        guard let stored = try await stores.logins.login(number) else {
            throw CommandFailure(number)
        }
        for line in LoginText.all(stored) { terminal.output(line) }
    }
}

/// `beckon logins retry` and `abandon`: gives a stranded login an operator's event.
struct ResolveLogin<Resolution: LoginResolution>: StoreAction {
    static var name: String { Resolution.name }
    static var summary: String { Resolution.summary }
    static var details: String { Resolution.details }
    static var options: [CommandOption] { [.number] }

    private let number: LoginNumber

    init(_ arguments: ParsedArguments) throws(CommandFailure) { number = try arguments.login() }

    func run(
        _ stores: Stores,
        _ configuration: ServiceConfiguration,
        _ terminal: any Terminal
    ) async throws {
        let now = SystemTime.now()
        let result = try await stores.logins.update(number) {
            (login: inout PendingLogin) throws(PendingLogin.Refusal) in
            try login.apply(Resolution.event, at: now)
        }
        let id = number.rawValue
        switch result {
        case nil: throw CommandFailure(number)
        case .failure(.pastDeadline):
            throw CommandFailure(
                .failed,
                "the time for reporting login \(id) is over; the only option left is: "
                    + "beckon logins abandon --number=\(id)"
            )
        case .failure(.consentBusy):
            throw CommandFailure(
                .failed,
                "another login for the consent of login \(id) is pending, and this report would "
                    + "affect it; try again when it has ended"
            )
        case .failure: throw CommandFailure(.failed, "login \(id) is not stranded")
        case .success: terminal.output("login \(id) \(Resolution.done)")
        }
    }
}

/// What `ResolveLogin` does.
protocol LoginResolution: Sendable {
    static var name: String { get }
    static var summary: String { get }
    static var details: String { get }
    static var event: PendingLogin.Event { get }
    /// The rest of a sentence that begins with the login.
    static var done: String { get }
}

enum RetryLogin: LoginResolution {
    static let name = "logins retry"
    static let summary = "Retry a stranded report."
    static let details = """
        A running service retries it within seconds; otherwise the next start does. After the login
        has expired at the authorization server, use `beckon logins abandon`.
        """
    static let event = PendingLogin.Event.retried
    static let done = "will be reported again"
}

enum AbandonLogin: LoginResolution {
    static let name = "logins abandon"
    static let summary = "Abandon a stranded report. It is not sent again."
    static let details = ""
    static let event = PendingLogin.Event.abandoned
    static let done = "is abandoned"
}

extension CommandOption {
    fileprivate static let number = text(
        "number",
        "NUMBER",
        "The login's number, as shown by logins list.",
        required: true
    )
}

extension ParsedArguments {
    fileprivate func login() throws(CommandFailure) -> LoginNumber {
        LoginNumber(Int64(try number("number", default: 0, 1...Int.max)))
    }
}

extension CommandFailure {
    fileprivate init(_ number: LoginNumber) {
        self.init(.failed, "there is no login \(number.rawValue)")
    }
}

import Commands
import Configuration
import HTTP
import Logins

/// `beckon logins list`: the logins in a phase, one a line.
struct LoginsListCommand: Subcommand {
    static let name = "logins list"
    static let summary = "Lists logins; by default those whose report was given up."
    static let details = """
        One a line: number, phase, outcome, when it arrived, attempts, and for stranded ones why; by
        tabs. Nothing personal: see logins show.
        """
    static let options: [CommandOption] = [
        .config,
        .text(
            "phase",
            "PHASE",
            "preparing, waiting, reporting, settled or stranded.",
            default: "stranded"
        ),
        .text("after", "NUMBER", "Only those after this one."),
        .text("limit", "COUNT", "At most so many.", default: "100"),
    ]

    private let config: String
    private let phase: PendingLogin.PhaseName
    private let after: LoginNumber?
    private let limit: Int

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        let name = arguments.text("phase", default: "stranded")
        let phases = PendingLogin.PhaseName.allCases
        guard let phase = phases.first(where: { LoginText.name($0) == name }) else {
            let names = phases.map(LoginText.name)
            throw CommandFailure(.usage, "--phase must be \(Section.list(names)), not \(name)")
        }
        self.phase = phase
        let after = try arguments.number("after", default: 0, 0...Int.max)
        self.after = after == 0 ? nil : LoginNumber(Int64(after))
        limit = try arguments.number("limit", default: 100, 1...10_000)
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            let logins = try await stores.logins.logins(in: phase, after: after, limit: limit)
            for stored in logins { terminal.output(LoginText.line(stored)) }
        }
    }
}

/// `beckon logins show`: everything that is stored of a login.
struct LoginsShowCommand: Subcommand {
    static let name = "logins show"
    static let summary = "Shows a login with its attempts. The output is personal data."
    static let options: [CommandOption] = [.config, .number]

    private let config: String
    private let number: LoginNumber

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        number = try arguments.login()
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            guard let stored = try await stores.logins.login(number) else {
                throw CommandFailure(number)
            }
            for line in LoginText.all(stored) { terminal.output(line) }
        }
    }
}

/// `beckon logins retry`: tries a stranded report again.
struct LoginsRetryCommand: Subcommand {
    static let name = "logins retry"
    static let summary = "Has the report of a stranded login tried again."
    static let details = """
        A running service does it at its next look; otherwise it is done at its start. Only until
        the login ends at the authorization server: once its time for reporting is over,
        logins abandon is what is left.
        """
    static let options: [CommandOption] = [.config, .number]

    private let config: String
    private let number: LoginNumber

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        number = try arguments.login()
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            try await stores.apply(.retried, to: number)
            terminal.output("login \(number.rawValue) will be reported again")
        }
    }
}

/// `beckon logins abandon`: gives a stranded report up.
struct LoginsAbandonCommand: Subcommand {
    static let name = "logins abandon"
    static let summary = "Gives the report of a stranded login up for good."
    static let options: [CommandOption] = [.config, .number]

    private let config: String
    private let number: LoginNumber

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        number = try arguments.login()
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            try await stores.apply(.abandoned, to: number)
            terminal.output("login \(number.rawValue) is abandoned")
        }
    }
}

extension Stores {
    /// Applies an operator's event, which only a stranded login takes.
    fileprivate func apply(_ event: PendingLogin.Event, to number: LoginNumber) async throws {
        let now = SystemTime.now()
        let result = try await logins.update(number) {
            (login: inout PendingLogin) throws(PendingLogin.Refusal) in
            try login.apply(event, at: now)
        }
        switch result {
        case nil: throw CommandFailure(number)
        case .failure(.pastDeadline):
            throw CommandFailure(
                .failed,
                "the time for reporting login \(number.rawValue) is over; "
                    + "what is left is: beckon logins abandon --number=\(number.rawValue)"
            )
        case .failure(.consentBusy):
            throw CommandFailure(
                .failed,
                "another login for the consent of login \(number.rawValue) is under way, which this "
                    + "report would reach; try again when it has ended"
            )
        case .failure: throw CommandFailure(.failed, "login \(number.rawValue) is not stranded")
        case .success: return
        }
    }
}

extension CommandOption {
    fileprivate static let number = text(
        "number",
        "NUMBER",
        "The login's number, as logins list shows it.",
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

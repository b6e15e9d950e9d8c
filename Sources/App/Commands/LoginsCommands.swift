import Commands
import Configuration
import Cryptography
import Engine
import HTTP
import JSON
import Logins
import Telemetry

/// `beckon logins list`: logins, one per line.
struct ListLogins: RemoteAction {
    static let name = "logins list"
    static let summary = "List logins, by default those with a stranded report."
    static let details = """
        Tab-separated, one login per line, after a line with the names of the columns: number, phase,
        outcome, time of arrival, attempts and, for stranded logins, the reason. It contains no
        personal data; logins show does. --json prints an array with one object per login. Phases:
        preparing, waiting, reporting, settled, stranded.
        """
    static let options: [CommandOption] = [
        .text(
            "phase",
            "PHASE",
            "A phase, or all. Default: stranded; with --user or --login: all.",
            choices: PendingLogin.PhaseName.allCases.map(LoginText.name) + ["all"]
        ),
        .text("user", "IDENTIFIER", "Only logins of this user."),
        .text("login", "LOGIN_ID", "Only logins with this login_id."),
        .text("after", "NUMBER", "Only logins with a higher number."),
        .text("limit", "COUNT", "Maximum number of logins.", default: "100"),
        .flag("json", "Print JSON."),
    ]
    /// Logins read at a time.
    private static let page = 500

    private let phases: [PendingLogin.PhaseName]
    private let user: UserID?
    private let login: LoginID?
    private let after: LoginNumber?
    private let limit: Int
    private let isJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        let all = PendingLogin.PhaseName.allCases
        user = arguments.text("user") == nil ? nil : try arguments.user()
        login = try arguments.parsed("login", "is too long or has a control character") {
            LoginID($0)
        }
        let name = try arguments.choice(
            "phase",
            default: user == nil && login == nil ? "stranded" : "all",
            among: ["all"] + all.map(LoginText.name)
        )
        phases = name == "all" ? all : all.filter { LoginText.name($0) == name }
        let after = try arguments.number("after", default: 0, 0...Int.max)
        self.after = after == 0 ? nil : LoginNumber(Int64(after))
        limit = try arguments.number("limit", default: 100, 1...10_000)
        isJSON = arguments.has("json")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        var found: [StoredLogin] = []
        for phase in phases { found += try await logins(in: phase, stores.logins) }
        found.sort { $0.number < $1.number }
        // A login may have changed its phase in between.
        found = found.indices.filter { $0 == 0 || found[$0].number != found[$0 - 1].number }
            .map { found[$0] }
        found = Array(found.prefix(limit))
        if isJSON {
            terminal.output(LoginText.json(found))
        } else {
            terminal.output(LoginText.header)
            for stored in found { terminal.output(LoginText.line(stored)) }
        }
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let cursor = after.map { Base64URL.encode(Array("\($0.rawValue)".utf8)) }
        let query = Form(known: [
            ("phase", phases.count == 1 ? LoginText.name(phases[0]) : nil), ("user", user?.value),
            ("id", login?.value), ("limit", "\(min(limit, Self.page))"), ("cursor", cursor),
        ])
        var found: [JSONValue] = []
        try await api.each("logins", ["logins"], query: query.fields) { row in
            found.append(row)
            return found.count < limit
        }
        if isJSON {
            let rows = found.map { String(decoding: LoginText.row($0).bytes, as: UTF8.self) }
            terminal.output(rows.isEmpty ? "[]" : "[\n" + rows.joined(separator: ",\n") + "\n]")
        } else {
            terminal.output(LoginText.header)
            for row in found { terminal.output(LoginText.line(row)) }
        }
    }

    private func logins(
        in phase: PendingLogin.PhaseName,
        _ store: any LoginStore
    ) async throws(StoreError) -> [StoredLogin] {
        var found: [StoredLogin] = []
        var last = after
        while found.count < limit {
            let page = try await store.logins(in: phase, after: last, limit: Self.page)
            found += page.filter { stored in
                (user == nil || stored.login.details.user == user)
                    && (login == nil || stored.login.key.login == login)
            }
            guard page.count == Self.page else { break }
            last = page.last?.number
        }
        return found
    }
}

/// `beckon logins show`: everything that is stored of a login.
struct ShowLogin: RemoteAction {
    static let name = "logins show"
    static let summary = "Show a login and its attempts. The output contains personal data."
    static let options: [CommandOption] = [.number]

    private let number: LoginNumber

    init(_ arguments: ParsedArguments) throws(CommandFailure) { number = try arguments.login() }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        guard let stored = try await stores.logins.login(number) else {
            throw CommandFailure(number)
        }
        for line in LoginText.all(stored) { terminal.output(line) }
    }

    /// The members of the login in the admin API.
    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let (path, query) = try await api.login(number)
        let login = try await api.send(.get, path, query: query).value
        for member in login.object?.members ?? [] where !member.value.isNull {
            let text = member.value.string.map(LoginText.harmless) ?? KeyFile.text(member.value)
            terminal.output(member.name.padded(to: 16) + text)
        }
    }
}

/// `beckon logins retry` and `abandon`: gives a stranded login an operator's event.
struct ResolveLogin<Resolution: LoginResolution>: RemoteAction {
    static var name: String { Resolution.name }
    static var summary: String { Resolution.summary }
    static var details: String { Resolution.details }
    static var options: [CommandOption] { [.number] }

    private let number: LoginNumber

    init(_ arguments: ParsedArguments) throws(CommandFailure) { number = try arguments.login() }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
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
        case .success(let stored):
            // For whoever collects the output of commands: who does what stands in one log.
            Logger(sink: TerminalSink(terminal: terminal)).info(Resolution.loggedAs) {
                $0.member("number", Int(id))
                $0.members(about: stored.login)
            }
            terminal.output("login \(id) \(Resolution.done)")
        }
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let (path, query) = try await api.login(number)
        _ = try await api.send(.post, path + [Resolution.verb], query: query)
        terminal.output("login \(number.rawValue) \(Resolution.done)")
    }
}

/// What `ResolveLogin` does.
protocol LoginResolution: Sendable {
    static var name: String { get }
    static var summary: String { get }
    static var details: String { get }
    static var event: PendingLogin.Event { get }
    /// The last word of its path in the admin API.
    static var verb: String { get }
    /// The name of its log line.
    static var loggedAs: String { get }
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
    static let verb = "retry"
    static let loggedAs = "login.retried"
    static let done = "will be reported again"
}

enum AbandonLogin: LoginResolution {
    static let name = "logins abandon"
    static let summary = "Abandon a stranded report. It is not sent again."
    static let details = """
        The login keeps its attempts and the reason why it was stranded: see `beckon logins show`.
        """
    static let event = PendingLogin.Event.abandoned
    static let verb = "abandon"
    static let loggedAs = "login.abandoned"
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

extension AdminClient.Session {
    /// The path and the query of a login.
    fileprivate func login(
        _ number: LoginNumber
    ) async throws(CommandFailure) -> (path: [String], query: [Field]) {
        let query = [Field("number", "\(number.rawValue)")]
        let found = try await send(.get, ["logins"], query: query).value["logins"]?.array?.first
        guard let server = found?["server"]?.string, let id = found?["id"]?.string else {
            throw CommandFailure(number)
        }
        let tenant = found?["tenant"]?.string.map { [Field("tenant", $0)] } ?? []
        return (["logins", server, id], tenant)
    }
}

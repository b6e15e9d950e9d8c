import Commands
import Glibc
import Logins

/// `beckon users add`: adds a user of the local directory, or replaces what is known of one.
struct UsersAddCommand: Subcommand {
    static let name = "users add"
    static let summary = "Adds a user, or replaces what is known of one."
    static let options: [CommandOption] = [
        .config, .user,
        .text("channels", "NAMES", "May be reached on these, by commas.", default: "all"),
        .text("language", "TAG", "Their language (BCP 47), such as en or pt-BR."),
        .text("time-zone", "NAME", "Their time zone, such as America/Sao_Paulo."),
    ]

    private let config: String
    private let user: UserID
    private let channels: [String]?
    private let language: String?
    private let timeZone: String?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        user = try arguments.user()
        channels = arguments.text("channels")?.split(separator: ",").map(String.init)
        language = arguments.text("language")
        let isTag =
            language?.utf8.allSatisfy { byte in
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D
            } ?? true
        guard isTag, language?.count ?? 0 <= 35 else {
            throw CommandFailure(.usage, "--language must be a tag such as en or pt-BR")
        }
        timeZone = arguments.text("time-zone")
        guard timeZone.map(Self.isKnown) ?? true else {
            throw CommandFailure(
                .usage,
                "--time-zone must be a name of the time zone database, such as America/Sao_Paulo"
            )
        }
    }

    /// Where the machine has the database, the name must be in it.
    private static func isKnown(_ timeZone: String) -> Bool {
        let database = "/usr/share/zoneinfo"
        return User.isTimeZone(timeZone)
            && (access(database, F_OK) != 0 || isFile(database + "/" + timeZone))
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, configuration in
            let channels = try channels.map { try known($0, configuration) }
            let user = User(
                id: user,
                isActive: true,
                channels: channels,
                language: language,
                timeZone: timeZone
            )
            try await stores.users.put(user)
            terminal.output("added \(user.id)")
        }
    }

    private func known(
        _ names: [String],
        _ configuration: ServiceConfiguration
    ) throws(CommandFailure) -> Set<ChannelID> {
        var known: Set<ChannelID> = []
        for name in names {
            guard let channel = configuration.channels.first(where: { $0.id.value == name }) else {
                let names = configuration.channels.map(\.id.value)
                throw CommandFailure(
                    .usage,
                    "\(name) is not a channel; there is " + names.joined(separator: ", ")
                )
            }
            known.insert(channel.id)
        }
        return known
    }
}

/// `beckon users list`: the users of the local directory, one a line.
struct UsersListCommand: Subcommand {
    static let name = "users list"
    static let summary = "Lists the users of the local directory."
    static let details =
        "One a line, by tabs: identifier, active or disabled, channels, language, time zone."
    static let options: [CommandOption] = [.config]
    /// Users read at a time.
    private static let page = 500

    private let config: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            var last: UserID?
            while true {
                let users = try await stores.users.users(after: last, limit: Self.page)
                for user in users { terminal.output(Self.line(user)) }
                guard users.count == Self.page else { return }
                last = users.last?.id
            }
        }
    }

    private static func line(_ user: User) -> String {
        let channels =
            user.channels.map { $0.map(\.value).sorted().joined(separator: ",") } ?? "all"
        let state = user.isActive ? "active" : "disabled"
        return [user.id.value, state, channels, user.language ?? "-", user.timeZone ?? "-"]
            .joined(separator: "\t")
    }
}

/// `beckon users enable`, `disable` and `remove`: does one thing to a user who must be there.
struct UserCommand<Action: UserAction>: Subcommand {
    static var name: String { "users " + Action.verb }
    static var summary: String { Action.summary }
    static var options: [CommandOption] { [.config, .user] }

    private let config: String
    private let user: UserID

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        user = try arguments.user()
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            guard try await Action.perform(on: user, of: stores.users) else {
                throw CommandFailure(.failed, "there is no user \(user)")
            }
            terminal.output("\(Action.verb)d \(user)")
        }
    }
}

/// What a `UserCommand` does. Its verb ends in e.
protocol UserAction: Sendable {
    static var verb: String { get }
    static var summary: String { get }
    /// False when nobody has that name.
    static func perform(on user: UserID, of users: any UserStore) async throws(StoreError) -> Bool
}

enum EnableUser: UserAction {
    static let verb = "enable"
    static let summary = "Lets a disabled user be asked again."
    static func perform(on user: UserID, of users: any UserStore) async throws(StoreError) -> Bool {
        try await users.setActive(true, user)
    }
}

enum DisableUser: UserAction {
    static let verb = "disable"
    static let summary = "Keeps a user from being asked; their new logins fail."
    static func perform(on user: UserID, of users: any UserStore) async throws(StoreError) -> Bool {
        try await users.setActive(false, user)
    }
}

enum RemoveUser: UserAction {
    static let verb = "remove"
    static let summary = "Forgets a user; their logins stay."
    static func perform(on user: UserID, of users: any UserStore) async throws(StoreError) -> Bool {
        try await users.remove(user)
    }
}

extension CommandOption {
    fileprivate static let user = text(
        "user",
        "IDENTIFIER",
        "As the authorization server names them.",
        required: true
    )
}

extension ParsedArguments {
    fileprivate func user() throws(CommandFailure) -> UserID {
        guard let user = UserID(text("user", default: "")) else {
            throw CommandFailure(
                .usage,
                "--user must have 1 to 512 characters, none a control character"
            )
        }
        return user
    }
}

import Logins

/// `beckon users add`: adds a user of the local directory, or replaces what is known of one.
struct UsersAddCommand: Command {
    static let name = "users add"
    static let summary = "Adds a user, or replaces what is known of one."
    static let options: [CommandOption] = [
        .config, .user,
        .text("channels", "NAMES", "May be reached on these, by commas.", default: "all"),
        .text("language", "TAG", "Their language (BCP 47), such as en or pt-BR."),
    ]

    private let config: String
    private let user: UserID
    private let channels: [String]?
    private let language: String?

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
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, configuration in
            let channels = try channels.map { try known($0, configuration) }
            let user = User(id: user, isActive: true, channels: channels, language: language)
            try await stores.users.put(user)
            terminal.output("added \(user.id)")
        }
    }

    private func known(
        _ names: [String],
        _ configuration: Configuration
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
struct UsersListCommand: Command {
    static let name = "users list"
    static let summary = "Lists the users of the local directory."
    static let details = "One a line: identifier, active or disabled, channels, language; by tabs."
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
        return [user.id.value, state, channels, user.language ?? "-"].joined(separator: "\t")
    }
}

/// `beckon users enable`: lets a disabled user be asked again.
struct UsersEnableCommand: Command {
    static let name = "users enable"
    static let summary = "Lets a disabled user be asked again."
    static let options: [CommandOption] = [.config, .user]

    private let config: String
    private let user: UserID

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        user = try arguments.user()
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            guard try await stores.users.setActive(true, user) else { throw CommandFailure(user) }
            terminal.output("enabled \(user)")
        }
    }
}

/// `beckon users disable`: keeps a user from being asked.
struct UsersDisableCommand: Command {
    static let name = "users disable"
    static let summary = "Keeps a user from being asked; their new logins fail."
    static let options: [CommandOption] = [.config, .user]

    private let config: String
    private let user: UserID

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        user = try arguments.user()
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            guard try await stores.users.setActive(false, user) else { throw CommandFailure(user) }
            terminal.output("disabled \(user)")
        }
    }
}

/// `beckon users remove`: forgets a user.
struct UsersRemoveCommand: Command {
    static let name = "users remove"
    static let summary = "Forgets a user; their logins stay."
    static let options: [CommandOption] = [.config, .user]

    private let config: String
    private let user: UserID

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
        user = try arguments.user()
    }

    func run(_ terminal: any Terminal) async throws {
        try await Stores.with(config) { stores, _ in
            guard try await stores.users.remove(user) else { throw CommandFailure(user) }
            terminal.output("removed \(user)")
        }
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

extension CommandFailure {
    fileprivate init(_ user: UserID) { self.init(.failed, "there is no user \(user)") }
}

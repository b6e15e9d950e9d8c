public import Logins

/// Everything an operator decides, checked: whoever holds one need not check again.
///
/// It is read from a JSON5 file whose keys are those of `Config/beckon.example.json5`. Secrets come
/// from files and environment variables. It never decides anything by itself beyond the defaults.
public struct Configuration: Sendable {
    /// Allows what must not be in production: secrets in the file, tapping, plain http, the console.
    public var development: Bool
    /// What prompt links begin with; no slash at its end.
    public var publicURL: String
    /// The listener for everybody.
    public var listen: ListenSettings
    /// The listener for the platform: health and metrics.
    public var management: SocketAddressText
    /// What one peer, and all of them, may use.
    public var limits: LimitSettings
    /// Where logins are kept and for how long.
    public var store: StoreSettings
    /// Who the people are.
    public var users: UserSettings
    /// Where their accounts are listed; nil when nobody is asked.
    public var accounts: AccountSettings?
    /// Who calls us and is reported to. At least one; ids are unique, and each
    /// call tells whose it is.
    public var authorizationServers: [AuthorizationServerSettings]
    /// How much one user and one client may use.
    public var loginLimits: LoginLimits
    /// Ways of reaching people, in the order of the file; ids are unique.
    public var channels: [ChannelSettings]
    /// Which of them are asked, and when.
    public var notify: [NotifyStep]
    /// How people decide.
    public var approval: ApprovalSettings
    /// How much is done at once.
    public var engine: EngineSettings
    /// What is logged.
    public var log: LogSettings
    /// What is allowed and should still be looked at, for the log.
    public var warnings: [ConfigurationProblem]

    /// Reads and checks a file.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func load(_ path: String) throws(ConfigurationError) -> Configuration {
        let directory = Files.directory(of: Files.absolute(path))
        let surroundings = Surroundings.real(directory: directory)
        switch surroundings.read(path) {
        case .failure(let problem):
            let reason = "\(path) \(problem.reason)"
            throw ConfigurationError([ConfigurationProblem(path: "", line: nil, reason: reason)])
        case .success(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                let reason = "\(path) is not UTF-8"
                throw ConfigurationError([
                    ConfigurationProblem(path: "", line: nil, reason: reason)
                ])
            }
            return try parse(text, in: surroundings)
        }
    }

    /// Checks a text.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func parse(
        _ text: String,
        in surroundings: Surroundings
    ) throws(ConfigurationError) -> Configuration {
        try read(text, in: surroundings, notes: ConfigurationNotes())
    }

    static func read(
        _ text: String,
        in surroundings: Surroundings,
        notes: ConfigurationNotes
    ) throws(ConfigurationError) -> Configuration {
        let node: JSON5Node
        do {
            node = try JSON5Node(text)
        } catch {
            let reason = "not JSON5, at column \(error.column): \(error.reason)"
            throw ConfigurationError([
                ConfigurationProblem(path: "", line: error.line, reason: reason)
            ])
        }
        let root = Section(
            node,
            path: "",
            pattern: "",
            notes: notes,
            surroundings: surroundings
        )
        var configuration = Configuration(root)
        if !notes.problems.isEmpty { throw ConfigurationError(notes.problems) }
        configuration.warnings = notes.warnings
        return configuration
    }

    private init(_ root: Section) {
        let development = root.flag("development", default: false)
        self.development = development
        publicURL = root.url("public_url", plain: .loopback(unless: development)) ?? ""
        if !root.has("public_url") { root.missing("public_url") }
        listen = ListenSettings(root.group("listen"))
        management = ManagementSettings.address(root.group("management"))
        limits = LimitSettings(root.group("limits"))
        store = StoreSettings(root.group("store"))
        users = UserSettings(root.group("users"), development: development)
        accounts = AccountSettings(root.group("accounts"), development: development)
        authorizationServers = AuthorizationServerSettings.all(
            root,
            development: development,
            clientCertificates: listen.tls?.clientCertificates ?? .off
        )
        loginLimits = Self.loginLimits(
            user: root.group("limits_per_user"),
            client: root.group("limits_per_client")
        )
        channels = ChannelSettings.all(root, development: development)
        notify = NotifyStep.all(root, channels: channels)
        approval = ApprovalSettings(root.group("approval"), development: development)
        engine = EngineSettings(root.group("engine"))
        log = LogSettings(root.group("log"))
        warnings = []
        if listen.address.port != 0, listen.address == management {
            root.problem("management", "must not be the address of listen")
        }
        root.end()
    }

    private static func loginLimits(user: Section, client: Section) -> LoginLimits {
        defer {
            user.end()
            client.end()
        }
        let bounds = 1...1_000_000
        return LoginLimits(
            liveLoginsOfUser: user.number("live", default: 5, bounds),
            liveLoginsOfClient: client.optionalNumber("live", bounds),
            startsOfUserAMinute: user.number("starts_per_minute", default: 20, bounds),
            startsOfClientAMinute: client.optionalNumber("starts_per_minute", bounds)
        )
    }
}

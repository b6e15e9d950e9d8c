import Access
public import Configuration
public import HTTP
public import Logins
public import Telemetry

/// A kind of authorization server: one folder of this target, and one line in `App`.
public struct AuthorizationServerKind: Sendable {
    /// The value of `kind` in the configuration.
    public let name: String
    /// Reads the servers of this kind, and notes their problems, also those between two of them.
    public let read: @Sendable ([ServerSection]) -> any ConfiguredServers

    init(
        name: String,
        read: @escaping @Sendable ([ServerSection]) -> any ConfiguredServers
    ) {
        self.name = name
        self.read = read
    }
}

/// One element of `authorization_servers` while it is read.
public struct ServerSection {
    public let id: AuthorizationServerID
    /// `id` and `kind` are read; the kind reads the other keys, and calls `end()`.
    public let section: Section
    /// Whether the listener requests client certificates.
    public let requestsCertificates: Bool

    public init(id: AuthorizationServerID, section: Section, requestsCertificates: Bool) {
        self.id = id
        self.section = section
        self.requestsCertificates = requestsCertificates
    }
}

/// What one server has of its own about numbers in binding messages; nil is as for every server.
public struct OwnNumbers: Sendable {
    /// Of its section.
    let path: String
    public let matching: NumberMatching?
    public let pattern: NumberPattern?

    static let matchingKey = "number_matching"
    static let patternKey = "number_pattern"

    /// The path of the key `number_matching`.
    public var matchingPath: String { "\(path).\(Self.matchingKey)" }
    /// The path of the key `number_pattern`.
    public var patternPath: String { "\(path).\(Self.patternKey)" }
}

/// The servers of one kind, as they are configured.
public protocol ConfiguredServers: Sendable {
    /// In the order of the file.
    var ids: [AuthorizationServerID] { get }

    /// What servers have of their own about numbers in binding messages. Default: none.
    var ownNumbers: [OwnNumbers] { get }

    /// Makes the adapters.
    ///
    /// - Throws: the problem of a file that has changed since the configuration was read.
    func start(_ context: ServerContext) throws(ConfigurationProblem) -> StartedServers

    /// Questions that show whether Beckon can work with each server. Default: none.
    ///
    /// - Throws: the problem of a file that has changed since the configuration was read.
    func onlineChecks(
        _ http: any OutboundHTTP,
        _ clock: any WallClock,
        _ log: Logger
    ) throws(ConfigurationProblem) -> [(AuthorizationServerID, OnlineCheck)]
}

extension ConfiguredServers {
    /// None.
    public var ownNumbers: [OwnNumbers] { [] }

    /// None.
    public func onlineChecks(
        _ http: any OutboundHTTP,
        _ clock: any WallClock,
        _ log: Logger
    ) throws(ConfigurationProblem) -> [(AuthorizationServerID, OnlineCheck)] { [] }
}

/// What the adapters of authorization servers work with.
public struct ServerContext: Sendable {
    public let store: any LoginStore
    public let reachability: any Reachability
    /// Of users and clients; `sameConsent` is the server's own.
    public let limits: LoginLimits
    /// A prompt ends after this time, whatever a server says.
    public let longestPrompt: Duration
    /// How numbers in binding messages are matched; nil if they are not.
    public let numbers: NumberRule?
    /// Calls a server and watches how it answers.
    public let http: @Sendable (AuthorizationServerID) -> any OutboundHTTP
    public let clock: any WallClock
    public let log: Logger
    /// Shared by all servers: what fails at one fails by its address at all.
    let throttle = AttemptThrottle()

    public init(
        store: any LoginStore,
        reachability: any Reachability,
        limits: LoginLimits,
        longestPrompt: Duration = .seconds(86_400),
        numbers: NumberRule? = nil,
        http: @escaping @Sendable (AuthorizationServerID) -> any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.store = store
        self.reachability = reachability
        self.limits = limits
        self.longestPrompt = longestPrompt
        self.numbers = numbers
        self.http = http
        self.clock = clock
        self.log = log
    }
}

/// The adapters of authorization servers, ready to run.
public struct StartedServers: Sendable {
    /// One for each server.
    public var servers: [any AuthorizationServer] = []
    /// What the servers call.
    public var routes: [Route] = []
    /// Register metrics.
    public var metrics: [@Sendable (MetricsRegistry) -> Void] = []
    /// Read credentials again now (SIGHUP).
    public var reloads: [@Sendable () -> Void] = []
    /// The names of the kinds of consent that they can bring, each once.
    public var families: [String] = []

    public init() {}

    public mutating func append(_ others: StartedServers) {
        servers += others.servers
        routes += others.routes
        metrics += others.metrics
        reloads += others.reloads
        families += others.families.filter { !families.contains($0) }
    }
}

extension AuthorizationServerKind {
    /// The kinds of consent that servers can bring.
    public static let consentKinds =
        [Consent.Kind.scopes] + ConsentStandard.all.flatMap { $0.families.map(\.kind) }
}

import Access
public import AuthorizationServers
public import Configuration
public import Endpoints
public import Engine
import HTTP
public import Identity
public import Logins
public import Notifications
public import Trust

/// Everything an operator decides, checked: whoever holds one need not check again.
///
/// It is read from a JSON5 file whose keys are those of `Config/beckon.example.json5`. Secrets come
/// from files and environment variables. It never decides anything by itself beyond the defaults.
public struct ServiceConfiguration: Sendable {
    /// Allows what must not be in production: secrets in the file, tapping, plain http, the console.
    public var development: Bool
    /// What prompt links begin with; no slash at its end.
    public var publicURL: String
    /// The listener for everybody.
    public var listen: ListenSettings
    /// The listener for the platform: health and metrics.
    public var managementListener: ManagementSettings
    /// What one peer, and all of them, may use.
    public var limits: LimitSettings
    /// Where logins are kept and for how long.
    public var store: StoreSettings
    /// Where users are looked up.
    public var users: UserSettings
    /// Where their accounts are listed; nil for nowhere.
    public var accounts: UserLookup.Settings?
    /// The authorization servers, by kind. At least one server; ids are unique.
    public var authorizationServers: [any ConfiguredServers]
    /// The token endpoint; nil for none.
    public var trust: TrustConfiguration?
    /// The identity providers at which people sign in, for each application that they may sign in to.
    public var signIn: [IdentityProviderSettings]
    /// How much one user and one client may use.
    public var loginLimits: LoginLimits
    /// When users are not notified; nil for never.
    public var quietHours: QuietHours?
    /// Where "this wasn't me" is pushed to; nil for nowhere.
    public var securityEvents: SecurityEvents.Settings?
    /// Ways of reaching people, in the order of the file; ids are unique.
    public var channels: [ConfiguredChannel]
    /// Which of them are asked, and when.
    public var notify: [NotifyStep]
    /// When the channels after them are left out.
    public var notifyUntil: EscalationPlan.End
    /// How people decide.
    public var approval: ApprovalSettings
    /// What all pages look like.
    public var branding: Brand
    /// How much is done at once.
    public var engine: EngineSettings
    /// What is logged.
    public var log: LogSettings
    /// What is allowed and should still be looked at, for the log.
    public var warnings: [ConfigurationProblem]

    /// The address of health and metrics.
    public var management: SocketAddressText { managementListener.address }

    /// Of all authorization servers.
    var serverIDs: [AuthorizationServerID] { authorizationServers.flatMap(\.ids) }

    /// Reads and checks a file.
    ///
    /// - Throws: `ConfigurationError` with every problem.
    public static func load(_ path: String) throws(ConfigurationError) -> ServiceConfiguration {
        Self(try ConfigurationFile.load(path) { Self($0) })
    }

    /// Checks a text.
    ///
    /// - Throws: `ConfigurationError` with every problem.
    public static func parse(
        _ text: String,
        in environment: Environment
    ) throws(ConfigurationError) -> ServiceConfiguration {
        Self(try ConfigurationFile.read(text, in: environment) { Self($0) })
    }

    /// An example file with every key, its description and its default.
    public static var example: String { ConfigurationFile.example { Self($0) } }

    private init(_ read: (ServiceConfiguration, warnings: [ConfigurationProblem])) {
        self = read.0
        warnings = read.warnings
    }

    private init(_ root: Section) {
        development = root.isDevelopment
        publicURL =
            root.url(
                "public_url",
                pasted: ["approve", "device/v1"],
                example: "https://login.bank.example",
                required: true,
                "The base URL of prompt links, as users' devices reach it."
            ) ?? ""
        if !development, let host = HTTPAddress(publicURL)?.host,
            InternetAddress(urlHost: host)?.isLoopback ?? (host == "localhost")
        {
            root.warn("public_url", "is a loopback address: users' devices cannot reach it")
        }
        listen = ListenSettings(
            root.group(
                "listen",
                "The public listener, for authorization servers, users and their apps."
            )
        )
        managementListener = ManagementSettings(
            root.group(
                "management",
                """
                The listener of /health/live, /health/ready and /metrics. Keep it private.
                """
            )
        )
        limits = LimitSettings(root.group("limits", "Limits of the public listener."))
        store = StoreSettings(root.group("store", "Where logins are stored and for how long."))
        users = UserSettings(root.group("users", "Where users are looked up."))
        accounts = HTTPAccounts.settings(
            root.group(
                "accounts",
                """
                The bank's API that lists a user's accounts (openapi/bank-accounts.yaml). Without \
                this group no consent that needs accounts can be approved.
                """
            )
        )
        let tls = listen.servers == nil ? listen.tls : listen.servers?.tls
        let requestsCertificates = tls.map { $0.clientCertificates != .off } ?? false
        authorizationServers = AuthorizationServerKind.read(
            root,
            requestsCertificates: requestsCertificates
        )
        trust = TrustConfiguration(
            root.group(
                "trust",
                """
                The token endpoint, for clients of the admin and backend API. Without this group \
                there is none. Clients are registered by beckon clients add.
                """
            ),
            publicURL: publicURL,
            requestsCertificates: requestsCertificates
        )
        signIn = Self.signIn(
            root.group(
                "sign_in",
                "The bank's identity providers. Without a group nobody signs in to its application."
            )
        )
        if !signIn.isEmpty { Self.requireSecureCookies(root, publicURL) }
        if signIn.contains(where: { $0.application == .inbox }) {
            trust?.settings.authorizationEndpoint = publicURL + "/oauth2/authorize"
        }
        loginLimits = Self.loginLimits(
            user: root.group(
                "limits_per_user",
                "Limits per user. Logins over a limit are accepted and reported as failed."
            ),
            client: root.group(
                "limits_per_client",
                "The same per OAuth client; by default without limits."
            )
        )
        quietHours = AbuseSettings.quietHours(
            root.group(
                "quiet_hours",
                """
                When users are not notified, by their own time zone. Logins wait in the inbox and in \
                apps; they notify when the quiet hours end. Without this group there are none.
                """
            )
        )
        securityEvents = AbuseSettings.securityEvents(
            root.group(
                "security_events",
                """
                Where "This wasn't me" is pushed to: as a security event token (RFC 8417, RFC 8935) \
                signed with the keys of trust, which it needs.
                """
            )
        )
        if securityEvents != nil {
            if trust == nil { root.problem("security_events", "needs trust, whose keys sign") }
            loginLimits.reportsSecurityEvents = true
        }
        channels = ConfiguredChannel.all(root, kinds: Self.channelKinds)
        notify = NotifyStep.all(root, channels: channels)
        notifyUntil = EscalationPlan.End(root)
        approval = ApprovalSettings(
            root.group("approval", "How users decide."),
            servers: authorizationServers.flatMap(\.ids),
            publicURL: publicURL
        )
        NumberSettings.check(authorizationServers, approval, root)
        branding = BrandingSettings.read(
            root.group("branding", "Your name, logo and colors on every page."),
            title: approval.title
        )
        if approval.signIn != nil, !signIn.contains(where: { $0.application == .inbox }) {
            root.problem("approval.sign_in", "needs sign_in.inbox, where users sign in")
        }
        if approval.passkey != nil, !signIn.contains(where: { $0.application == .inbox }) {
            root.problem("approval.passkey", "needs sign_in.inbox, where users register passkeys")
        }
        engine = EngineSettings(root.group("engine", "How much is done at once."))
        log = LogSettings(root.group("log", "The log, on standard error."))
        warnings = []
        requireDifferentAddresses(root)
    }

    private static func signIn(_ section: Section) -> [IdentityProviderSettings] {
        defer { section.end() }
        return [
            IdentityProviderSettings(
                section.group("inbox", "Where users sign in to see their logins, at /inbox."),
                for: .inbox
            ),
            IdentityProviderSettings(
                section.group(
                    "console",
                    "Where operators sign in. There is no page for operators yet: they end at /console, which is 404."
                ),
                for: .console
            ),
        ].compactMap { $0 }
    }

    /// Browsers keep the session's cookie for https, and for http from the same machine.
    private static func requireSecureCookies(_ root: Section, _ publicURL: String) {
        guard let address = HTTPAddress(publicURL), !address.isSecure else { return }
        let isLoopback = InternetAddress(urlHost: address.host)?.isLoopback
        if !(isLoopback ?? (address.host == "localhost")) {
            root.problem("public_url", "must be https: browsers keep no session for it otherwise")
        }
    }

    private func requireDifferentAddresses(_ root: Section) {
        var used: [(path: String, address: SocketAddressText)] = []
        if listen.isUsed { used.append(("listen", listen.address)) }
        if let servers = listen.servers { used.append(("listen.servers", servers.address)) }
        if let people = listen.people { used.append(("listen.people", people.address)) }
        used.append(("management", management))
        for (index, listener) in used.enumerated() where listener.address.port != 0 {
            if let other = used[..<index].first(where: { $0.address == listener.address }) {
                root.problem(listener.path, "must not be the address of \(other.path)")
            }
        }
    }

    private static func loginLimits(user: Section, client: Section) -> LoginLimits {
        defer {
            user.end()
            client.end()
        }
        let bounds = 1...1_000_000
        let live = "Maximum number of pending logins."
        let starts = "Maximum number of new logins per minute."
        var limits = LoginLimits(
            liveLoginsOfUser: user.number("live", default: 5, bounds, live),
            liveLoginsOfClient: client.optionalNumber("live", bounds, example: 10_000, live),
            startsOfUserAMinute: user.number("starts_per_minute", default: 20, bounds, starts),
            startsOfClientAMinute: client.optionalNumber(
                "starts_per_minute",
                bounds,
                example: 60_000,
                starts
            )
        )
        AbuseSettings.read(user: user, client: client, into: &limits)
        return limits
    }
}

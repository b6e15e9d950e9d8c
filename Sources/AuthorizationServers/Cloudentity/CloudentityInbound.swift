public import Logins

/// How one Cloudentity ACP calls Beckon (`Contract.md`, sections 1 and 2).
public struct CloudentityInbound: Sendable {
    /// How tolerantly the body of a start is read [DE-3 to DE-7].
    public enum Decoding: Sendable { case lenient, strict }

    /// What the deadlines of a login follow from.
    public struct Timing: Sendable {
        /// For a start without `expires_at`.
        public var defaultLifetime: Duration
        /// A login never lives longer, whatever `expires_at` says.
        public var maximumLifetime: Duration
        /// How long before the server's end the prompt ends, and the last report is made. Of a
        /// short login at most a quarter and a twentieth.
        public var promptMargin: Duration
        public var reportMargin: Duration

        public init(
            defaultLifetime: Duration = .seconds(120),
            maximumLifetime: Duration = .seconds(24 * 3600),
            promptMargin: Duration = .seconds(10),
            reportMargin: Duration = .seconds(1)
        ) {
            self.defaultLifetime = defaultLifetime
            self.maximumLifetime = maximumLifetime
            self.promptMargin = promptMargin
            self.reportMargin = reportMargin
        }

        func terms(
            from now: Timestamp,
            to end: Timestamp,
            reportsExpiry: PendingLogin.ExpiryRule
        )
            -> PendingLogin.Terms
        {
            let end = min(end, now + maximumLifetime)
            let life = max(.zero, end - now)
            return PendingLogin.Terms(
                receivedAt: now,
                expiresAt: end,
                promptEnds: end - min(promptMargin, life / 4),
                reportEnds: end - min(reportMargin, life / 20),
                reportsExpiry: reportsExpiry
            )
        }
    }

    public var server: AuthorizationServerID
    /// Before `/user/verify` and `/authentication/start`; empty or with a leading slash.
    public var basePath: String
    public var peers: InboundGuard
    public var decoding: Decoding
    public var requiresLoginState: Bool
    /// Tenants whose logins are taken; empty takes any.
    public var tenants: Set<TenantID>
    /// Workspaces whose logins are taken; empty takes any.
    public var allowedWorkspaces: Set<WorkspaceID>
    public var timing: Timing
    public var limits: LoginLimits
    /// When a login that nobody answered is reported as rejected.
    public var reportsExpiry: PendingLogin.ExpiryRule
    /// Which consents logins are for.
    public var workspaces: CloudentityWorkspaces

    public init(
        server: AuthorizationServerID,
        basePath: String = "",
        peers: InboundGuard,
        decoding: Decoding = .lenient,
        requiresLoginState: Bool = false,
        tenants: Set<TenantID> = [],
        allowedWorkspaces: Set<WorkspaceID> = [],
        timing: Timing = Timing(),
        limits: LoginLimits = .none,
        reportsExpiry: PendingLogin.ExpiryRule = .never,
        workspaces: CloudentityWorkspaces = CloudentityWorkspaces()
    ) {
        self.server = server
        self.basePath = basePath
        self.peers = peers
        self.decoding = decoding
        self.requiresLoginState = requiresLoginState
        self.tenants = tenants
        self.allowedWorkspaces = allowedWorkspaces
        self.timing = timing
        self.limits = limits
        self.reportsExpiry = reportsExpiry
        self.workspaces = workspaces
    }
}

extension CloudentityInbound {
    /// The rule for one login. Of a consent that only its workspace's setting tells of, the login
    /// itself shows nothing until it has been fetched.
    func expiryRule(for login: PendingLogin.Details) -> PendingLogin.ExpiryRule {
        guard reportsExpiry == .lodgedConsents,
            case .addresses = workspaces.candidates(for: login)
        else { return reportsExpiry }
        return .always
    }
}

import Logins

/// How one Cloudentity ACP calls Beckon (`Contract.md`, sections 1 and 2).
struct CloudentityInbound: Sendable {
    /// How tolerantly the body of a start is read [DE-3 to DE-7].
    enum Decoding: String, CaseIterable, Sendable { case lenient, strict }

    /// What the deadlines of a login are computed from.
    struct Timing: Sendable {
        /// Of a start without `expires_at`.
        var defaultLifetime = Duration.seconds(120)
        /// How long before the server's deadline the prompt ends, at most a quarter of the lifetime.
        var promptMargin = Duration.seconds(10)
        /// How long before it the last report is sent, at most a twentieth of the lifetime.
        var reportMargin = Duration.seconds(1)
        /// The prompt ends after this time, whatever `expires_at` says.
        var longestPrompt = Duration.seconds(24 * 3600)
        /// A later `expires_at` is cut to this.
        private static let longestLifetime = Duration.seconds(24 * 3600)

        func terms(
            from now: Timestamp,
            to end: Timestamp,
            reportsExpiry: PendingLogin.ExpiryRule
        )
            -> PendingLogin.Terms
        {
            let end = min(end, now + Self.longestLifetime)
            let life = max(.zero, end - now)
            return PendingLogin.Terms(
                receivedAt: now,
                expiresAt: end,
                promptEnds: min(end - min(promptMargin, life / 4), now + longestPrompt),
                reportEnds: end - min(reportMargin, life / 20),
                reportsExpiry: reportsExpiry
            )
        }
    }

    var server: AuthorizationServerID
    /// Before `/user/verify` and `/authentication/start`: empty, or with a leading slash.
    var basePath = ""
    var peers: InboundGuard
    var decoding = Decoding.lenient
    var requiresLoginState = false
    /// The tenants whose logins are accepted; empty accepts any.
    var tenants: Set<TenantID> = []
    /// The workspaces whose logins are accepted; empty accepts any.
    var allowedWorkspaces: Set<WorkspaceID> = []
    var timing = Timing()
    var limits = LoginLimits.none
    /// How numbers in binding messages are matched; nil if they are not.
    var numbers: NumberRule?
    /// Where a start says from where its request comes; nil if that is not read.
    var requestContext: RequestContextRule?
    /// When a login that nobody answered is reported as rejected.
    var reportsExpiry = PendingLogin.ExpiryRule.never
    /// The consents that logins are for.
    var workspaces = CloudentityWorkspaces()
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

import Access
import HTTP
import JSON
import Logins
import Telemetry
import Texts

/// The two calls ACP makes to us: `POST /user/verify` and `POST /authentication/start`
/// (`Contract.md`, sections 1 and 2).
struct CloudentityRoutes: Sendable {
    /// One, or several that call under one base path.
    private let servers: [CloudentityInbound]
    /// The guards of the servers: the hot path needs nothing else of them.
    private let firstGuard: InboundGuard
    private let otherGuards: [InboundGuard]
    private let basePath: String
    private let store: any LoginStore
    private let reachability: any Reachability
    private let clock: any WallClock
    private let log: Logger
    private let throttle: AttemptThrottle
    private let seen = RecentDigests()

    /// The credential of a call identifies its server. Where servers share a credential, the tenant
    /// and workspace of a start do; `/user/verify` has neither, so these servers share their users.
    ///
    /// `others` have the same base path.
    init(
        _ inbound: CloudentityInbound,
        beside others: [CloudentityInbound] = [],
        store: any LoginStore,
        reachability: any Reachability,
        clock: any WallClock,
        log: Logger,
        throttle: AttemptThrottle = AttemptThrottle()
    ) {
        servers = [inbound] + others
        firstGuard = inbound.peers
        otherGuards = others.map(\.peers)
        basePath = inbound.basePath
        self.store = store
        self.reachability = reachability
        self.clock = clock
        self.log = log
        self.throttle = throttle
    }

    /// The timeout of ACP is unknown; a user waits for this answer [IN-13, ST-3].
    private static let deadline = Duration.seconds(2)

    var routes: [Route] {
        [
            Route(
                .post,
                basePath + "/user/verify",
                deadline: Self.deadline,
                contentLimit: Self.verifyLimit,
                judge: { refusal(of: $0) },
                failure: CloudentityAnswer.failure,
                atOnce: { verifyAtOnce($0) }
            ) { await verify($0) },
            Route(
                .post,
                basePath + "/authentication/start",
                deadline: Self.deadline,
                oversizeLimit: Self.oversizeLimit,
                judge: { refusal(of: $0) },
                failure: CloudentityAnswer.failure
            ) { await start($0) },
        ]
    }

    /// A user's identifier has 512 characters at most; members that are not known may follow.
    private static let verifyLimit = 16 << 10
    /// Of a start that is larger than any that is taken, the name of its login is read [ST-8].
    private static let oversizeLimit = 1 << 20

    /// Judges a call by its head: whether it is from one of the servers.
    private func refusal(of request: Request) -> Response? {
        if case .refused(let refusal) = callers(of: request) { refusal } else { nil }
    }

    // MARK: /user/verify

    /// The same negative answer for every reason, so that it does not tell which users exist (IN-10,
    /// IN-11).
    private static func answer(_ isReachable: Bool) -> Response {
        isReachable ? CloudentityAnswer.valid : CloudentityAnswer.invalid
    }

    /// The hot path: an accepted call about a user who is cached.
    private func verifyAtOnce(_ request: Request) -> Response? {
        guard isAccepted(request), let user = try? Self.verifiedUser(in: request) else {
            return nil
        }
        return reachability.canReachAtOnce(user).map(Self.answer)
    }

    private func verify(_ request: Request) async -> Response {
        if case .refused(let refusal) = callers(of: request) { return refusal }
        let user: UserID
        do {
            user = try Self.verifiedUser(in: request)
        } catch {
            return malformed(request, "verify.malformed", error)
        }
        do {
            return Self.answer(try await reachability.canReach(user))
        } catch {
            log.warning("verify.unavailable") {
                $0.member("id", Int(clamping: request.id))
                $0.member("cause", "\(error)")
            }
            return CloudentityAnswer.notLookedUp
        }
    }

    private static func verifiedUser(in request: Request) throws(ReceivedStart.Malformed) -> UserID
    {
        var text: String?
        do {
            var json = JSONScanner(request.bytes, in: request.bodyRange)
            try json.object { (json, name) throws(JSONError) in
                if name.isExactly("user_identifier") {
                    if try json.kind() == .null {
                        try json.null()
                    } else {
                        text = try json.string()
                    }
                } else {
                    try json.skip()
                }
            }
            try json.end()
        } catch {
            throw ReceivedStart.Malformed(error, in: request.bodyRange)
        }
        guard let text, !text.isEmpty else {
            throw ReceivedStart.Malformed("user_identifier: required, and missing")
        }
        guard let user = UserID(text) else {
            throw ReceivedStart.Malformed(
                "user_identifier: must have 1–512 characters, no control characters"
            )
        }
        return user
    }

    // MARK: /authentication/start

    private func start(_ request: Request) async -> Response {
        let callers: [CloudentityInbound]
        switch self.callers(of: request) {
        case .servers(let servers): callers = servers
        case .refused(let refusal): return refusal
        }
        let inbound: CloudentityInbound
        let body: ReceivedStart
        do {
            (inbound, body) = try ReceivedStart.decode(request, for: callers, at: clock.now())
        } catch {
            return malformed(request, "start.malformed", error)
        }
        if body.hasTwoStates {
            log.warning("start.two_states") {
                $0.member("id", Int(clamping: request.id))
                $0.member("login_id", body.login.value)
            }
        }
        let login = login(body, inbound, request)
        do {
            if let known = try await knownLogin(body, login, of: callers) {
                note(.known(known), of: login, body.problem, request)
                return CloudentityAnswer.acknowledged
            }
            // Durable before the 2xx is sent; the store tells the engine.
            let insertion = try await store.insert(login, limits: inbound.limits)
            note(insertion, of: login, body.problem, request)
            return CloudentityAnswer.acknowledged
        } catch {
            log.error("start.unavailable") {
                $0.member("id", Int(clamping: request.id))
                $0.member("cause", "\(error)")
            }
            return CloudentityAnswer.notStored
        }
    }

    private func login(
        _ body: ReceivedStart,
        _ inbound: CloudentityInbound,
        _ request: Request
    ) -> PendingLogin {
        var details = body.details
        details.origin = Self.origin(of: request)
        let now = clock.now()
        var login = PendingLogin(
            key: LoginKey(server: inbound.server, tenant: body.tenant, login: body.login),
            terms: inbound.timing.terms(
                from: now,
                to: body.expiresAt ?? now + inbound.timing.defaultLifetime,
                reportsExpiry: inbound.expiryRule(for: body.details)
            ),
            details: details
        )
        // One that arrived too late has ended already.
        if body.problem != nil { try? login.apply(.unusable(.malformedStart), at: now) }
        return login
    }

    /// The same login at another server that the call may be from: one of the two deliveries does not
    /// say whose it is [ST-2].
    private func knownLogin(
        _ body: ReceivedStart,
        _ login: PendingLogin,
        of callers: [CloudentityInbound]
    ) async throws(StoreError) -> StoredLogin? {
        for other in callers where other.server != login.key.server {
            let key = LoginKey(server: other.server, tenant: body.tenant, login: body.login)
            guard let stored = try await store.login(key) else { continue }
            if body.isAmbiguous || stored.login.details.workspace == nil
                || login.details.workspace == nil
            {
                return stored
            }
        }
        return nil
    }

    /// Continues the peer's trace with a span of ours, or begins a trace.
    private static func origin(of request: Request) -> PendingLogin.Origin {
        let trace = TraceContext(of: request)?.child() ?? .begin()
        return PendingLogin.Origin(request: Int(clamping: request.id), trace: trace.traceparent)
    }

    private func note(
        _ insertion: Insertion,
        of login: PendingLogin,
        _ problem: ReceivedStart.Malformed?,
        _ request: Request
    ) {
        switch insertion {
        case .inserted(let stored):
            if let problem {
                log.warning("start.malformed") {
                    $0.member("id", Int(clamping: request.id))
                    $0.member("login_id", login.key.login.value)
                    $0.member("cause", problem.description)
                }
                return
            }
            guard case .reporting(.failed(let failure), _) = stored.login.phase else { return }
            log.warning("start.over_limit") {
                $0.member("id", Int(clamping: request.id))
                $0.member("login_id", login.key.login.value)
                $0.member("limit", "\(failure)")
            }
        case .known(let stored):
            let first = stored.login.details
            let isSame =
                first.user == login.details.user
                && Self.areSame(first.workspace, login.details.workspace)
                && first.state?.exact == login.details.state?.exact
                || problem != nil && stored.login.phase.outcome == .failed(.malformedStart)
            log.log(isSame ? .debug : .warning, isSame ? "start.repeated" : "start.conflict") {
                $0.member("id", Int(clamping: request.id))
                $0.member("login_id", login.key.login.value)
            }
        }
    }

    /// A repeat may leave the workspace out.
    private static func areSame(_ first: WorkspaceID?, _ second: WorkspaceID?) -> Bool {
        guard let first, let second else { return true }
        return first == second
    }

    // MARK: Refusing

    private func isAccepted(_ request: Request) -> Bool {
        if throttle.pause(of: request.peer.address, at: clock.now()) != nil { return false }
        if case .accepted = firstGuard.judge(request) { return true }
        return otherGuards.contains { peers in
            if case .accepted = peers.judge(request) { true } else { false }
        }
    }

    /// The servers that a call may be from.
    private enum Callers {
        case servers([CloudentityInbound])
        /// There is none; the answer refuses the call.
        case refused(Response)
    }

    /// Refuses a call with 403 only if no credential would help.
    private func callers(of request: Request) -> Callers {
        if let pause = throttle.pause(of: request.peer.address, at: clock.now()) {
            return .refused(CloudentityAnswer.throttled(pause))
        }
        var accepted: [CloudentityInbound] = []
        var forbidden: (server: AuthorizationServerID, by: String)?
        var unauthenticated: (server: AuthorizationServerID, by: String)?
        for server in servers {
            switch server.peers.judge(request) {
            case .accepted: accepted.append(server)
            case .forbidden(let what): forbidden = (server.server, what)
            case .unauthenticated(let what): unauthenticated = (server.server, what)
            }
        }
        if !accepted.isEmpty { return .servers(accepted) }
        let isForbidden = unauthenticated == nil
        if let refused = unauthenticated ?? forbidden {
            log.warning(isForbidden ? "peer.forbidden" : "peer.unauthenticated") {
                $0.member("id", Int(clamping: request.id))
                $0.member("server", refused.server.value)
                $0.member("address", request.peer.address)
                $0.member("by", refused.by)
            }
        }
        if let unauthenticated, unauthenticated.by != InboundGuard.nothing {
            noteFailure(request)
        }
        if unauthenticated?.by == InboundGuard.repeated {
            return .refused(CloudentityAnswer.malformed("The API key must not be repeated."))
        }
        return .refused(
            isForbidden ? CloudentityAnswer.forbidden : CloudentityAnswer.unauthenticated
        )
    }

    private func noteFailure(_ request: Request) {
        guard let pause = throttle.failed(request.peer.address, at: clock.now()) else { return }
        log.warning("peer.throttled") {
            $0.member("address", request.peer.address)
            $0.member("seconds", Int(pause.components.seconds))
        }
    }

    /// The same malformed body is logged once, because ACP will deliver it again.
    private func malformed(
        _ request: Request,
        _ event: String,
        _ problem: ReceivedStart.Malformed
    ) -> Response {
        if seen.isNew(request.body) {
            log.warning(event) {
                $0.member("id", Int(clamping: request.id))
                $0.member("cause", problem.description)
            }
        }
        return problem == .tooLarge
            ? CloudentityAnswer.failure(413, "The content is too large.")
            : CloudentityAnswer.malformed(problem.description)
    }
}

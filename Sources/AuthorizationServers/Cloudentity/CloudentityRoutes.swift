public import HTTP
import JSON
public import Logins
public import Telemetry

/// The two calls ACP makes to us: `POST /user/verify` and `POST /authentication/start`
/// (`Contract.md`, sections 1 and 2).
public struct CloudentityRoutes: Sendable {
    /// One, or several that call under one base path.
    private let servers: [CloudentityInbound]
    /// Theirs, apart: the hot path needs nothing else of them.
    private let firstGuard: InboundGuard
    private let otherGuards: [InboundGuard]
    private let basePath: String
    private let store: any LoginStore
    private let reachability: any Reachability
    private let clock: any WallClock
    private let log: Logger
    private let seen = RecentDigests()

    /// Which of several servers calls is told by its credential, and where servers share one, by the
    /// tenant and workspace of a start. `/user/verify` names neither: servers with one credential
    /// have the same users.
    public init(
        _ inbound: CloudentityInbound,
        beside others: [CloudentityInbound] = [],
        store: any LoginStore,
        reachability: any Reachability,
        clock: any WallClock,
        log: Logger
    ) {
        precondition(others.allSatisfy { $0.basePath == inbound.basePath }, "one base path")
        servers = [inbound] + others
        firstGuard = inbound.peers
        otherGuards = others.map(\.peers)
        basePath = inbound.basePath
        self.store = store
        self.reachability = reachability
        self.clock = clock
        self.log = log
    }

    /// ACP's patience is unknown; two seconds is what a client will bear (IN-13, ST-3).
    private static let patience = Duration.seconds(2)

    public var routes: [Route] {
        [
            Route(
                .post,
                basePath + "/user/verify",
                deadline: Self.patience,
                atOnce: { verifyAtOnce($0) }
            ) { await verify($0) },
            Route(.post, basePath + "/authentication/start", deadline: Self.patience) {
                await start($0)
            },
        ]
    }

    // MARK: /user/verify

    /// One "no" for every reason: who exists is not told (IN-10, IN-11).
    private static func answer(_ isReachable: Bool) -> Response {
        isReachable ? CloudentityAnswer.valid : CloudentityAnswer.invalid
    }

    /// The hot path: a right call about a user who was looked up lately.
    private func verifyAtOnce(_ request: Request) -> Response? {
        guard isAccepted(request), let user = try? Self.verifiedUser(in: request) else {
            return nil
        }
        return reachability.canReachAtOnce(user).map(Self.answer)
    }

    private func verify(_ request: Request) async -> Response {
        if let refusal = refusal(of: request) { return refusal }
        let user: UserID
        do {
            user = try Self.verifiedUser(in: request)
        } catch {
            return malformed(request, "verify.malformed", error.description)
        }
        do {
            return Self.answer(try await reachability.canReach(user))
        } catch {
            log.warning("verify.unavailable") {
                $0.member("id", Int(clamping: request.id))
                $0.member("cause", "\(error)")
            }
            return CloudentityAnswer.unavailable
        }
    }

    private static func verifiedUser(in request: Request) throws(StartBody.Malformed) -> UserID {
        var text: String?
        do {
            var json = JSONScanner(request.bytes, in: request.bodyRange)
            try json.object { (json, name) throws(JSONError) in
                if name == "user_identifier" { text = try json.string() } else { try json.skip() }
            }
            try json.end()
        } catch {
            throw StartBody.Malformed(error, in: request.bodyRange)
        }
        guard let text else { throw StartBody.Malformed("user_identifier: required, and missing") }
        guard let user = UserID(text) else {
            throw StartBody.Malformed(
                "user_identifier: must have 1 to 512 characters, none of control"
            )
        }
        return user
    }

    // MARK: /authentication/start

    private func start(_ request: Request) async -> Response {
        if let refusal = refusal(of: request) { return refusal }
        let inbound: CloudentityInbound
        let body: StartBody
        do {
            let callers = servers.filter { Self.accepts($0, request) }
            (inbound, body) = try StartBody.decode(request, for: callers)
        } catch {
            return malformed(request, "start.malformed", error.description)
        }
        if body.hasTwoStates {
            log.warning("start.two_states") {
                $0.member("id", Int(clamping: request.id))
                $0.member("login_id", body.login.value)
            }
        }
        var details = body.details
        details.origin = Self.origin(of: request)
        let now = clock.now()
        let login = PendingLogin(
            key: LoginKey(server: inbound.server, tenant: body.tenant, login: body.login),
            terms: inbound.timing.terms(
                from: now,
                to: body.expiresAt ?? now + inbound.timing.defaultLifetime,
                reportsExpiry: inbound.expiryRule(for: body.details)
            ),
            details: details
        )
        do {
            // Durable before the 2xx leaves; the engine hears of it from the store.
            let insertion = try await store.insert(login, limits: inbound.limits)
            note(insertion, of: login, request)
            return CloudentityAnswer.acknowledged
        } catch {
            log.error("start.unavailable") {
                $0.member("id", Int(clamping: request.id))
                $0.member("cause", "\(error)")
            }
            return CloudentityAnswer.unavailable
        }
    }

    /// The peer's trace goes on with a span of ours; without one, a trace begins here.
    private static func origin(of request: Request) -> PendingLogin.Origin {
        let trace = TraceContext(of: request)?.child() ?? .begin()
        return PendingLogin.Origin(request: Int(clamping: request.id), trace: trace.traceparent)
    }

    private func note(_ insertion: Insertion, of login: PendingLogin, _ request: Request) {
        switch insertion {
        case .inserted(let stored):
            guard case .reporting(.failed(let failure), _) = stored.login.phase else { return }
            log.warning("start.over_limit") {
                $0.member("id", Int(clamping: request.id))
                $0.member("login_id", login.key.login.value)
                $0.member("limit", "\(failure)")
            }
        case .known(let stored):
            let first = stored.login.details
            let isSame = first.user == login.details.user && first.state == login.details.state
            log.log(isSame ? .debug : .warning, isSame ? "start.repeated" : "start.conflict") {
                $0.member("id", Int(clamping: request.id))
                $0.member("login_id", login.key.login.value)
            }
        }
    }

    // MARK: Refusing

    private func isAccepted(_ request: Request) -> Bool {
        if case .accepted = firstGuard.judge(request) { return true }
        return otherGuards.contains { peers in
            if case .accepted = peers.judge(request) { true } else { false }
        }
    }

    private static func accepts(_ server: CloudentityInbound, _ request: Request) -> Bool {
        if case .accepted = server.peers.judge(request) { true } else { false }
    }

    /// Nil when the call is some server's. It is 403 only where no credential would help.
    private func refusal(of request: Request) -> Response? {
        var forbidden: (server: AuthorizationServerID, by: String)?
        var unauthenticated: (server: AuthorizationServerID, by: String)?
        for server in servers {
            switch server.peers.judge(request) {
            case .accepted: return nil
            case .forbidden(let what): forbidden = (server.server, what)
            case .unauthenticated(let what): unauthenticated = (server.server, what)
            }
        }
        let event = unauthenticated == nil ? "peer.forbidden" : "peer.unauthenticated"
        let answer =
            unauthenticated == nil ? CloudentityAnswer.forbidden : CloudentityAnswer.unauthenticated
        guard let refused = unauthenticated ?? forbidden else { return answer }
        log.warning(event) {
            $0.member("id", Int(clamping: request.id))
            $0.member("server", refused.server.value)
            $0.member("address", request.peer.address)
            $0.member("by", refused.by)
        }
        return answer
    }

    /// The same bad body is logged once, since it will be delivered again and again.
    private func malformed(_ request: Request, _ event: String, _ description: String) -> Response {
        if seen.isNew(request.body) {
            log.warning(event) {
                $0.member("id", Int(clamping: request.id))
                $0.member("cause", description)
            }
        }
        return CloudentityAnswer.malformed(description)
    }
}

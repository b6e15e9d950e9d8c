import Cryptography
import Engine
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@testable import AuthorizationServers

/// The routes that ACP calls, over a real store.
final class InboundStage: Sendable {
    static let secret = "s3cret:with:colons"

    let clock = ManualClock()
    let log = CapturedLog()
    let people = People()
    let channel = Doorbell()
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        people.put(User(id: .named("customer-4711@example.com"), isActive: true))
        people.put(User(id: .named("disabled"), isActive: false))
        people.put(User(id: .named("unreachable"), isActive: true, channels: [.named("pigeon")]))
    }

    /// Lends the routes; `change` sets what is configured about the server.
    func run(
        _ change: (inout CloudentityInbound) -> Void = { _ in },
        _ body: (Calls) async throws -> Void
    ) async throws {
        let store = try open()
        do {
            try await body(calls(over: store, change))
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    func open() throws -> SQLLoginStore {
        try SQLLoginStore(
            StoreOptions(path: directory.file("logins.db"), role: .service, clock: clock)
        )
    }

    func calls(
        over store: any LoginStore,
        _ change: (inout CloudentityInbound) -> Void = { _ in }
    ) -> Calls {
        var inbound = CloudentityInbound(
            server: .named("acp"),
            basePath: "/acp",
            peers: InboundGuard(
                basic: [.init(user: "acp", password: SecretHash(of: Array(Self.secret.utf8)))]
            )
        )
        change(&inbound)
        let plan = EscalationPlan([.init(channel: channel, after: .zero)])
        let routes = CloudentityRoutes(
            inbound,
            store: store,
            reachability: PlannedReachability(directory: people, plan: plan),
            clock: clock,
            log: log.logger
        )
        return Calls(store: store, router: Router(routes.routes))
    }
}

/// Calls as ACP makes them.
struct Calls: Sendable {
    let store: any LoginStore
    private let router: Router

    init(store: any LoginStore, router: Router) {
        self.store = store
        self.router = router
    }

    static let credentials = Field(
        "Authorization",
        "Basic " + Base64.encode(Array("acp:\(InboundStage.secret)".utf8))
    )

    /// The route of a POST to a path.
    func route(_ path: String) -> Route? {
        var request = Request.example(.post, path)
        guard case .route(let number) = router.match(&request) else { return nil }
        return router.routes[number]
    }

    func post(
        _ path: String,
        _ body: some Sequence<UInt8>,
        _ fields: [Field] = [credentials],
        peer: Peer = Peer(address: "127.0.0.1"),
        id: UInt64 = 0
    ) async throws -> Response {
        let fields = fields + [Field("Content-Type", "application/json")]
        var request = Request.example(
            .post,
            "/acp" + path,
            fields: fields,
            body: Array(body),
            peer: peer
        )
        request.id = id
        return try #require(await router.answer(request))
    }

    func start(
        _ body: String,
        _ fields: [Field] = [credentials],
        id: UInt64 = 0
    ) async throws -> Response {
        try await post("/authentication/start", body.utf8, fields, id: id)
    }

    func verify(_ body: String, _ fields: [Field] = [credentials]) async throws -> Response {
        try await post("/user/verify", body.utf8, fields)
    }

    /// Whether there is a route for that.
    func answers(_ method: HTTP.Method, _ target: String) async -> Bool {
        await router.answer(.example(method, target)) != nil
    }

    /// The login of a start body with this `login_id`.
    func login(_ id: String = "L1", tenant: String? = nil) async throws -> PendingLogin? {
        let key = LoginKey(
            server: .named("acp"),
            tenant: tenant.map { .named($0) },
            login: .named(id)
        )
        return try await store.login(key)?.login
    }

    /// How many logins there are.
    func count() async throws -> Int {
        try await store.census().reduce(0) { $0 + $1.count }
    }
}

extension Response {
    var json: JSONValue {
        get throws { try JSONValue(body) }
    }
    var text: String { String(decoding: body, as: UTF8.self) }
    func field(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// People known by name. Can be switched off.
final class People: UserDirectory {
    private let state = Locked((users: [UserID: User](), isDown: false))

    func put(_ user: User) { state.withLock { $0.users[user.id] = user } }
    func goDown() { state.withLock { $0.isDown = true } }

    func user(_ id: UserID) async throws(DirectoryError) -> User? {
        try state.withLock { (state) throws(DirectoryError) in
            if state.isDown { throw .unavailable("down for a test") }
            return state.users[id]
        }
    }
}

/// A channel that nobody should ring while ACP is answered.
struct Doorbell: NotificationChannel {
    let id = ChannelID.named("app")
    let retries = RetrySchedule(first: .seconds(1), cap: .seconds(1), jitter: 0)
    var isEnabled: Bool { true }

    func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        Issue.record("a route asked a person itself")
        return .delivered
    }
}

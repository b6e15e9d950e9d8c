import Access
import Cryptography
import Endpoints
import Engine
import HTTP
import Logins
import SQLStore
import TestSupport
import Threads
import Trust

/// The console over a real store, and people of every role who are signed in.
struct ConsoleStage: Sendable {
    static let publicURL = "https://as.example"
    static let logoutURL = "https://login.bank.example/logout"

    /// Who sends a request.
    enum Who: String, CaseIterable, Sendable {
        case stranger, inbox, moderator, admin
    }

    let clock: ManualClock
    let log = CapturedLog()
    let store: SQLLoginStore
    let activity: LoginActivity
    let servers: [ServerHealth]
    let channels: [ChannelHealth]
    let live: LiveStreams
    let router: Router

    static let limits = SessionLimits(idle: .seconds(300), absolute: .seconds(28_800))

    /// Lends a stage.
    static func with(
        fourEyes: Bool = false,
        _ body: (ConsoleStage) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let clock = ManualClock()
        let activity = LoginActivity()
        let changes = LoginChanges()
        let live = LiveStreams(
            changes: changes,
            clock: clock,
            limits: LiveStreams.Limits(all: 5, ofPerson: 4, ofSession: 2)
        )
        var options = StoreOptions(path: directory.file("logins.db"), role: .service, clock: clock)
        options.changes = {
            changes.publish($0)
            activity.note($0)
        }
        options.sessionsEnded = { live.sessionsEnded() }
        let store = try SQLLoginStore(options)
        do {
            let stage = ConsoleStage(store, activity, live, clock, fourEyes)
            for who in [Who.inbox, .moderator, .admin] { try await stage.signIn(who) }
            try await body(stage)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private init(
        _ store: SQLLoginStore,
        _ activity: LoginActivity,
        _ live: LiveStreams,
        _ clock: ManualClock,
        _ fourEyes: Bool
    ) {
        self.live = live
        self.store = store
        self.activity = activity
        self.clock = clock
        servers = [ServerHealth(.named("acp"), clock: clock)]
        channels = [ChannelHealth(.named("app"), clock: clock)]
        router = Router(
            ConsoleRoutes(
                SessionGuard(
                    .console,
                    store: store.sessions,
                    limits: Self.limits,
                    clock: clock,
                    publicURL: Self.publicURL
                ),
                ConsoleRoutes.Sources(
                    sessions: store.sessions,
                    limits: [.console: Self.limits, .inbox: Self.limits],
                    access: store.access,
                    users: store.users,
                    logins: store,
                    devices: store.devices,
                    activity: activity,
                    servers: servers,
                    channels: channels,
                    live: live,
                    fourEyes: fourEyes
                ),
                clock: clock,
                settings: SignOnRoutes.Settings(publicURL: Self.publicURL),
                logoutURL: Self.logoutURL,
                log: log.logger
            ).routes
        )
    }

    // MARK: People

    /// The secret of a person's session.
    func secret(_ who: Who) throws -> SessionSecret {
        let place = UInt8(Who.allCases.firstIndex(of: who) ?? 0)
        return try require(SessionSecret(Base64URL.encode(Array(repeating: place, count: 32))))
    }

    private func signIn(_ who: Who) async throws {
        let now = clock.now()
        let session = Session(
            id: "session-" + who.rawValue,
            application: who == .inbox ? .inbox : .console,
            person: Person(issuer: "https://login.bank.example", subject: who.rawValue),
            user: who == .inbox ? .named("customer-4711") : nil,
            account: "retail",
            name: "Given <" + who.rawValue + ">",
            email: who.rawValue + "@bank.example",
            address: "192.0.2.7",
            agent: "Browser/1",
            startedAt: now,
            lastUsedAt: now
        )
        _ = try await store.sessions.begin(
            session,
            digest: try secret(who).digest,
            replacing: nil,
            controllerEmail: "admin@bank.example"
        )
    }

    /// Sends a request. A form gets the token of the sender's session, unless it has one.
    func send(
        _ method: HTTP.Method,
        _ target: String,
        as who: Who = .admin,
        form: [Field]? = nil,
        fields: [Field] = []
    ) async throws -> Response {
        var all = [Field("Host", "as.example")] + fields
        let secret = try secret(who)
        if who != .stranger {
            let place = UInt8(Who.allCases.firstIndex(of: who) ?? 0)
            let value = Base64URL.encode(Array(repeating: place, count: 32))
            // An inbox session in the console's cookie, too: the application is compared.
            let cookies = who == .inbox ? [SignInApplication.inbox, .console] : [.console]
            let text = cookies.map { "\(SessionSecret.cookieName($0))=\(value)" }
            all.append(Field("Cookie", text.joined(separator: "; ")))
        }
        var body: [UInt8] = []
        if method == .post {
            var form = form ?? []
            if !form.contains(where: { $0.name == "token" }) {
                form.append(Field("token", secret.formToken))
            }
            body = Form(form).bytes
            if !fields.contains(where: { $0.name == "Content-Type" }) {
                all.append(Field("Content-Type", "application/x-www-form-urlencoded"))
            }
            if !fields.contains(where: { $0.name == "Origin" }) {
                all.append(Field("Origin", Self.publicURL))
            }
        }
        return try require(
            await router.answer(
                .example(
                    method,
                    target,
                    fields: all,
                    body: body,
                    peer: Peer(address: "192.0.2.7", isSecure: true)
                )
            )
        )
    }

    // MARK: What is there

    /// Stores a login in a phase.
    @discardableResult func login(
        _ id: String,
        _ phase: PendingLogin.PhaseName = .stranded,
        user: String = "alice",
        client: String = "shop",
        choice: Decision.Choice = .deny
    ) async throws -> LoginNumber {
        var fixture = PendingLogin.Fixture(id: id)
        fixture.server = "acp"
        fixture.user = user
        fixture.client = client
        fixture.receivedAt = clock.now()
        let login = PendingLogin.inPhase(phase, fixture, choice: choice)
        guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
            throw NotThere()
        }
        return stored.number
    }

    /// The entries of the audit.
    func audit() async throws -> [AuditEvent] {
        try await store.access.audit(after: 0, limit: 1000).map(\.event)
    }
}

import Access
import Configuration
import Consents
import Cryptography
import Endpoints
import Engine
import HTTP
import Identity
import JSON
import Logins
import OAuthClient
import SQLStore
import TestSupport
import Texts
import Threads
import Trust
import WebAuthn

/// An application with a scripted provider over a real store, and browsers that keep cookies.
struct SignOnStage: Sendable {
    static let publicURL = "https://as.example"

    let clock: ManualClock
    let log = CapturedLog()
    let provider: ScriptedProvider
    let store: SQLLoginStore
    let live: LiveStreams
    let users: KnownUsers
    let router: Router
    /// The inbox over another store of consents.
    let inbox: @Sendable (any AccessStore) -> InboxRoutes
    let application: SignInApplication

    /// What approvals need.
    struct Methods: Sendable {
        var tap = false
        var signIn = false
        /// The `acr` that a sign-in needs.
        var contexts: [String] = []
        /// The rules of passkeys; nil if they are off.
        var passkeys: PasskeyRules?

        /// Only passkeys.
        static let passkey = Methods(
            passkeys: PasskeyRules(id: "as.example", origins: [SignOnStage.publicURL])
        )
    }

    /// Lends a stage.
    static func with(
        _ application: SignInApplication = .inbox,
        _ changes: [String: String] = [:],
        brand: Brand = Brand(),
        approving methods: Methods = Methods(),
        browsers: (any BrowserSubscriptions)? = nil,
        _ body: (SignOnStage) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let clock = ManualClock()
        let logins = LoginChanges()
        let live = LiveStreams(
            changes: logins,
            clock: clock,
            limits: LiveStreams.Limits(all: 5, ofPerson: 4, ofSession: 3)
        )
        var options = StoreOptions(path: directory.file("logins.db"), role: .service, clock: clock)
        options.changes = { logins.publish($0) }
        options.sessionsEnded = { live.sessionsEnded() }
        let store = try SQLLoginStore(options)
        do {
            try await body(
                SignOnStage(application, changes, brand, methods, browsers, store, live, clock)
            )
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private init(
        _ application: SignInApplication,
        _ changes: [String: String],
        _ brand: Brand,
        _ methods: Methods,
        _ browsers: (any BrowserSubscriptions)?,
        _ store: SQLLoginStore,
        _ live: LiveStreams,
        _ clock: ManualClock
    ) throws {
        self.application = application
        self.store = store
        self.live = live
        self.clock = clock
        provider = try ScriptedProvider(clock: clock)
        users = KnownUsers()
        let settings = try require(try Self.settings(application, changes))
        let credentials = try ReplaceableCredentials(
            settings.authentication,
            of: settings.path,
            clock: clock,
            log: log.logger
        )
        let signOn = SignOn(
            at: IdentityProvider(
                settings,
                credentials: { credentials.current },
                http: provider,
                clock: clock,
                log: log.logger
            ),
            publicURL: Self.publicURL,
            contexts: methods.contexts,
            seal: SealedValue(secret: Array(repeating: 7, count: 32)),
            access: store.access,
            sessions: store.sessions,
            directory: users,
            clock: clock,
            log: log.logger
        )
        let pages = SignOnRoutes.Settings(brand: brand, publicURL: Self.publicURL)
        let sessionGuard = SessionGuard(
            application,
            store: store.sessions,
            limits: settings.sessions,
            clock: clock,
            publicURL: Self.publicURL
        )
        let desk = DecisionDesk(
            store: store,
            changes: LoginChanges(),
            clock: clock,
            approvers: Approvers(directory: users, plan: EscalationPlan([])),
            allowsApprovalByTap: methods.tap,
            allowsApprovalBySignIn: methods.signIn,
            allowsApprovalByPasskey: methods.passkeys != nil
        )
        let passkeys = methods.passkeys.map { rules in
            PasskeyDesk(
                rules,
                desk: desk,
                devices: store.devices,
                access: store.access,
                secret: Array(repeating: 7, count: 32),
                clock: clock
            )
        }
        inbox = { [users, log] access in
            InboxRoutes(
                sessionGuard,
                sessions: store.sessions,
                access: access,
                logins: store,
                directory: users,
                live: live,
                clock: clock,
                settings: pages,
                logoutURL: settings.logoutURL,
                passkeys: passkeys,
                browsers: browsers,
                devices: DeviceInterface(
                    registry: DeviceRegistry(store.devices),
                    directory: users,
                    publicURL: Self.publicURL
                ),
                log: log.logger
            )
        }
        var trust = TrustSettings(issuer: Self.publicURL)
        trust.authorizationEndpoint = Self.publicURL + "/oauth2/authorize"
        let authorize = AuthorizeRoutes(
            AuthorizationEndpoint(settings: trust, store: store.access, clock: clock),
            sessionGuard,
            seal: SealedValue(secret: Array(repeating: 7, count: 32)),
            settings: pages
        )
        let approval =
            methods.signIn ? SignInApproval(signOn, desk: desk, log: log.logger) : nil
        let signOnRoutes = SignOnRoutes(signOn, settings: pages, approval: approval)
        let signIn = approval.map { ($0, signOnRoutes) }
        let decisions = InboxDecisions(
            sessionGuard,
            desk: desk,
            directory: users,
            settings: pages,
            signIn: signIn,
            passkeys: passkeys,
            log: log.logger
        )
        let prompts = ApprovalRoutes(
            desk: desk,
            directory: users,
            settings: ApprovalRoutes.Settings(publicURL: Self.publicURL),
            signIn: signIn,
            passkeys: passkeys,
            log: log.logger
        )
        router = Router(
            signOnRoutes.routes + inbox(store.access).routes + decisions.routes + prompts.routes
                + authorize.routes
        )
    }

    private static func settings(
        _ application: SignInApplication,
        _ changes: [String: String]
    ) throws -> IdentityProviderSettings? {
        var keys = [
            "issuer": "\"\(ScriptedProvider.issuer)\"",
            "client_id": "\"\(ScriptedProvider.clientID)\"",
            "client_secret": "{ env: \"SECRET\" }", "domain": "\"bank.example\"",
            "logout_url": "\"https://login.bank.example/logout?client=as\"",
        ]
        if application == .console { keys["controller_email"] = "\"controller@bank.example\"" }
        for (key, value) in changes { keys[key] = value }
        let members = keys.map { key, value in "\(key): \(value)" }
        let environment = Environment(
            directory: "/",
            variables: ["SECRET": ScriptedProvider.clientSecret]
        ) { _ in .failure(.init("does not exist")) }
        let text = "{ sign_in: { \(members.joined(separator: ", ")) } }"
        return try ConfigurationFile.read(text, in: environment) {
            IdentityProviderSettings($0.group("sign_in", "Sign-in."), for: application)
        }.0
    }

    var path: String { "/sso/oidc/" + application.rawValue }

    func browser() -> Browser { Browser(stage: self) }

    /// A login of a user that waits for an answer.
    @discardableResult
    func login(
        _ id: String,
        user: UserID = .named("customer-4711"),
        numbers: NumberRule? = nil
    ) async throws -> LoginNumber {
        let now = clock.now()
        let login = PendingLogin.arrived(
            id,
            tenant: nil,
            at: now,
            PendingLogin.Details(
                user: user,
                client: ClientID("kiosk"),
                bindingMessage: BindingMessage(
                    "Message of " + id + (numbers == nil ? "" : ", code 730194"),
                    numbers
                ),
                origin: .fixture
            )
        )
        guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
            throw NotThere()
        }
        let consent = Consent(
            clientName: "Kiosk <12>",
            scopes: [.init(requestedName: "openid", displayName: "Sign you in")]
        )
        let question = Question(
            consent: consent,
            accounts: [],
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
        let channel = try require(ChannelID("app"))
        let delivery = PendingLogin.Delivery(channel: channel, state: .delivered(at: now))
        let result = try await store.update(stored.number) {
            (login) throws(PendingLogin.Refusal) in
            try login.apply(.prepared(question, [delivery]), at: now)
        }
        return try require(result).get().number
    }

    /// Decides a login and reports it.
    func decide(
        _ number: LoginNumber,
        _ choice: Decision.Choice,
        _ evidence: Evidence = Evidence(method: .tap, via: .page, address: "192.0.2.99")
    ) async throws {
        let now = clock.now()
        let result = try await store.update(number) { (login) throws(PendingLogin.Refusal) in
            let shown = Selection(shown: login.question?.digest)
            try login.apply(.decided(Decision(choice, evidence: evidence, at: now), shown), at: now)
            try login.apply(.reportBegun, at: now)
            try login.apply(.reportTaken(confirmed: true), at: now)
        }
        _ = try require(result).get()
    }

    /// The same as `login`, with the ticket of its link.
    func prompt(
        _ id: String,
        user: UserID = .named("customer-4711"),
        numbers: NumberRule? = nil
    ) async throws -> (number: LoginNumber, ticket: String) {
        let number = try await login(id, user: user, numbers: numbers)
        let ticket = PromptTicket(for: number)
        try await apply(.ticketIssued(ticket.digest), to: number)
        return (number, ticket.text)
    }

    func apply(_ event: PendingLogin.Event, to number: LoginNumber) async throws {
        let now = clock.now()
        let result = try await store.update(number) { (login) throws(PendingLogin.Refusal) in
            try login.apply(event, at: now)
        }
        _ = try require(result).get()
    }

    /// The entries of the audit.
    func audit() async throws -> [AuditEvent] {
        try await store.access.audit(after: 0, limit: 1000).map(\.event)
    }
}

/// Users who become known when a test says so.
final class KnownUsers: UserDirectory {
    private let known = Locked<[UserID: Bool]>([.named("customer-4711"): true])

    func user(_ id: UserID) async throws(DirectoryError) -> User? {
        known.withLock { $0[id] }.map { User(id: id, isActive: $0) }
    }

    func set(_ isActive: Bool?) { known.withLock { $0[.named("customer-4711")] = isActive } }
}

/// Keeps cookies and follows what an answer says, step by step.
final class Browser: Sendable {
    private let stage: SignOnStage
    let cookies = Locked<[String: String]>([:])
    var jar: [String: String] { cookies.withLock { $0 } }

    func put(_ name: String, _ value: String) { cookies.withLock { $0[name] = value } }

    /// Every answer, for scanners.
    let answers = Locked<[Response]>([])

    init(stage: SignOnStage) { self.stage = stage }

    func send(
        _ method: HTTP.Method,
        _ target: String,
        form: [Field]? = nil,
        fields: [Field] = [],
        through router: Router? = nil
    ) async throws -> Response {
        let jar = cookies.withLock { $0 }
        var all = [
            Field("Host", "as.example"), Field("User-Agent", "Browser/1"),
        ]
        all += fields
        if !jar.isEmpty {
            let text = jar.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            all.append(Field("Cookie", text.joined(separator: "; ")))
        }
        if form != nil {
            all.append(Field("Content-Type", "application/x-www-form-urlencoded"))
            all.append(Field("Origin", SignOnStage.publicURL))
        }
        let answer = try require(
            await (router ?? stage.router).answer(
                .example(
                    method,
                    target,
                    fields: all,
                    body: form.map { Form($0).bytes } ?? [],
                    peer: Peer(address: "192.0.2.7", isSecure: true)
                )
            )
        )
        for field in answer.fields where field.name == "Set-Cookie" { keep(field.value) }
        answers.withLock { $0.append(answer) }
        return answer
    }

    private func keep(_ cookie: String) {
        let parts = cookie.split(separator: ";")
        let pair = parts[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let isDeleted = cookie.contains("Max-Age=0")
        cookies.withLock { $0[String(pair[0])] = isDeleted ? nil : String(pair[1]) }
    }

    /// The parameters of the authorization request that a start URL answers with.
    func begin(to target: String? = nil) async throws -> Form {
        let query = target.map {
            "?" + String(decoding: Form([Field("to", $0)]).bytes, as: UTF8.self)
        }
        let answer = try await send(.get, stage.path + (query ?? ""))
        let location = try require(answer.field("location"))
        let encoded = String(location.split(separator: "?").last ?? "")
        let form: Form = try require(Form(Array(encoded.utf8)))
        stage.provider.change { $0.nonce = form["nonce"] ?? "" }
        return form
    }

    /// Comes back from the provider.
    func comeBack(_ parameters: [Field]) async throws -> Response {
        let query = String(decoding: Form(parameters).bytes, as: UTF8.self)
        return try await send(.get, stage.path + "/callback?" + query)
    }

    /// Signs in from start to end.
    func signIn(to target: String? = nil) async throws -> Response {
        let request = try await begin(to: target)
        return try await comeBack([
            Field("code", "code-secret-1"), Field("state", request["state"] ?? ""),
        ])
    }

    /// The token in the forms of the inbox.
    func formToken() async throws -> Field {
        let page = try await send(.get, "/inbox").text
        let found = try require(page.firstMatch(of: /name="token" value="([^"]+)"/))
        return Field("token", String(found.1))
    }

    /// The session's cookie.
    var session: String? {
        cookies.withLock { $0["__Host-beckon-" + stage.application.rawValue] }
    }
}

extension Response {
    /// The object that the page's script writes to the console.
    var diagnosis: JSONValue? {
        let start = "<script type=\"application/json\" id=\"sign-in-failure\">"
        guard let begin = text.firstRange(of: start) else { return nil }
        let rest = text[begin.upperBound...]
        guard let end = rest.firstRange(of: "</script>") else { return nil }
        return try? JSONValue(Array(rest[..<end.lowerBound].utf8))
    }
}

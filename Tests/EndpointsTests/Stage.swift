import Consents
import Cryptography
import Endpoints
import Engine
import HTTP
import Identity
import Logins
import SQLStore
import TestSupport

/// The routes over a real store, with a clock that stands still.
struct Stage: Sendable {
    let clock: ManualClock
    let changes: LoginChanges
    let log = CapturedLog()
    let store: any LoginStore
    let router: Router

    /// Lends a stage. Approving by a tap is allowed, or what `policy` says.
    static func with(
        tap: Bool = true,
        policy: ApprovalPolicy? = nil,
        until end: EscalationPlan.End = .decided,
        settings: ApprovalRoutes.Settings = .init(),
        language: String? = nil,
        timeZone: String? = nil,
        _ body: (Stage) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let clock = ManualClock()
        let changes = LoginChanges()
        var options = StoreOptions(
            path: directory.file("logins.db"),
            role: .service,
            clock: clock
        )
        options.changes = { changes.publish($0) }
        let store = try SQLLoginStore(options)
        let stage = Stage(
            store: InstrumentedStore(store),
            clock: clock,
            changes: changes,
            policy: policy ?? .tap(tap),
            until: end,
            settings: settings,
            people: People(language: language, timeZone: timeZone)
        )
        do {
            try await body(stage)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    /// A stage whose store fails at everything.
    static var broken: Stage {
        Stage(
            store: BrokenLoginStore(),
            clock: ManualClock(),
            changes: LoginChanges(),
            policy: .tap(true),
            settings: .init(),
            people: People()
        )
    }

    private init(
        store: any LoginStore,
        clock: ManualClock,
        changes: LoginChanges,
        policy: ApprovalPolicy,
        until end: EscalationPlan.End = .decided,
        settings: ApprovalRoutes.Settings,
        people: People
    ) {
        self.store = store
        self.clock = clock
        self.changes = changes
        let desk = DecisionDesk(
            store: store,
            changes: changes,
            clock: clock,
            approvers: Approvers(directory: people, plan: EscalationPlan([], until: end)),
            policy: policy,
            usable: Set(ApprovalPolicy.Method.allCases)
        )
        router = Router(
            ApprovalRoutes(desk: desk, directory: people, settings: settings, log: log.logger)
                .routes + DeviceRoutes(desk: desk, directory: people, log: log.logger).routes
        )
    }

    // MARK: Logins

    /// A login that waits for its person, and the ticket of its link.
    func prompt(
        id: String = "login-1",
        client: String? = "Kiosk 12",
        scopes: [Consent.Scope] = [.init(requestedName: "openid", displayName: "Sign you in")],
        message: String? = "Kiosk 12 / 84-20-17",
        numbers: NumberRule? = nil,
        context: RequestContext? = nil,
        isReady: Bool = true
    ) async throws -> Prompted {
        let consent = Consent(clientName: client, scopes: scopes)
        return try await prompt(
            id: id,
            question(consent),
            message: message,
            numbers: numbers,
            context: context,
            isReady: isReady
        )
    }

    /// A login that asks what a sample asks.
    func prompt(_ sample: SampleQuestion) async throws -> Prompted {
        try await prompt(
            id: "login-" + sample.name,
            question(sample.consent, accounts: sample.accounts),
            message: sample.bindingMessage,
            isReady: true
        )
    }

    /// A login that asks for a consent.
    func prompt(_ consent: Consent) async throws -> Prompted {
        try await prompt(id: "login-1", question(consent), message: nil, isReady: true)
    }

    private func prompt(
        id: String,
        _ question: Question,
        message: String?,
        numbers: NumberRule? = nil,
        context: RequestContext? = nil,
        isReady: Bool
    ) async throws -> Prompted {
        let now = clock.now()
        let login = PendingLogin.arrived(
            id,
            tenant: nil,
            at: now,
            PendingLogin.Details(
                user: .named("customer-4711"),
                client: ClientID("kiosk"),
                bindingMessage: BindingMessage(message, numbers),
                context: context,
                origin: .fixture
            )
        )
        guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
            throw NotThere()
        }
        let ticket = PromptTicket(for: stored.number)
        if isReady {
            let channel = try require(ChannelID("app"))
            try await apply(
                .prepared(
                    question,
                    [PendingLogin.Delivery(channel: channel, state: .delivered(at: now))]
                ),
                to: stored.number
            )
        }
        try await apply(.ticketIssued(ticket.digest), to: stored.number)
        return Prompted(id: id, number: stored.number, ticket: ticket.text)
    }

    /// The question that an engine would make of a consent.
    func question(_ consent: Consent, accounts: [BankAccount] = []) -> Question {
        Question(
            consent: consent,
            accounts: accounts,
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
    }

    func apply(_ event: PendingLogin.Event, to number: LoginNumber) async throws {
        let now = clock.now()
        let result = try await store.update(number) { (login) throws(PendingLogin.Refusal) in
            try login.apply(event, at: now)
        }
        _ = try require(result).get()
    }

    // MARK: Requests

    func get(_ target: String, _ fields: [Field] = []) async -> Response {
        await send(.get, target, fields, "")
    }

    /// Answers a form as the page sends it.
    func choose(
        _ choice: String,
        _ ticket: String,
        _ fields: [Field] = [],
        also: String = ""
    ) async -> Response {
        await send(
            .post,
            "/approve/" + ticket,
            [Field("Content-Type", "application/x-www-form-urlencoded")] + fields,
            "decision=" + choice + (also.contains("shown=") ? "" : await shown(ticket)) + also
        )
    }

    /// What the page behind a ticket says that it shows.
    private func shown(_ ticket: String) async -> String {
        await digest(ticket).map { "&shown=" + $0 } ?? ""
    }

    /// Of the consent that a ticket's login asks about.
    func digest(_ ticket: String) async -> String? {
        guard let number = PromptTicket(ticket)?.number,
            let stored = (try? await store.login(number)) ?? nil
        else { return nil }
        return stored.login.question.map { Base64URL.encode($0.digest.bytes) }
    }

    /// Answers as an app does.
    func decide(_ choice: String, _ prompt: Prompted) async -> Response {
        let shown = choice == "approve" ? await digest(prompt.ticket) : nil
        return await send(
            .post,
            "/device/v1/logins/\(prompt.id)/decision",
            [Field("Content-Type", "application/json"), prompt.bearer],
            #"{"decision":"\#(choice)"\#(shown.map { #","digest":"\#($0)""# } ?? "")}"#
        )
    }

    func send(
        _ method: HTTP.Method,
        _ target: String,
        _ fields: [Field],
        _ body: String
    ) async -> Response {
        let response = await router.answer(
            .example(
                method,
                target,
                fields: [Field("Host", "login.bank.example")] + fields,
                body: Array(body.utf8),
                peer: Peer(address: "192.0.2.7")
            )
        )
        // Nothing is there: what a server answers then.
        return response ?? Response(status: 404)
    }
}

struct Prompted: Sendable {
    let id: String
    let number: LoginNumber
    let ticket: String
    var bearer: Field { Field("Authorization", "Bearer " + ticket) }
    var page: String { "/approve/" + ticket }
    var device: String { "/device/v1/logins/" + id }
}

struct NotThere: Error {}

func require<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw NotThere() }
    return value
}

private struct People: UserDirectory {
    var language: String?
    var timeZone: String?
    func user(_ id: UserID) async throws(DirectoryError) -> User? {
        User(id: id, isActive: true, language: language, timeZone: timeZone)
    }
}

extension Response {
    var text: String { String(decoding: body, as: UTF8.self) }
    func field(_ name: String) -> String? { fields.first(name) }
}

extension ApprovalPolicy {
    /// Every login is approved by a tap, or not at all.
    fileprivate static func tap(_ isAllowed: Bool) -> ApprovalPolicy {
        ApprovalPolicy(fallback: isAllowed ? [Way(.tap)] : [])
    }
}

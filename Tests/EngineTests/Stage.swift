import Engine
import Identity
import Logins
import SQLStore
import TestSupport
import Testing

/// The environment of an engine: a manual clock, a database, two servers, two channels and a
/// directory. It outlives the engines that run on it, as a disk outlives processes.
final class Stage: Sendable {
    static let publicURL = "https://login.bank.example"

    let clock = ManualClock()
    let log = CapturedLog()
    let server: StandInServer
    /// A second server, which is called only if a test has logins of it.
    let other: StandInServer
    let webhook: StandInChannel
    let sms: StandInChannel
    let people = StandInDirectory()
    /// Each durable change of a login, in order.
    let heard = Recorded<StoredLogin>()
    let start: Timestamp
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        server = StandInServer(clock: clock)
        other = StandInServer("other", clock: clock)
        let crowd = Crowd()
        webhook = StandInChannel("webhook", clock: clock, crowd: crowd)
        sms = StandInChannel("sms", clock: clock, crowd: crowd)
        start = clock.now()
    }

    /// The webhook immediately, the text message after twenty seconds.
    var escalation: EscalationPlan {
        EscalationPlan([
            .init(channel: webhook, after: .zero), .init(channel: sms, after: .seconds(20)),
        ])
    }

    /// Opens a store without an engine.
    func withStore<Value>(
        changes: LoginChanges = LoginChanges(),
        _ body: (SQLLoginStore) async throws -> Value
    ) async throws -> Value {
        var options = StoreOptions(
            path: directory.file("logins.db"),
            role: .service,
            clock: clock
        )
        options.takesOn = { changes.takeOn($0) }
        options.changes = { [heard] step in
            heard.append(step.after)
            changes.publish(step)
        }
        let store = try SQLLoginStore(options)
        let value: Value
        do {
            value = try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        return value
    }

    /// Runs an engine while `body` runs, then stops it and closes the store. Only the servers in
    /// `health` have circuit breakers.
    func run(
        _ plan: EscalationPlan? = nil,
        concurrency: Int = 64,
        minding health: [ServerHealth] = [],
        accounts: (any AccountDirectory)? = nil,
        tickets: TicketKey = TicketKey(),
        requiresContext: Bool = false,
        requiresNumber: Bool = true,
        messages: MessageRule = .any,
        trouble: ((InstrumentedStore) -> Void)? = nil,
        _ body: (Run) async throws -> Void
    ) async throws {
        let changes = LoginChanges()
        try await withStore(changes: changes) { store in
            let counted = InstrumentedStore(store)
            let troubled = InstrumentedStore(counted)
            trouble?(troubled)
            var settings = LoginEngine.Settings(
                concurrency: concurrency,
                publicURL: Self.publicURL,
                requiresContext: requiresContext
            )
            settings.requiresNumber = requiresNumber
            settings.messages = messages
            let engine = LoginEngine(
                store: troubled,
                servers: [server, other],
                health: health,
                directory: people,
                accounts: accounts,
                plan: plan ?? EscalationPlan([.init(channel: webhook, after: .zero)]),
                clock: clock,
                changes: changes,
                tickets: tickets,
                settings: settings,
                log: log.logger
            )
            let desk = desk(counted, changes: changes, plan: plan)
            let run = Run(
                stage: self,
                store: store,
                counted: counted,
                troubled: troubled,
                engine: engine,
                desk: desk
            )
            // When `body` throws, leaving this scope cancels the engine.
            async let running: Void = engine.run()
            try await body(run)
            for server in [server, other] {
                server.consentGate.open()
                server.reportGate.open()
            }
            for channel in [webhook, sms] { channel.gate.open() }
            engine.stop()
            await running
            #expect(engine.underWay.isEmpty)
        }
    }

    func desk(
        _ store: any LoginStore,
        changes: LoginChanges = LoginChanges(),
        allowsTap: Bool = true,
        plan: EscalationPlan? = nil
    ) -> DecisionDesk {
        DecisionDesk(
            store: store,
            changes: changes,
            clock: clock,
            approvers: Approvers(directory: people, plan: plan ?? escalation),
            allowsApprovalByTap: allowsTap
        )
    }

    /// Waits until a login fulfils a condition.
    @discardableResult
    func login(
        _ number: LoginNumber,
        _ what: String,
        where isAsWanted: @escaping @Sendable (PendingLogin) -> Bool
    ) async throws -> PendingLogin {
        let heard = try await heard.wait(what) { heard in
            heard.last { $0.number == number }.map { isAsWanted($0.login) } ?? false
        }
        return try #require(heard.last { $0.number == number }).login
    }

    /// Waits until a login is in a phase.
    @discardableResult
    func login(
        _ number: LoginNumber,
        reaching phase: PendingLogin.PhaseName
    ) async throws -> PendingLogin {
        try await login(number, "\(phase)") { $0.phase.name == phase }
    }
}

/// A running engine.
struct Run: Sendable {
    let stage: Stage
    let store: any LoginStore
    /// What the engine and the desk ask of the store.
    let counted: InstrumentedStore
    /// The engine's view of it, which fails when a test says so.
    let troubled: InstrumentedStore
    let engine: LoginEngine
    let desk: DecisionDesk

    /// A login arrives.
    func start(
        _ id: String = "login-1",
        _ change: (inout PendingLogin.Fixture) -> Void = { _ in }
    ) async throws -> LoginNumber {
        var fixture = PendingLogin.Fixture(id: id)
        fixture.receivedAt = stage.clock.now()
        change(&fixture)
        return try await store.insertNew(fixture.make())
    }

    /// A login arrives and its user is notified; returns its number and ticket.
    func prompt(_ id: String = "login-1") async throws -> (number: LoginNumber, ticket: String) {
        let number = try await start(id)
        let asked = try await stage.webhook.asked.wait("a prompt") { asked in
            asked.contains { $0.prompt.number == number }
        }
        let prompt = try #require(asked.last { $0.prompt.number == number }).prompt
        return (number, prompt.ticket)
    }

    /// When the login's next duty is due, once the engine has given back that many claims of it. It
    /// does so after the change that tests hear of, and until then the store does not count the duty.
    func due(_ number: LoginNumber, afterClaims count: Int) async throws -> Timestamp? {
        try await counted.released.wait("\(count) claims given back") { released in
            released.count { $0 == number } >= count
        }
        return try await store.nextDue()
    }

    @discardableResult
    func decide(_ choice: Decision.Choice, _ ticket: String) async throws -> StoredLogin {
        try await desk.decide(choice, opening: ticket, via: .page, address: "192.0.2.7") {
            Selection(shown: $0.login.question?.digest)
        }
    }
}

extension LoginStore {
    /// Inserts a login that is new.
    @discardableResult
    func insertNew(_ login: PendingLogin) async throws -> LoginNumber {
        guard case .inserted(let stored) = try await insert(login, limits: .none) else {
            throw NotNew()
        }
        return stored.number
    }
}

struct NotNew: Error {}

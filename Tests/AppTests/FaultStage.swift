import CurlClient
import Engine
import HTTP
import JSON
import Logins
import OAuthClient
import SQLStore
import Telemetry
import TestSupport
import Testing
import Threads

@testable import AuthorizationServers

/// One login at a faulty authorization server, with everything around it that is real but the
/// clock: that stands still until nothing is left to do, and then goes to what is due next.
final class FaultStage: Sendable {
    let clock = ManualClock()
    let log = CapturedLog()
    /// How far the clock was moved each time.
    let pauses = Recorded<Duration>()
    private let heard = Recorded<StoredLogin>()
    private let directory: TemporaryDirectory
    private static let client = CurlHTTPClient()
    private let tenant: String
    private let base: String
    /// Half a minute of a login's life is over when it starts here. What lasts until its end lasts
    /// half a minute more.
    private let life: Duration
    private let server: CloudentityServer

    init(fault: String, port: Int) throws {
        directory = try TemporaryDirectory()
        tenant = "\(fault)-1"
        base = "http://127.0.0.1:\(port)"
        life = fault.contains("-lasting") ? .seconds(60) : .seconds(150)
        let operation = String(fault.prefix { $0 != "-" })
        server = CloudentityServer(
            CloudentityOutbound(
                server: .named("acp"),
                acp: base,
                clientID: "beckon",
                // For the slow ones; every other answer comes at once.
                timeLimit: fault.contains("-slow") ? .milliseconds(300) : .seconds(20)
            ),
            credentials: { ClientCredentials(.secretBasic("secret")) },
            http: fault.hasSuffix("-unreachable")
                ? UnreachableOnce(Self.client, operation) : Self.client,
            clock: clock,
            log: log.logger
        )
    }

    /// Starts a login, lets the person decide when they are asked, and returns it when it has ended.
    func run(_ choice: Decision.Choice) async throws -> StoredLogin {
        let changes = LoginChanges()
        var options = StoreOptions(path: directory.file("l.db"), role: .service, clock: clock)
        options.takesOn = { changes.takeOn($0) }
        options.changes = { [heard] step in
            heard.append(step.after)
            changes.publish(step)
        }
        let store = try SQLLoginStore(options)
        let engine = LoginEngine(
            store: store,
            servers: [server],
            directory: Everybody(),
            accounts: Everybody(),
            plan: EscalationPlan([.init(channel: Doorbell(), after: .zero)]),
            clock: clock,
            changes: changes,
            settings: .init(publicURL: "https://login.example"),
            log: log.logger
        )
        guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
            throw NotNew()
        }
        async let running: Void = engine.run()
        let ended: StoredLogin
        do {
            ended = try await drive(stored.number, in: store, choice)
            if ended.login.phase.name == .stranded {
                // Listed for an operator.
                let listed = try await store.logins(in: .stranded, after: nil, limit: 10)
                #expect(listed == [ended])
            }
        } catch {
            engine.stop()
            await running
            await store.close()
            throw error
        }
        engine.stop()
        await running
        await store.close()
        return ended
    }

    struct NotNew: Error {}

    /// Half a minute old, so that a server that does not know it never will.
    private var login: PendingLogin {
        .arrived(
            tenant: tenant,
            at: clock.now() - .seconds(30),
            lifetime: life,
            reportsExpiry: .lodgedConsents,
            PendingLogin.Details(
                user: .named("ann"),
                requestedScopes: ["openid", "accounts"],
                consentID: .named("aac-1"),
                state: "s1"
            )
        )
    }

    private func drive(
        _ number: LoginNumber,
        in store: SQLLoginStore,
        _ choice: Decision.Choice
    ) async throws -> StoredLogin {
        while true {
            let clock = clock
            let heard = try await heard.wait("a login at rest") { heard in
                guard let login = heard.last?.login else { return false }
                return login.dueAt.map { $0 > clock.now() } ?? true
            }
            guard let last = heard.last else { continue }
            guard let due = last.login.dueAt else { return last }
            if case .waiting(let deliveries) = last.login.phase,
                deliveries.allSatisfy({ if case .delivered = $0.state { true } else { false } })
            {
                let selection = Selection(
                    accounts: choice == .approve ? ["acc-1"] : nil,
                    shown: last.login.question?.digest
                )
                let evidence = Evidence(method: .tap, via: .page, address: nil)
                let decision = Decision(choice, evidence: evidence, at: clock.now())
                let decided = try await store.update(number) {
                    (login) throws(PendingLogin.Refusal) in
                    try login.apply(.decided(decision, selection), at: clock.now())
                }
                _ = try decided?.get()
                continue
            }
            try await clock.alarm(by: due)
            let pause = due - clock.now()
            pauses.append(pause)
            clock.advance(by: pause)
        }
    }

    /// What the server remembers.
    struct Told {
        /// What reached it, but for requests for tokens: g a look, a an accept, r a reject.
        let calls: String
        /// What came to count.
        let decisions: [String]
        /// Accepts and rejects that came when a decision already counted.
        let repeated: [String]
    }

    func told() async throws -> Told {
        let answer = try await Self.client.send(OutboundRequest(.get, "\(base)/control/\(tenant)"))
        let body = try JSONValue(answer.body)
        func words(_ name: String) throws -> [String] {
            try #require(body[name]?.array).compactMap(\.string)
        }
        return Told(
            calls: try words("calls").filter { $0 != "token" }.map { String($0.prefix(1)) }
                .joined(),
            decisions: try words("decisions"),
            repeated: try words("repeated")
        )
    }
}

/// Everybody is here, and has one account.
private struct Everybody: UserDirectory, AccountDirectory {
    func user(_ id: UserID) async throws(DirectoryError) -> User? { User(id: id, isActive: true) }

    func accounts(of user: UserID) async throws(DirectoryError) -> [BankAccount] {
        [BankAccount(id: "acc-1", name: "Current", display: "•••• 1", kind: .current)]
    }
}

/// A channel that always works.
private struct Doorbell: NotificationChannel {
    let id = ChannelID.named("doorbell")
    let retries = RetrySchedule(first: .seconds(1), cap: .seconds(8), jitter: 0)
    let isEnabled = true
    func ask(_ prompt: Prompt) async -> DeliveryAnswer { .delivered }
}

/// Sends the first call of one kind to a port where nobody listens.
private final class UnreachableOnce: OutboundHTTP {
    private let client: CurlHTTPClient
    private let operation: String
    private let isDone = Locked(false)

    init(_ client: CurlHTTPClient, _ operation: String) {
        self.client = client
        self.operation = operation
    }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        let last = request.url.split(separator: "/").last.map(String.init) ?? ""
        let isMeant = operation == "get" ? request.method == .get : last == operation
        var request = request
        if isMeant,
            isDone.withLock({ isDone in
                defer { isDone = true }; return !isDone
            })
        {
            // The discard port, where no test machine listens.
            request.url = "http://127.0.0.1:9/"
        }
        return try await client.send(request)
    }
}

// Answers requests of n, 2n and 4n bytes in each place of each route that a peer fills, with the
// routes of the whole service over a real store, and prints one line for each:
//
//     route TAB place TAB bytes TAB nanoseconds of the process on a processor
//
// `hotloop.py` judges how the work grows. It counts instructions if it can: what lies between
// `hotLoopBegins` and `hotLoopEnds` is one line's work.
//
//     hot-loop [REPEATS [PART]]
//
// REPEATS is how often each is answered; the quickest counts. PART limits the places to those whose
// route and name contain one of its lines.
//
//     hot-loop fuzz SECONDS FILE
//
// Answers changed requests for so long instead. FILE has the request that is being answered, so it
// is there when one ends the process.
import App
import Consents
import Foundation
import HTTP
import Identity
import Logins
import SQLiteStore
import Synchronization
import TestSupport
import Threads

/// Counted, and differently, so that an optimised build keeps the calls and two functions.
let cases = Atomic<Int>(0)
@inline(never) public func hotLoopBegins() { cases.add(1, ordering: .relaxed) }
@inline(never) public func hotLoopEnds() { cases.bitwiseOr(1 << 62, ordering: .releasing) }

/// Of all threads, in nanoseconds. Other programs do not add to it.
func processorTime() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

struct Unusable: Error { let what: String }

func require<Value>(_ value: Value?, _ what: String) throws -> Value {
    guard let value else { throw Unusable(what: what) }
    return value
}

/// The real service, a user with a login that waits, and nobody at the other end.
struct Target: Sendable {
    static let hash = "sha256:AAECAwQFBgcICQoLDA0ODw:PT7NB1B2A4OlzWox1NgpSt0YKawNe-BkcIP3OEfdMl4"
    static let credentials =
        "Basic " + Data("acp:correct horse battery staple".utf8).base64EncodedString()

    let directory: TemporaryDirectory
    let router: Router
    let ticket: String
    let callers: Callers

    init() async throws {
        directory = try TemporaryDirectory()
        let service = try EmbeddedService(
            configuration: """
                {
                  development: true,
                  public_url: "https://login.example",
                  listen: { address: "127.0.0.1:0", loops: 1 },
                  management: { address: "127.0.0.1:0" },
                  trust: {
                    without_certificate: ["tool"],
                    client_certificate: { format: "rfc9440", trusted_hops: ["192.0.2.7"] },
                  },
                  sign_in: {
                    inbox: { \(Self.provider) },
                    console: { \(Self.provider) controller_email: "anna@bank.example" },
                  },
                  store: { sqlite: { path: "hot-loop.db" } },
                  authorization_servers: [{
                    id: "acp",
                    inbound: { basic: [ { user: "acp", password_hash: "\(Self.hash)" } ] },
                    outbound: {
                      acp: "http://127.0.0.1:1", tenant: "bank", client_id: "beckon",
                      client_secret: "secret",
                    },
                  }],
                  approval: { passkey: {} },
                  channels: {
                    console: { kind: "console" },
                    browser: {
                      kind: "web_push", contact: "mailto:ops@bank.example",
                      vapid_key: '\(Self.key)',
                    },
                  },
                  log: { level: "error", requests: "off" },
                }
                """,
            directory: directory.path
        )
        try await service.add(user: "anna")
        router = Router(service.routes)
        let start = Message(
            method: "POST",
            target: "/authentication/start",
            fields: Self.jsonFields,
            body: Self.start
        )
        let started = try await Self.answer(start.bytes, router)
        guard started.status / 100 == 2 else { throw Unusable(what: "start: \(started.status)") }
        let path = directory.file("hot-loop.db")
        ticket = try await Self.prompt(path)
        callers = try await Callers(path: path) { [router] in
            try await Self.answer($0.bytes, router)
        }
    }

    /// The example of RFC 8291, section 5.
    private static let key =
        #"{"kty":"EC","crv":"P-256","x":"_jP0qw3qcZFNtVgj9ztUlI9BMG2SBzLbuaWaUyhkgiA","#
        + #""y":"Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8","#
        + #""d":"yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"}"#

    private static let provider = """
        issuer: "https://login.bank.example", client_id: "beckon", client_secret: "secret",
        domain: "bank.example", logout_url: "https://login.bank.example/logout",
        """
    static let jsonFields = [
        (name: "Authorization", value: credentials),
        (name: "Content-Type", value: "application/json"),
    ]
    static let start =
        #"{"login_id":"L1","login_state":"s","tenant_id":"bank","user_identifier":"anna"}"#

    /// Asks the one login for data of accounts, so that each part of the page has something to do.
    private static func prompt(_ path: String) async throws -> String {
        let clock = ManualClock(
            Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        )
        let store = try SQLiteLoginStore(StoreOptions(path: path, role: .tool, clock: clock))
        let number = LoginNumber(1)
        let sample = try require(SampleQuestion.named("cdr"), "the sample")
        let question = Question(
            consent: sample.consent,
            accounts: sample.accounts,
            digest: ConsentForm.digest(of: sample.consent),
            nonce: Array(repeating: 1, count: 32)
        )
        let ticket = PromptTicket(for: number)
        let channel = try require(ChannelID("console"), "the channel")
        let now = clock.now()
        let result = try await store.update(number) { (login) throws(PendingLogin.Refusal) in
            let delivery = PendingLogin.Delivery(channel: channel, state: .delivered(at: now))
            try login.apply(.prepared(question, [delivery]), at: now)
            try login.apply(.ticketIssued(ticket.digest), at: now)
        }
        _ = try require(result, "the login").get()
        await store.close()
        return ticket.text
    }

    /// Reads a request as a connection does, and answers it.
    static func answer(_ bytes: [UInt8], _ router: Router) async throws -> Response {
        var parser = RequestParser()
        var bytes = bytes
        let parsed: Request?
        do throws(RequestError) {
            parsed = try parser.parse(&bytes, from: 0, to: bytes.count)
        } catch {
            return .refusal(error)
        }
        var request = try require(parsed, "a whole request")
        request.peer = Peer(address: "192.0.2.7", isSecure: true)
        switch router.match(&request) {
        case .notFound: return .notFound
        case .methodNotAllowed(let allowed): return .methodNotAllowed(allowed)
        case .route(let number): return await router.routes[number].handler(request)
        }
    }

    // MARK: Routes

    /// The places of each route.
    func places(of route: Route) throws -> [Place] {
        let method = route.method.name
        switch route.pattern {
        case "/user/verify":
            return Places(
                message: Message(
                    method: method,
                    target: route.pattern,
                    fields: Self.jsonFields,
                    body: #"{"user_identifier":"anna"}"#
                ),
                strings: ["user_identifier", "x"]
            ).all
        case "/authentication/start":
            return Places(
                message: Message(
                    method: method,
                    target: route.pattern,
                    fields: Self.jsonFields,
                    body: Self.start
                ),
                strings: [
                    "binding_message", "login_id", "login_state", "state", "tenant_id", "server_id",
                    "client_id", "user_identifier", "expires_at", "openbanking_intent_id",
                    "requested_scopes", "acr_values", "x",
                ],
                arrays: ["requested_scopes", "acr_values"]
            ).all
        case "/approve/{ticket}":
            return Places(
                message: Message(
                    method: method,
                    target: "/approve/" + ticket,
                    fields: method == "POST"
                        ? [("Content-Type", "application/x-www-form-urlencoded")] : [],
                    body: "decision=approve"
                ),
                path: { "/approve/a" + $0 },
                form: method == "POST" ? ["decision", "shown", "account", "scope"] : []
            ).all
        case "/approve/{ticket}/passkey":
            var places = Places(
                message: Message(
                    method: method,
                    target: "/approve/\(ticket)/passkey",
                    fields: [("Content-Type", "application/x-www-form-urlencoded")],
                    body: "shown=a"
                ),
                path: { "/approve/a\($0)/passkey" },
                form: ["shown", "account", "scope"]
            )
            places.isBrief = true
            return places.all
        case "/approve/{ticket}/state":
            return Places(
                message: Message(method: method, target: "/approve/\(ticket)/state"),
                path: { "/approve/a\($0)/state" }
            ).all
        case "/assets/{file}":
            return Places(
                message: Message(method: method, target: "/assets/a"),
                path: { "/assets/a" + $0 }
            ).all
        case "/device/v1/logins/{id}":
            return Places(
                message: Message(
                    method: method,
                    target: "/device/v1/logins/L1",
                    fields: [("Authorization", "Bearer " + ticket)]
                ),
                path: { "/device/v1/logins/L" + $0 }
            ).all
        case "/device/v1/logins/{id}/decision":
            return Places(
                message: Message(
                    method: method,
                    target: "/device/v1/logins/L1/decision",
                    fields: [
                        ("Authorization", "Bearer " + ticket),
                        ("Content-Type", "application/json"),
                    ],
                    body: #"{"decision":"approve","digest":"a"}"#
                ),
                path: { "/device/v1/logins/L\($0)/decision" },
                strings: ["decision", "digest", "x"],
                arrays: ["accounts", "scopes"]
            ).all
        case "/health/live", "/health/ready", "/metrics":
            return Places(message: Message(method: method, target: route.pattern)).all
        case let other:
            if let places = callers.places(of: route) { return places }
            throw Unusable(what: "say which places of \(other) a peer fills")
        }
    }

    /// Prints the work for three sizes of the places whose names contain a line of `part`, or of one
    /// place in `every`.
    func measure(repeats: Int, part: String, every: Int) async throws {
        let parts = part.split(separator: "\n")
        var seen = 0
        for route in router.routes {
            let name = "\(route.method.name) \(route.pattern)"
            let places = try places(of: route)
                .filter { place in
                    seen += 1
                    return seen % every == 0
                        && (parts.isEmpty
                            || parts.contains { "\(name) \(place.name)".contains($0) })
                }
            for place in places {
                // What happens only once is not counted.
                _ = try await Self.answer(place.request(place.limit / 4), router)
                for count in [place.limit / 4, place.limit / 2, place.limit] {
                    let request = place.request(count)
                    var least = UInt64.max
                    for _ in 0..<repeats {
                        hotLoopBegins()
                        let started = processorTime()
                        _ = try await Self.answer(request, router)
                        least = min(least, processorTime() - started)
                        hotLoopEnds()
                    }
                    print("\(name)\t\(place.name)\t\(count)\t\(least)")
                }
            }
        }
    }
}

// Not `await` at the top: the main thread would leave its body, which valgrind does not survive.
let isOver = ThreadSemaphore()
Task.detached {
    do {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let target = try await Target()
        if arguments.count == 3, arguments[0] == "fuzz" {
            try await target.fuzz(seconds: Int(arguments[1]) ?? 60, file: arguments[2])
            exit(0)
        }
        try await target.measure(
            repeats: arguments.first.flatMap { Int($0) } ?? 1,
            part: arguments.dropFirst().first ?? "",
            every: arguments.dropFirst(2).first.flatMap { Int($0) } ?? 1
        )
        exit(0)
    } catch {
        FileHandle.standardError.write(Data("hot-loop: \(error)\n".utf8))
        exit(1)
    }
}
isOver.wait()

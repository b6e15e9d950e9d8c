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
import Cryptography
import Foundation
import HTTP
import Identity
import Logins
import SQLStore
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
    /// The device of the user of the second login.
    let device: Prover
    /// Of what both logins ask.
    let digest: String

    init() async throws {
        directory = try TemporaryDirectory()
        let service = try await EmbeddedService(
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
                  approval: { passkey: {}, device_key: true },
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
        router = Router(service.routes)
        for (login, user) in [("L1", "anna"), ("L2", "bea")] {
            try await service.add(user: user)
            let start = Message(
                method: "POST",
                target: "/authentication/start",
                fields: Self.jsonFields,
                body: Self.start.replacing("L1", with: login).replacing("anna", with: user)
            )
            let started = try await Self.answer(start.bytes, router)
            guard started.status / 100 == 2 else {
                throw Unusable(what: "start: \(started.status)")
            }
        }
        let path = directory.file("hot-loop.db")
        (ticket, digest) = try await Self.prompt(path, LoginNumber(1))
        _ = try await Self.prompt(path, LoginNumber(2))
        device = try await Self.enrolled(path)
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

    /// A device of the second login's user, which is not the first one's: failures block a user.
    private static func enrolled(_ path: String) async throws -> Prover {
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let options = StoreOptions(path: path, role: .tool, clock: ManualClock(now))
        let store = try SQLLoginStore(options)
        let prover = try await Prover(of: require(UserID("bea"), "a user"), in: store, at: now)
        await store.close()
        return prover
    }

    /// Asks a login for data of accounts, so that each part of the page has something to do. Returns
    /// its ticket and the digest of what it asks.
    private static func prompt(
        _ path: String,
        _ number: LoginNumber
    ) async throws -> (String, String) {
        let clock = ManualClock(
            Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        )
        let store = try SQLLoginStore(StoreOptions(path: path, role: .tool, clock: clock))
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
        return (ticket.text, Base64URL.encode(question.digest.bytes))
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
        case .route(let number):
            let response = await router.routes[number].handler(request)
            // Nobody reads it, and a device may have only a few.
            response.stream?.close()
            return response
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
            return try Places(
                message: Message(
                    method: method,
                    target: "/device/v1/logins/L1",
                    fields: [("Authorization", "Bearer " + ticket)]
                ),
                path: { "/device/v1/logins/L" + $0 }
            ).all + placesOfDevice(route)
        case "/device/v1/logins/{id}/decision":
            return try Places(
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
            ).all + placesOfDevice(route)
        case "/device/v1/logins":
            return try (callers.places(of: route) ?? []) + placesOfDevice(route)
        case let path where path.hasPrefix("/device/v1/"): return try placesOfDevice(route)
        case "/health/live", "/health/ready", "/metrics":
            return Places(message: Message(method: method, target: route.pattern)).all
        case let other:
            if let places = callers.places(of: route) { return places }
            throw Unusable(what: "say which places of \(other) a peer fills")
        }
    }

    /// The places of a route for a device, behind the proof of its key.
    func placesOfDevice(_ route: Route) throws -> [Place] {
        var message = Message(
            method: route.method.name,
            target: route.pattern.replacing("{id}", with: "L2"),
            fields: [("Content-Type", "application/json")]
        )
        // Whoever forgets the device would do so for all places.
        message.prover = message.method == "DELETE" ? try Prover() : device
        let path: (@Sendable (String) -> String)? =
            route.pattern.contains("{id}")
            ? { @Sendable in route.pattern.replacing("{id}", with: "L" + $0) } : nil
        var places = Places(message: message, path: path)
        places.isBrief = true
        places.label = "device: "
        places.fields = ["DPoP", "If-None-Match", "Prefer", "X-Forwarded-For"]
        switch (message.method, route.pattern) {
        case ("POST", "/device/v1/enrolments"):
            places.message.body =
                #"{"code":"7K3M-Q9TX-4HWD","name":"a","platform":"other"}"#
            places.strings = ["code", "name", "platform", "protection", "pin", "x"]
            places.arrays = ["languages", "channels"]
        case ("PATCH", "/device/v1/device"):
            places.message.body = #"{"name":"a"}"#
            places.strings = ["name", "pin", "x"]
            places.arrays = ["languages", "channels"]
        case ("POST", "/device/v1/device/key"):
            places.message.body = #"{"proof":"a"}"#
            places.strings = ["proof", "x"]
        case ("POST", "/device/v1/logins/{id}/decision"):
            let signature = device.approval(of: "L2", digest: digest)
            places.message.body =
                #"{"decision":"approve","digest":"\#(digest)","signature":"\#(signature)"}"#
            // A wrong signature counts, so that is tried last.
            places.strings = ["decision", "digest", "code", "x", "pin"]
            places.arrays = ["accounts", "scopes"]
            var last = places
            last.strings = ["signature"]
            last.arrays = []
            last.fields = []
            return places.all + last.all
        case let (method, pattern):
            guard method == "GET" || method == "DELETE" else {
                throw Unusable(what: "say which places of \(method) \(pattern) a device fills")
            }
        }
        return places.all
    }

    /// Whether a device's request reaches what is behind the proof of its key.
    func checkDevice() async throws {
        for (target, expected) in [("/device/v1/logins", 200), ("/device/v1/device", 200)] {
            var message = Message(method: "GET", target: target)
            message.prover = device
            let status = try await Self.answer(message.bytes, router).status
            guard status == expected else { throw Unusable(what: "\(target): \(status)") }
        }
        var message = Message(
            method: "POST",
            target: "/device/v1/logins/L2/decision",
            fields: [("Content-Type", "application/json")],
            body: #"{"decision":"approve","digest":"\#(digest)","signature":""#
                + device.approval(of: "L2", digest: digest) + #""}"#
        )
        message.prover = device
        // The signature holds, and is over something else.
        let answer = try await Self.answer(message.bytes, router)
        guard answer.status == 422 else { throw Unusable(what: "decision: \(answer.status)") }
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
                    var least = UInt64.max
                    for _ in 0..<repeats {
                        // A proof of a key counts once.
                        let request = place.request(count)
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
        try await target.checkDevice()
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

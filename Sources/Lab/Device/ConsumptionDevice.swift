public import HTTP
public import JOSE
import Cryptography
import JSON
import Threads

/// A CIBA client, such as a kiosk: requests a login, polls or waits for a ping, and gets tokens or
/// an error. It verifies no signatures.
public final class ConsumptionDevice: Sendable {
    /// The device's authorization server and clients.
    public struct Configuration: Sendable {
        /// The issuer, without a trailing slash.
        public var issuer: String
        /// The client for each delivery mode.
        public var clients: [SimulatedClient.DeliveryMode: Credentials]
        /// How the authorization server is reached and trusted.
        public var destination = Destination()

        /// A client's identifier and secret.
        public struct Credentials: Sendable {
            /// `client_id`.
            public var id: String
            /// `client_secret`.
            public var secret: String
            /// The key for signed requests; nil for plain requests.
            public var signing: SigningKey?

            /// A client's identifier and secret.
            public init(id: String, secret: String, signing: SigningKey? = nil) {
                self.id = id
                self.secret = secret
                self.signing = signing
            }
        }

        /// A device with clients of an issuer.
        public init(
            issuer: String,
            clients: [SimulatedClient.DeliveryMode: Credentials]
        ) {
            self.issuer = issuer
            self.clients = clients
        }
    }

    /// A login to request.
    public struct Login: Sendable {
        /// Include `openid`.
        public var scopes: [String]
        /// `login_hint`.
        public var user: String
        /// `binding_message`.
        public var bindingMessage: String?
        /// Poll or ping.
        public var mode: SimulatedClient.DeliveryMode
        /// `requested_expiry` in seconds.
        public var expiry: Int?
        /// `login_hint_token` or `id_token_hint` instead of `login_hint`.
        public var hint: Field?
        /// The consent to lodge first.
        var consent: Consent?
        /// `{wid}` of another workspace.
        var workspace: String?
        /// Another client than that of the mode.
        var client: Configuration.Credentials?
        /// Further parameters, such as `openbanking_intent_id`.
        public var parameters: [String: String]

        /// A login to request.
        public init(
            scopes: [String] = ["openid"],
            user: String,
            bindingMessage: String? = nil,
            mode: SimulatedClient.DeliveryMode = .poll,
            expiry: Int? = nil,
            parameters: [String: String] = [:]
        ) {
            self.scopes = scopes
            self.user = user
            self.bindingMessage = bindingMessage
            self.mode = mode
            self.expiry = expiry
            self.parameters = parameters
        }
    }

    /// How a login ended for the client.
    public enum Outcome: Hashable, Sendable {
        /// Scopes and the claims of the ID token, as JSON text.
        case tokens(scope: String, claims: String?)
        /// `access_denied`, `expired_token`, `unknown_user_id` and so on.
        case refused(String)
        /// No usable response.
        case failed(String)
    }

    /// The path of the ping endpoint.
    public static let pingPath = "/demo/ping"

    private let configuration: Locked<Configuration>
    private let http: any OutboundHTTP
    private let clock: any SimulatorClock
    private let journal: Journal
    private let knobs: KnobBoard?
    /// Tasks waiting for a ping, by notification token.
    private let waiting = Locked<[String: AsyncStream<String>.Continuation]>([:])
    private let inbox = PingInbox()

    /// A device that logs to `journal`. `knobs` can make its ping endpoint fail.
    public init(
        _ configuration: Configuration,
        http: any OutboundHTTP,
        clock: any SimulatorClock,
        journal: Journal,
        knobs: KnobBoard? = nil
    ) {
        self.configuration = Locked(configuration)
        self.http = http
        self.clock = clock
        self.journal = journal
        self.knobs = knobs
    }

    /// Sets the issuer.
    public func connect(issuer: String) { configuration.withLock { $0.issuer = issuer } }

    /// The ping endpoint (OpenID CIBA Core §10.2). For clients that are played by hand, a GET with
    /// the notification token as bearer returns its pings; the first GET must precede the login.
    public var routes: [Route] {
        [
            Route(.post, Self.pingPath, deadline: .seconds(30)) { [self] request in
                await receivePing(request)
            },
            Route(.get, Self.pingPath) { [self] request in
                guard let token = ClientAuthentication.bearer(of: request) else {
                    return OAuthProblem(401, "invalid_token", "no notification token").response
                }
                return .json(200, .texts(inbox.ids(for: token)))
            },
        ]
    }

    /// Runs one login to its end. Cancelling the task abandons it. `flow` is its name in the
    /// journal.
    public func run(_ login: Login, flow: String = "") async -> Outcome {
        journal.append(
            "flow.started",
            [
                "flow": .string(flow), "user": .string(login.user),
                "scopes": .texts(login.scopes), "mode": .string(login.mode.rawValue),
                "binding_message": .text(login.bindingMessage),
            ]
        )
        let pingToken = login.mode == .ping ? ACPSimulator.identifier(24) : nil
        let pings = pingToken.map(expectPing)
        defer { if let pingToken { waiting.withLock { $0[pingToken] = nil } } }
        let outcome: Outcome
        do throws(DeviceProblem) {
            let ticket = try await start(login, pingToken, flow)
            outcome = try await wait(for: ticket, login, pings, flow)
        } catch {
            outcome = error.outcome
        }
        record(outcome, flow)
        return outcome
    }

    private struct Ticket {
        let authReqID: String
        let ends: Int64
        var interval: Int64
    }

    enum DeviceProblem: Error {
        case refused(String)
        case failed(String)

        var outcome: Outcome {
            switch self {
            case .refused(let code): .refused(code)
            case .failed(let what): .failed(what)
            }
        }
    }

    private func start(
        _ login: Login,
        _ pingToken: String?,
        _ flow: String
    ) async throws(DeviceProblem) -> Ticket {
        let optional = [
            ("binding_message", login.bindingMessage), ("client_notification_token", pingToken),
            ("requested_expiry", login.expiry.map(String.init)),
        ]
        let hint = login.hint.map { [$0] } ?? [Field("login_hint", login.user)]
        var named = [Field("scope", login.scopes.joined(separator: " "))]
        if let consent = login.consent { named = try await lodge(consent, login, flow) }
        let fields =
            named + hint
            + optional.compactMap { name, value in value.map { Field(name, $0) } }
            + login.parameters.sorted { $0.key < $1.key }.map { Field($0.key, $0.value) }
        let answer = try await post(
            "/backchannel/authentication",
            try signed(fields, login),
            login
        )
        guard answer.status == 200, let id = answer.body["auth_req_id"]?.string,
            let expires = answer.body["expires_in"]?.integer, expires > 0
        else { throw answer.problem }
        // The default is 5 (OpenID CIBA Core §7.3).
        let interval = answer.body["interval"]?.integer ?? 5
        let now = clock.now()
        journal.append(
            "flow.acknowledged",
            [
                "flow": .string(flow), "auth_req_id": .string(id),
                "expires_in": .integer(expires), "interval": .integer(interval),
                "ends_at": .moment(now + Int64(expires) * 1000),
            ]
        )
        return Ticket(
            authReqID: id,
            ends: now + Int64(expires) * 1000,
            interval: Int64(interval) * 1000
        )
    }

    /// The parameters, in a request object if the client signs (OpenID CIBA Core §7.1.1).
    private func signed(
        _ fields: [Field],
        _ login: Login
    ) throws(DeviceProblem) -> [Field] {
        let configuration = configuration.withLock { $0 }
        guard let client = login.client ?? configuration.clients[login.mode],
            let key = client.signing
        else { return fields }
        let now = clock.now()
        var claims = JWT.Claims()
        claims.issuer = client.id
        claims.audience = [issuer(of: login)]
        claims.issuedAt = JWT.NumericDate(milliseconds: now)
        claims.notBefore = JWT.NumericDate(milliseconds: now)
        claims.expiresAt = JWT.NumericDate(milliseconds: now + Self.requestLife)
        claims.id = ACPSimulator.identifier()
        claims.others = JSONObject(fields.map { .init(name: $0.name, value: .string($0.value)) })
        do throws(JOSEError) {
            return [Field("request", try JWT.sign(claims, key: key))]
        } catch {
            throw .failed("the request cannot be signed: \(error)")
        }
    }

    /// Lifetime of a signed request, in milliseconds.
    private static let requestLife: Int64 = 300_000

    private func wait(
        for ticket: Ticket,
        _ login: Login,
        _ pings: AsyncStream<String>?,
        _ flow: String
    ) async throws(DeviceProblem) -> Outcome {
        var ticket = ticket
        if let pings { await waitForPing(pings, ticket, flow) }
        while !Task.isCancelled {
            if login.mode == .poll { await clock.sleep(until: clock.now() + ticket.interval) }
            let answer = try await post(
                "/oauth2/token",
                [
                    Field("grant_type", ACPSimulator.grantType),
                    Field("auth_req_id", ticket.authReqID),
                ],
                login
            )
            if answer.status == 200 { return answer.tokens }
            switch answer.body["error"]?.string {
            case "authorization_pending": break
            // For this and all later polls (OpenID CIBA Core §11).
            case "slow_down": ticket.interval += 5000
            default: throw answer.problem
            }
            if clock.now() > ticket.ends + 60_000 { break }
            if login.mode == .ping { await clock.sleep(until: clock.now() + ticket.interval) }
        }
        throw .failed("given up")
    }

    /// Waits for the ping, or for the end of the login if none comes.
    private func waitForPing(_ pings: AsyncStream<String>, _ ticket: Ticket, _ flow: String) async {
        journal.append("flow.waiting_for_ping", ["flow": .string(flow)])
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await id in pings where id == ticket.authReqID { break }
            }
            group.addTask { [clock] in await clock.sleep(until: ticket.ends) }
            await group.next()
            group.cancelAll()
        }
    }

    private func expectPing(_ token: String) -> AsyncStream<String> {
        let (pings, continuation) = AsyncStream<String>.makeStream()
        waiting.withLock { $0[token] = continuation }
        return pings
    }

    private func receivePing(_ request: Request) async -> Response {
        let token = ClientAuthentication.bearer(of: request) ?? ""
        let waiter = waiting.withLock { $0[token] }
        guard waiter != nil || inbox.knows(token) else {
            return OAuthProblem(401, "invalid_token", "unknown notification token").response
        }
        if let knob = knobs?.take(.ping, where: { $0.string != "off" }) {
            switch (knob.string, knob.integer) {
            case ("redirect", _):
                return Response(status: 302, fields: [Field("Location", "/"), .noStore])
            case ("slow", _): await clock.sleep(until: clock.now() + 20_000)
            case (_, let status?): return Response(status: status)
            default: break
            }
        }
        guard request.contentType == "application/json",
            let body = try? JSONValue(Array(request.body)),
            let id = body["auth_req_id"]?.string, body.object?.members.count == 1
        else { return OAuthProblem.invalidRequest("not exactly an auth_req_id").response }
        waiter?.yield(id)
        inbox.add(id, for: token)
        return Response(status: 204, fields: [.noStore])
    }

    private func record(_ outcome: Outcome, _ flow: String) {
        switch outcome {
        case .tokens(let scope, let claims):
            journal.append(
                "flow.tokens",
                [
                    "flow": .string(flow), "scope": .string(scope),
                    "claims": claims.flatMap { try? JSONValue(Array($0.utf8)) },
                ]
            )
        case .refused(let code):
            journal.append("flow.refused", ["flow": .string(flow), "error": .string(code)])
        case .failed(let what):
            journal.append("flow.failed", ["flow": .string(flow), "error": .string(what)])
        }
    }

    struct Answer {
        let status: Int
        let body: JSONValue

        var problem: DeviceProblem {
            body["error"]?.string.map { .refused($0) } ?? .failed("answer with status \(status)")
        }

        var tokens: Outcome {
            let token = body["id_token"]?.string ?? ""
            let parts = token.split(separator: ".")
            let claims = parts.count == 3 ? Base64URL.decode(String(parts[1])) : nil
            return .tokens(
                scope: body["scope"]?.string ?? "",
                claims: claims.map { String(decoding: $0, as: UTF8.self) }
            )
        }
    }

    /// `{wid}` of the workspace of logins that name none.
    var workspace: String {
        let issuer = configuration.withLock { $0.issuer }
        return issuer.split(separator: "/").last.map(String.init) ?? ""
    }

    /// The issuer of the login's workspace.
    func issuer(of login: Login) -> String {
        let issuer = configuration.withLock { $0.issuer }
        guard let workspace = login.workspace, let slash = issuer.lastIndex(of: "/") else {
            return issuer
        }
        return issuer[...slash] + workspace
    }

    func post(
        _ path: String,
        _ fields: [Field],
        _ login: Login
    ) async throws(DeviceProblem) -> Answer {
        let configuration = configuration.withLock { $0 }
        guard let client = login.client ?? configuration.clients[login.mode] else {
            throw .failed("no client is registered for \(login.mode.rawValue)")
        }
        // Both halves are form-encoded first (RFC 6749 §2.3.1).
        let pair = [client.id, client.secret].map { half in
            String(decoding: Form([Field("", half)]).bytes.dropFirst(), as: UTF8.self)
        }
        let basic = Base64.encode(Array(pair.joined(separator: ":").utf8))
        let request = OutboundRequest(
            .post,
            issuer(of: login) + path,
            fields: [
                Field("Authorization", "Basic \(basic)"),
                Field("Content-Type", "application/x-www-form-urlencoded"),
                Field("Accept", "application/json"),
            ],
            body: Form(fields).bytes
        )
        return try await send(request)
    }

    /// Sends a request to the authorization server.
    func send(_ request: OutboundRequest) async throws(DeviceProblem) -> Answer {
        var request = request
        request.destination = configuration.withLock { $0.destination }
        request.timeLimit = .seconds(40)
        let response: OutboundResponse
        do {
            response = try await http.send(request)
        } catch {
            throw .failed("\(error)")
        }
        return Answer(
            status: response.status,
            body: (try? JSONValue(response.body)) ?? .null
        )
    }
}

public import HTTP
public import JSON
import Threads

/// The control interface of the simulator, for a listener that only this machine can reach.
extension ACPSimulator {
    /// Knobs, logins, journal, clock, violations and reset, below `/_sim/`.
    public var controlRoutes: [Route] {
        [
            Route(.post, "/_sim/knobs") { [self] in turn($0) },
            Route(.delete, "/_sim/knobs/{id}") { [self] request in
                knobs.remove(request.parameters["id"] ?? "")
                    ? Response(status: 204) : Self.problem(404, "no such knob")
            },
            Route(.post, "/_sim/logins") { [self] in await startLogins($0) },
            Route(.get, "/_sim/logins") { [self] _ in
                .json(200, .array(latestLogins.map { .object($0) }))
            },
            Route(.get, "/_sim/logins/{login}") { [self] request in
                login(request.parameters["login"] ?? "").map { .json(200, .object($0)) }
                    ?? Self.problem(404, "no such login")
            },
            Route(.get, "/_sim/consents") { [self] _ in .json(200, latestConsents) },
            Route(.get, "/_sim/consents/{consent}") { [self] request in
                let consent = state.withLock { $0.consents[request.parameters["consent"] ?? ""] }
                return consent.map { .json(200, $0.json(at: clock.now())) }
                    ?? Self.problem(404, "no such consent")
            },
            Route(.get, "/_sim/log", deadline: .seconds(40)) { [self] request in
                let number = request.query("after").flatMap { Int($0) } ?? 0
                // With `wait_s`, waits for the next entry.
                let wait = min(max(request.query("wait_s").flatMap { Int($0) } ?? 0, 0), 30)
                let entries = await journal.entries(after: number, within: .seconds(wait))
                return .json(200, .array(entries.map(\.json)))
            },
            Route(.post, "/_sim/clock") { [self] request in
                guard let span = (try? JSONValue(Array(request.body)))?["advance_s"]?.integer,
                    span >= 0
                else { return Self.problem(400, "advance_s must be a whole number from 0 on") }
                clock.advance(byMilliseconds: Int64(span) * 1000)
                return .json(200, .members(["now": .moment(clock.now())]))
            },
            Route(.get, "/_sim/violations") { [self] _ in
                .json(200, .array(violations.all.map(\.json)))
            },
            Route(.post, "/_sim/reset") { [self] request in
                let wanted = (try? JSONValue(Array(request.body)))?["seed"]?.integer
                let seed = reset(seed: wanted.map { UInt64(truncatingIfNeeded: $0) })
                return .json(200, .members(["seed": .integer(seed)]))
            },
        ]
    }

    /// The latest thousand logins, oldest first, as in `GET /_sim/logins/{login_id}`.
    private var latestLogins: [JSONObject] {
        let now = clock.now()
        let latest = state.withLock { state in
            state.order.suffix(1000).compactMap { state.logins[$0] }
        }
        return latest.compactMap { $0.json(at: now).object }
    }

    /// The latest thousand consents, oldest first.
    private var latestConsents: JSONValue {
        let now = clock.now()
        return state.withLock { state in
            .array(
                state.consentOrder.suffix(1000).compactMap { state.consents[$0]?.json(at: now) }
            )
        }
    }

    /// A login: its state, decision, times and numbers of calls; `effective_reports` is 0 or 1. Nil
    /// for an unknown id.
    public func login(_ id: String) -> JSONObject? {
        let now = clock.now()
        return state.withLock { $0.logins[id] }?.json(at: now).object
    }

    /// Removes all logins, consents, knobs and entries.
    /// - Parameter seed: for the random choices from now on; nil for the one at hand.
    /// - Returns: the seed in use.
    @discardableResult
    public func reset(seed: UInt64? = nil) -> UInt64 {
        let seed = state.withLock { state in
            var empty = State(serviceURL: state.serviceURL, seed: seed ?? state.seed)
            empty.baseURL = state.baseURL
            empty.notificationEndpoint = state.notificationEndpoint
            // Tokens stay valid, because the authentication service keeps using its token.
            empty.systemTokens = state.systemTokens
            state = empty
            return empty.seed
        }
        knobs.reset(seed: seed)
        violations.clear()
        journal.clear()
        return seed
    }

    private func turn(_ request: Request) -> Response {
        guard let body = try? JSONValue(Array(request.body)), let set = body["set"]?.object else {
            return Self.problem(400, "the body is {\"match\":{},\"set\":{},\"times\":1}")
        }
        var values: [KnobName: JSONValue] = [:]
        for member in set.members {
            guard let name = KnobName(rawValue: member.name) else {
                return Self.problem(400, "there is no knob \(member.name)")
            }
            values[name] = member.value
        }
        guard values[.tls] == nil || knobs.hasTLS else {
            return Self.problem(400, "tls has no effect: nobody listens with TLS here")
        }
        let probability = body["probability"].flatMap { value -> Double? in
            guard case .number(let text) = value else { return nil }
            return Double(text)
        }
        let id = knobs.set(
            values,
            match: KnobMatch(
                user: body["match"]?["user"]?.string,
                loginID: body["match"]?["login_id"]?.string,
                operation: body["match"]?["operation"]?.string
            ),
            times: body["times"]?.integer,
            probability: probability ?? 1
        )
        return .json(201, .members(["id": .string(id)]))
    }

    /// Starts one login or many without a client (K-30).
    private func startLogins(_ request: Request) async -> Response {
        guard let body = try? JSONValue(Array(request.body)), let user = body["user"]?.string,
            let client = client(body["client_id"]?.string)
        else { return Self.problem(400, "user is missing, or the client is unknown") }
        let asked = BackchannelRequest(
            client: client,
            workspace: body["server_id"]?.string ?? configuration.workspaces.first?.id ?? "",
            user: user,
            scopes: body["scopes"]?.strings ?? ["openid"],
            bindingMessage: body["binding_message"]?.string,
            consentID: body["consent_id"]?.string,
            authorizationDetails: body["authorization_details"],
            ttl: min(max(body["ttl"]?.integer ?? configuration.defaultTTL, 1), 86_400)
        )
        if let burst = Burst(body) {
            start(burst, asked)
            return .json(202, .members(["count": .integer(burst.count)]))
        }
        do throws(OAuthProblem) {
            let login = try await begin(asked, isAlone: true)
            return .json(
                201,
                .members([
                    "login_id": .string(login.id), "auth_req_id": .string(login.authReqID),
                ])
            )
        } catch {
            return error.response
        }
    }

    private func client(_ id: String?) -> SimulatedClient? {
        guard let id else { return configuration.clients.first }
        return configuration.clients.first { $0.id == id }
    }

    private static func problem(_ status: Int, _ text: String) -> Response {
        .json(status, .members(["error": .string(text)]))
    }
}

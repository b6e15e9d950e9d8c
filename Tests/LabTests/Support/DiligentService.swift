import Cryptography
import HTTP
import JSON
import Lab
import Threads

/// An authentication service that follows the contract's rules about statuses and repeats, and does
/// nothing else [SP-1 to SP-7, ED-1 to ED-5]. One login at a time.
final class DiligentService: Sendable {
    /// What its person does.
    enum Answer: CaseIterable { case approve, deny, silence }

    private struct Login {
        let id: String
        let state: String?
        let acknowledged: Int64
        let ends: Int64
    }

    private let http: any OutboundHTTP
    private let clock: any SimulatorClock
    private let example: ConsentExample?
    private let answer: Answer
    private let knowsUsers: Bool
    private let token = Locked<(text: String, ends: Int64)?>(nil)
    private let known = Locked<Set<String>>([])
    private let starts = AsyncStream<Login>.makeStream()

    init(
        _ http: any OutboundHTTP,
        _ clock: any SimulatorClock,
        about example: ConsentExample?,
        answer: Answer,
        knowsUsers: Bool
    ) {
        self.http = http
        self.clock = clock
        self.example = example
        self.answer = answer
        self.knowsUsers = knowsUsers
    }

    // MARK: What it is called with

    var routes: [Route] {
        [
            Route(.post, "/retail/user/verify") { [self] request in
                guard request.field("authorization") == StandInService.basic else { return Self.no }
                return .json(200, Array(#"{"valid":\#(knowsUsers)}"#.utf8))
            },
            Route(.post, "/retail/authentication/start") { [self] in take($0) },
        ]
    }

    private static let no = Response.json(401, Array("{}".utf8))

    private func take(_ request: Request) -> Response {
        guard request.field("authorization") == StandInService.basic else { return Self.no }
        guard request.body.count <= 64 << 10 else { return Response(status: 413) }
        guard let body = try? JSONValue(Array(request.body)), let id = body["login_id"]?.string,
            let user = body["user_identifier"]?.string, !user.isEmpty
        else { return .json(400, Array(#"{"error":"invalid_request"}"#.utf8)) }
        let now = clock.now()
        let ends = body["expires_at"]?.string.flatMap { RFC3339.parse($0) } ?? now + 120_000
        let state = body["login_state"]?.string ?? body["state"]?.string
        if known.withLock({ $0.insert(id).inserted }) {
            starts.continuation.yield(
                Login(id: id, state: state, acknowledged: now, ends: ends)
            )
        }
        return .json(200, Array(#"{"acknowledged":true}"#.utf8))
    }

    // MARK: What it does about a login

    /// Deals with logins until the task is cancelled.
    func run() async { for await login in starts.stream { await deal(with: login) } }

    private func deal(with login: Login) async {
        // The person has looked at it and has ten seconds of the network's to spare.
        guard login.ends - 10_000 > clock.now() else { return }
        guard let shown = await view(login) else { return await report(.deny, login, nil) }
        guard answer != .silence else { return }
        await clock.sleep(until: clock.now() + 3000)
        guard let again = await view(login) else { return await report(.deny, login, shown) }
        await report(again == shown ? answer : .deny, login, again)
    }

    private func report(_ answer: Answer, _ login: Login, _ shown: JSONValue?) async {
        let members = answer == .approve ? approval(shown) : #""error":"access_denied""#
        let state = login.state.map { #""login_state":"\#($0)","# } ?? ""
        let place = place(of: login) + (answer == .approve ? "/accept" : "/reject")
        var pause = Backoff()
        while clock.now() < login.ends - 1000, !Task.isCancelled {
            switch await call(.post, place, "{\(state)\(members)}", before: login.ends - 1000) {
            case .status(200, _), .status(300..<400, _), .status(401...404, _): return
            case .status(429, let retry):
                await wait(pause.next(after: retry), login)
            case .status(500..., _), .lost(mayHaveLanded: true):
                await wait(pause.next(after: nil), login)
                // It may have landed: look before it is said again.
                guard let seen = await view(login), !Self.isDecided(seen) else { return }
            case .status: return
            case .lost: await wait(pause.next(after: nil), login)
            }
        }
    }

    private func approval(_ view: JSONValue?) -> String {
        let scopes = view?["requested_scopes"]?.array?.compactMap { $0["requested_name"]?.string }
        let granted = JSONValue.array((scopes ?? []).map { .string($0) }).bytes
        let text = #""granted_scopes":"# + String(decoding: granted, as: UTF8.self)
        return text + (example.map { "," + $0.accept } ?? "")
    }

    private static func isDecided(_ view: JSONValue) -> Bool {
        if let status = view["status"]?.string {
            return status.lowercased() == "authorised" || status.lowercased() == "rejected"
        }
        return view["scope_grant_approved"]?.bool == true
            || view["scope_grant_rejected"]?.bool == true
    }

    private func place(of login: Login) -> String {
        guard let example, let page = example.decisions ?? example.page else {
            return "/api/system/bank/scope-grants/\(login.id)"
        }
        return "/bank/system\(page)/\(login.id)"
    }

    /// Nil when it cannot be shown.
    private func view(_ login: Login) async -> JSONValue? {
        let page = example?.page.map { "/bank/system\($0)/\(login.id)" } ?? place(of: login)
        var pause = Backoff()
        while clock.now() < login.ends - 5000, !Task.isCancelled {
            switch await call(.get, page, before: login.ends - 1000) {
            case .status(200, let body):
                let view = (try? JSONValue(Array(body.utf8))) ?? .null
                let type = view["type"]?.string
                return example != nil && type != example?.type ? nil : view
            case .status(429, let retry): await wait(pause.next(after: retry), login)
            case .status(404, _) where clock.now() - login.acknowledged < 2000:
                await wait(pause.next(after: nil), login)
            case .status(500..., _), .lost: await wait(pause.next(after: nil), login)
            case .status: return nil
            }
        }
        return nil
    }

    private func wait(_ span: Int64, _ login: Login) async {
        await clock.sleep(until: min(clock.now() + span, login.ends))
    }

    // MARK: Calls

    private enum Result {
        /// With the body, or with `Retry-After` for 429.
        case status(Int, String)
        case lost(mayHaveLanded: Bool)
    }

    /// With the token at hand; once more with a new one after 401 or 403. Nothing is sent any more
    /// when getting the token has taken too long.
    private func call(
        _ method: Method,
        _ path: String,
        _ body: String? = nil,
        before end: Int64
    ) async -> Result {
        for attempt in 0..<2 {
            guard let token = await currentToken(), clock.now() < end else {
                return .lost(mayHaveLanded: false)
            }
            var fields = [Field("Authorization", "Bearer \(token)")]
            if body != nil { fields.append(Field("Content-Type", "application/json")) }
            do {
                let answer = try await http.send(
                    OutboundRequest(
                        method,
                        "http://acp.test\(path)",
                        fields: fields,
                        body: Array((body ?? "").utf8)
                    )
                )
                if answer.status == 401 || answer.status == 403 {
                    self.token.withLock { $0 = nil }
                    if attempt == 0 { continue }
                }
                let retry = answer.fields.first("retry-after") ?? ""
                let text = String(decoding: answer.body, as: UTF8.self)
                return .status(answer.status, answer.status == 429 ? retry : text)
            } catch {
                if case .notSent = error { return .lost(mayHaveLanded: false) }
                return .lost(mayHaveLanded: true)
            }
        }
        return .lost(mayHaveLanded: false)
    }

    private func currentToken() async -> String? {
        if let token = token.withLock({ $0 }), clock.now() < token.ends { return token.text }
        let form = Form([
            Field("grant_type", "client_credentials"), Field("client_id", "beckon"),
            Field("client_secret", "beckon-system-client-secret"),
        ])
        let began = clock.now()
        let answer = try? await http.send(
            OutboundRequest(
                .post,
                "http://acp.test/bank/system/oauth2/token",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: form.bytes
            )
        )
        let body = answer.flatMap { try? JSONValue($0.body) }
        guard let token = body?["access_token"]?.string else { return nil }
        let life = Int64(body?["expires_in"]?.integer ?? 300) * 1000
        self.token.withLock { $0 = (token, began + life) }
        return token
    }

    private struct Backoff {
        private var span: Int64 = 500

        mutating func next(after retry: String?) -> Int64 {
            defer { span = min(span * 2, 8000) }
            return retry.flatMap { Int64($0) }.map { $0 * 1000 } ?? span
        }
    }
}

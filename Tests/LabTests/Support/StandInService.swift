import Cryptography
import HTTP
import JSON
import Threads

/// The least an authentication service can be: says yes to verify, keeps starts, and reports
/// when a test tells it to. Its own requests are as a correct service would send them.
final class StandInService: Sendable {
    static let base = "http://as.test/retail"
    static let basic = "Basic " + Base64.encode(Array("acp:as-password".utf8))

    private struct State {
        var starts: [JSONValue] = []
        var statuses: [Int] = []
        var isKnown = true
        var verifyStatus = 200
        var authorizations: [String?] = []
        var token: String?
    }

    private let network: Network
    private let state = Locked(State())

    init(_ network: Network) { self.network = network }

    var starts: [JSONValue] { state.withLock { $0.starts } }
    /// What came in `Authorization`, verify and start together.
    var authorizations: [String?] { state.withLock { $0.authorizations } }

    func know(_ isKnown: Bool, status: Int = 200) {
        state.withLock {
            $0.isKnown = isKnown
            $0.verifyStatus = status
        }
    }

    /// What the next starts are answered with; 200 afterwards.
    func answerStarts(with statuses: [Int]) { state.withLock { $0.statuses = statuses } }

    var routes: [Route] {
        [
            Route(.post, "/retail/user/verify") { [self] request in
                state.withLock { state in
                    state.authorizations.append(request.field("authorization"))
                    let body = state.isKnown ? "{\"valid\":true}" : "{\"valid\":false}"
                    return .json(state.verifyStatus, Array(body.utf8))
                }
            },
            Route(.post, "/retail/authentication/start") { [self] request in
                state.withLock { state in
                    state.authorizations.append(request.field("authorization"))
                    if let body = try? JSONValue(Array(request.body)) { state.starts.append(body) }
                    let status = state.statuses.isEmpty ? 200 : state.statuses.removeFirst()
                    return .json(status, Array("{\"acknowledged\":true}".utf8))
                }
            },
        ]
    }

    /// A new token of the system workspace.
    func renewToken(scope: String = "manage_scope_grants") async throws -> OutboundResponse {
        let credentials = Base64.encode(Array("beckon:beckon-system-client-secret".utf8))
        let answer = try await network.send(
            OutboundRequest(
                .post,
                "http://acp.test/bank/system/oauth2/token",
                fields: [
                    Field("Authorization", "Basic \(credentials)"),
                    Field("Content-Type", "application/x-www-form-urlencoded"),
                ],
                body: Form([
                    Field("grant_type", "client_credentials"), Field("scope", scope),
                ]).bytes
            )
        )
        let token = (try? JSONValue(answer.body))?["access_token"]?.string
        state.withLock { $0.token = token }
        return answer
    }

    /// A call with the token at hand, or with a new one.
    func call(
        _ method: Method,
        _ path: String,
        _ body: String? = nil,
        contentType: String = "application/json"
    ) async throws -> OutboundResponse {
        if state.withLock({ $0.token }) == nil { _ = try await renewToken() }
        var fields = [Field("Authorization", "Bearer \(state.withLock { $0.token } ?? "")")]
        if body != nil { fields.append(Field("Content-Type", contentType)) }
        return try await network.send(
            OutboundRequest(
                method,
                "http://acp.test\(path)",
                fields: fields,
                body: Array((body ?? "").utf8)
            )
        )
    }

    /// `details` are granted, if there are any.
    func accept(_ start: JSONValue, details: JSONValue? = nil) async throws -> Int {
        let granted = details.map { value in
            ",\"granted_authorization_details\":" + String(decoding: value.bytes, as: UTF8.self)
        }
        let id = start["login_id"]?.string ?? ""
        let state = start["login_state"]?.string ?? ""
        return try await call(
            .post,
            "/api/system/bank/scope-grants/\(id)/accept",
            "{\"granted_scopes\":[\"openid\"],\"login_state\":\"\(state)\"\(granted ?? "")}"
        ).status
    }

    func reject(_ start: JSONValue) async throws -> Int {
        let id = start["login_id"]?.string ?? ""
        let state = start["login_state"]?.string ?? ""
        return try await call(
            .post,
            "/api/system/bank/scope-grants/\(id)/reject",
            "{\"id\":\"\(id)\",\"login_state\":\"\(state)\",\"error\":\"access_denied\"}"
        ).status
    }
}

import HTTP
import OAuthClient
import TestSupport
import Threads

/// A scripted authorization server with a resource, the client that calls it, and credentials that
/// a test may replace.
struct TokenStage: Sendable {
    typealias Act = Result<OutboundResponse, OutboundError>

    enum Outcome: Hashable {
        case answered(Int)
        case noToken(OAuthFailure)
        case failed(OutboundError)
    }

    static let issuer = "https://as.example/bank"
    static let tokenURL = issuer + "/token"
    static let token = #"{"access_token":"t","expires_in":3600}"#

    static func status(_ status: Int, _ body: String = "{}", fields: [Field] = []) -> Act {
        .success(OutboundResponse(status: status, fields: fields, body: Array(body.utf8)))
    }

    let clock = ManualClock()
    let log = CapturedLog()
    let http: ScriptedServer
    let tokens: AccessTokens
    let credentials: Locked<ClientCredentials>

    /// Requests for metadata, for tokens and of the resource are answered in turn; the last answer
    /// stays.
    init(
        _ credentials: ClientCredentials = ClientCredentials(.secretBasic("secret")),
        metadata: [Act] = [],
        tokens: [Act] = [status(200, token)],
        resource: [Act] = [status(200)],
        change: (inout ClientSettings) -> Void = { _ in }
    ) {
        let asked = Locked((metadata: 0, tokens: 0, resource: 0))
        http = ScriptedServer { request, _ in
            func next(_ acts: [Act], _ count: inout Int) -> Act {
                defer { count += 1 }
                return acts.isEmpty ? Self.status(404) : acts[min(count, acts.count - 1)]
            }
            return asked.withLock { asked in
                if request.url.contains("/.well-known/") { return next(metadata, &asked.metadata) }
                if request.url.hasSuffix("/resource") { return next(resource, &asked.resource) }
                return next(tokens, &asked.tokens)
            }
        }
        let current = Locked(credentials)
        self.credentials = current
        var settings = ClientSettings(
            server: "as",
            clientID: "beckon & co",
            scopes: ["read", "write"],
            credentials: { current.withLock { $0 } }
        )
        change(&settings)
        self.tokens = AccessTokens(settings, http: http, clock: clock, log: log.logger)
    }

    /// Calls the resource; 401 refuses the token.
    func call(
        _ endpoint: TokenEndpoint = .url(tokenURL, issuer: issuer)
    ) async -> Outcome {
        let result = await tokens.call(
            OutboundRequest(.get, "https://as.example/resource"),
            from: endpoint,
            trace: nil,
            refusesToken: { $0.status == 401 }
        )
        switch result {
        case .answer(let answer): return .answered(answer.status)
        case .noToken(let failure): return .noToken(failure)
        case .failed(let error): return .failed(error)
        }
    }

    /// Requests for a token, which are the forms.
    var tokenRequests: [OutboundRequest] {
        http.requests.filter {
            $0.fields.first("content-type") == "application/x-www-form-urlencoded"
        }
    }

    /// Calls of the resource.
    var calls: [OutboundRequest] { http.requests.filter { $0.url.hasSuffix("/resource") } }
}

import AuthorizationServers
import HTTP
import Logins
import Telemetry
import TestSupport
import Threads

/// A scripted ACP, the adapter that reports to it, and credentials that a test may replace.
struct TokenStage: Sendable {
    typealias Act = Result<OutboundResponse, OutboundError>

    static let token = #"{"access_token":"t","expires_in":3600}"#

    let clock = ManualClock()
    let log = CapturedLog()
    let http: ScriptedServer
    let server: CloudentityServer
    let credentials: Locked<ClientCredentials>

    /// Requests for metadata and for tokens are answered in turn; the last answer stays.
    init(
        _ credentials: ClientCredentials = ClientCredentials(.secretBasic("secret")),
        metadata: [Act] = [],
        tokens: [Act] = [ReportTests.status(200, token)],
        change: (inout CloudentityOutbound) -> Void = { _ in }
    ) {
        let asked = Locked((metadata: 0, tokens: 0))
        http = ScriptedServer { request, _ in
            func next(_ acts: [Act], _ count: inout Int) -> Act {
                defer { count += 1 }
                return acts.isEmpty ? ReportTests.status(404) : acts[min(count, acts.count - 1)]
            }
            return asked.withLock { asked in
                if request.url.contains("/.well-known/") { return next(metadata, &asked.metadata) }
                if request.url.contains("/scope-grants/") { return ReportTests.status(200) }
                return next(tokens, &asked.tokens)
            }
        }
        let current = Locked(credentials)
        self.credentials = current
        var settings = CloudentityOutbound(
            server: .named("acp"),
            acp: "https://acp.example",
            clientID: "beckon & co",
            credentials: { current.withLock { $0 } }
        )
        change(&settings)
        server = CloudentityServer(settings, http: http, clock: clock, log: log.logger)
    }

    /// Rejects a login that is half a minute old.
    func report(tenant: String = "bank") async -> ReportAnswer {
        let login = PendingLogin.arrived(
            tenant: tenant,
            at: clock.now() - .seconds(30),
            .init(user: .named("ann"), state: "s1", origin: .fixture)
        )
        return await server.report(.expired, of: login, inDoubt: false)
    }

    /// Requests for a token, which are the forms.
    var tokenRequests: [OutboundRequest] {
        http.requests.filter {
            $0.fields.first("content-type") == "application/x-www-form-urlencoded"
        }
    }

    var reports: [OutboundRequest] { http.requests.filter { $0.url.hasSuffix("/reject") } }
}

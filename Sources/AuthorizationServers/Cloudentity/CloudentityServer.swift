import HTTP
import JSON
import Logins
import OAuthClient
import Telemetry
import Texts

/// Cloudentity ACP as an `AuthorizationServer`: fetches consents and reports outcomes
/// (`Contract.md`, sections 5 to 7).
struct CloudentityServer: AuthorizationServer {
    /// 0.5, 1, 2, 4, 8, 8 … s with 20 % jitter [SP-5].
    let retries = RetrySchedule(first: .milliseconds(500), cap: .seconds(8), jitter: 0.2)
    var id: AuthorizationServerID { settings.server }

    /// ACP may not have stored a login yet that is younger than this [SP-4].
    static let settling = Duration.seconds(2)

    let settings: CloudentityOutbound
    let http: any OutboundHTTP
    let clock: any WallClock
    let log: Logger
    let tokens: AccessTokens
    let found = FoundConsents()

    init(
        _ settings: CloudentityOutbound,
        credentials: @escaping @Sendable () -> ClientCredentials,
        http: any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.settings = settings
        self.http = http
        self.clock = clock
        self.log = log
        tokens = AccessTokens(
            settings.client(credentials),
            http: http,
            clock: clock,
            log: log
        )
    }

    func isSettling(_ login: PendingLogin) -> Bool {
        clock.now() - login.terms.receivedAt < Self.settling
    }

    func retryAfter(_ answer: OutboundResponse) -> Duration? {
        answer.retryAfter(secondsSince1970: clock.now().milliseconds / 1000)
    }

    // MARK: Calling

    /// One call with a token; when ACP refuses the token, one more with a new one [AU-6].
    func call(
        _ method: Method,
        _ url: String,
        _ body: [UInt8]?,
        of login: PendingLogin
    ) async -> AccessTokens.CallResult {
        guard let endpoint = settings.tokenEndpoint(for: login.key.tenant) else {
            return .noToken(.refused("no tenant is known to ask a token for"))
        }
        var fields = [Field("Accept", "application/json")]
        if body != nil { fields.append(Field("Content-Type", "application/json")) }
        let request = OutboundRequest(
            method,
            url,
            fields: fields,
            body: body ?? [],
            // More than a consent may have, so that one over the limit is recognized as such.
            responseLimit: 4 * ConsentLimits.answer
        )
        let result = await tokens.call(
            request,
            from: endpoint,
            trace: login.details.origin?.trace,
            refusesToken: refusesToken
        )
        if case .answer(let answer) = result { note(answer, login, path: url) }
        return result
    }

    /// A 401 for another reason than the token is final [AU-6].
    private func refusesToken(_ answer: OutboundResponse) -> Bool {
        guard settings.statusPolicy.reading(of: answer.status) == .tokenRefused else {
            return false
        }
        guard answer.status == 401,
            let code = (try? JSONValue(answer.body))?.withoutUnset["error_code"]
        else { return true }
        return code.string?.isExactly("invalid_access_token") == true
    }

    private func note(_ answer: OutboundResponse, _ login: PendingLogin, path: String) {
        let isForbidden = answer.status == 403
        guard isForbidden || answer.hasTraces else { return }
        let level: LogLevel = isForbidden ? .error : answer.status >= 300 ? .warning : .debug
        log.log(level, isForbidden ? "server.forbade" : "server.answered") {
            $0.member("server", id.value)
            $0.member("login_id", login.key.login.value)
            $0.member("status", answer.status)
            if isForbidden {
                // The client's permission is missing, or the token lacks the scope.
                let scope =
                    path.contains("/scope-grants/")
                    ? "manage_scope_grants" : "manage_openbanking_consents"
                $0.member("missing_scope", scope)
                $0.member("is_requested", settings.scopes.contains(scope))
                let code = Self.reason(in: answer.body).dropFirst()
                $0.member("error", code.isEmpty ? nil : String(code))
            }
            $0.traces(of: answer)
        }
    }
}

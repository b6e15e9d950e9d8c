public import HTTP
import JSON
public import Logins
public import Telemetry

/// Cloudentity ACP as an `AuthorizationServer`: fetches consents and reports outcomes
/// (`Contract.md`, sections 5 to 7).
public struct CloudentityServer: AuthorizationServer {
    /// 0.5, 1, 2, 4, 8, 8 … s with 20 % jitter [SP-5].
    public let retries = RetrySchedule(first: .milliseconds(500), cap: .seconds(8), jitter: 0.2)
    public var id: AuthorizationServerID { settings.server }

    /// ACP may not have stored a login yet that is younger than this [SP-4].
    static let settling = Duration.seconds(2)

    let settings: CloudentityOutbound
    let http: any OutboundHTTP
    let clock: any WallClock
    let log: Logger
    let tokens: AccessTokens
    let found = FoundConsents()

    public init(
        _ settings: CloudentityOutbound,
        http: any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.settings = settings
        self.http = http
        self.clock = clock
        self.log = log
        tokens = AccessTokens(settings, http: http, clock: clock, log: log)
    }

    func isSettling(_ login: PendingLogin) -> Bool {
        clock.now() - login.terms.receivedAt < Self.settling
    }

    func getURL(_ url: String, _ login: PendingLogin) -> String {
        guard settings.sendsLoginStateOnGet, let state = login.details.state else { return url }
        return url + "?login_state=" + PercentEncoding.encodeSegment(state)
    }

    func retryAfter(_ answer: OutboundResponse) -> Duration? {
        answer.retryAfter(secondsSince1970: clock.now().milliseconds / 1000)
    }

    // MARK: Calling

    enum CallResult {
        case answer(OutboundResponse)
        case noToken(AccessTokens.Failure)
        case failed(OutboundError)
    }

    /// One call with a token; when the token is refused, one more with a new one (AU-6).
    func call(
        _ method: Method,
        _ url: String,
        _ body: [UInt8]?,
        of login: PendingLogin
    ) async -> CallResult {
        guard let endpoint = settings.tokenEndpoint(for: login.key.tenant) else {
            return .noToken(.refused("no tenant is known to ask a token for"))
        }
        var isSecond = false
        while true {
            // Once for both: the token may be good only on a connection with this certificate.
            let credentials = settings.credentials()
            do {
                let token = try await tokens.token(from: endpoint, with: credentials, of: login)
                let answer = await send(method, url, body, token, credentials, of: login)
                guard case .answer(let response) = answer,
                    settings.statusPolicy.reading(of: response.status) == .tokenRefused, !isSecond
                else { return answer }
                tokens.discard(token, from: endpoint, with: credentials)
                isSecond = true
            } catch {
                return .noToken(error)
            }
        }
    }

    private func send(
        _ method: Method,
        _ url: String,
        _ body: [UInt8]?,
        _ token: String,
        _ credentials: ClientCredentials,
        of login: PendingLogin
    ) async -> CallResult {
        var fields = [
            Field("Authorization", "Bearer " + token), Field("Accept", "application/json"),
        ]
        fields += TraceContext.fields(within: login.details.origin?.trace)
        if body != nil { fields.append(Field("Content-Type", "application/json")) }
        let request = OutboundRequest(
            method,
            url,
            fields: fields,
            body: body ?? [],
            destination: settings.destination(showing: credentials.identity),
            timeLimit: settings.timeLimit,
            // More than a consent may have, so that one over the limit is known as such.
            responseLimit: 4 * ConsentLimits.answer
        )
        do { return .answer(try await http.send(request)) } catch { return .failed(error) }
    }
}

import HTTP
import Logins
import OAuthClient
import Telemetry

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
        return await tokens.call(
            request,
            from: endpoint,
            trace: login.details.origin?.trace,
            refusesToken: { settings.statusPolicy.reading(of: $0.status) == .tokenRefused }
        )
    }
}

public import HTTP
import JSON
public import Logins
public import Telemetry

/// Cloudentity ACP as the domain's `AuthorizationServer`: fetches what is to be approved and
/// reports what was decided, by the scope-grant interface (`cloudentity.md` sections 3, 4.2, 6).
public struct CloudentityServer: AuthorizationServer {
    /// Pauses of `cloudentity.md` 6.2: 0.5, 1, 2, 4, 8, 8 … s with a jitter of 20 %.
    public let retries = RetrySchedule(first: .milliseconds(500), cap: .seconds(8), jitter: 0.2)
    public var id: AuthorizationServerID { settings.server }

    /// A login this young may be missing because ACP has not stored it yet (6.2).
    static let settling = Duration.seconds(2)

    let settings: CloudentityOutbound
    let http: any OutboundHTTP
    let clock: any WallClock
    let log: Logger
    let tokens: AccessTokens

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

    // MARK: What is to be approved

    public func consent(of login: PendingLogin) async -> ConsentAnswer {
        let told = Consent(
            clientName: login.details.clientName,
            scopes: login.details.requestedScopes.map { Consent.Scope(requestedName: $0) }
        )
        // What cannot be shown whole is not shown at all (`cloudentity.md` 3.1, 4.3): consents of
        // Open Banking come with a later part.
        guard login.details.consentID == nil, !told.namesConsent else {
            return .unusable(.consentUnusable)
        }
        guard settings.lookup == .always else { return Self.showable(told) }
        guard let url = settings.scopeGrantURL(of: login.key) else { return Self.showable(told) }
        switch await call(.get, getURL(url, login), nil, of: login) {
        case .answer(let answer) where answer.status == 200:
            guard let body = try? JSONValue(answer.body), body.object != nil else {
                return .later("the scope grant is not a JSON object", after: nil)
            }
            let grant = ScopeGrant(body)
            let consent = grant.consent(beside: told)
            guard !grant.hasDetails, !consent.namesConsent else {
                return .unusable(.consentUnusable)
            }
            return Self.showable(consent)
        case .answer(let answer) where answer.status == 404:
            if isSettling(login) { return .later("not stored at the server yet", after: nil) }
            return Self.showable(told)
        case .answer(let answer):
            switch StatusPolicy.reading(of: answer.status) {
            case .notProcessed, .ambiguous:
                return .later("scope grant: \(answer.status)", after: retryAfter(answer))
            case .recorded, .tokenRefused, .lookOnce, .missing, .permanent:
                log.error("scope_grant.refused") {
                    $0.member("server", id.value)
                    $0.member("status", answer.status)
                }
                return Self.showable(told)
            }
        case .noToken(.refused(let reason)), .failed(.forbiddenAddress(let reason)),
            .failed(.invalid(let reason)):
            return .later(reason, after: nil)
        case .noToken(.unavailable(let reason, let after)):
            return .later(reason, after: after)
        case .failed(.notSent(let reason)), .failed(.ambiguous(let reason)),
            .failed(.unusableAnswer(let reason)):
            return .later(reason, after: nil)
        }
    }

    /// Nothing to approve is nothing that can be approved.
    private static func showable(_ consent: Consent) -> ConsentAnswer {
        consent.scopes.isEmpty ? .unusable(.consentUnusable) : .consent(consent)
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
                    StatusPolicy.reading(of: response.status) == .tokenRefused, !isSecond
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
            timeLimit: settings.timeLimit
        )
        do { return .answer(try await http.send(request)) } catch { return .failed(error) }
    }
}

import Cryptography
public import HTTP
import JSON
public import Logins
public import Telemetry
import Threads

/// Calls a protected resource with tokens of the client-credentials grant (RFC 6749 §4.4).
///
/// Tokens are cached per token endpoint and revision of the credentials, and renewed shortly before
/// they expire, with one token request at a time.
public final class AccessTokens: Sendable {
    /// What became of a call.
    public enum CallResult: Sendable {
        case answer(OutboundResponse)
        /// There is no token, so nothing was sent.
        case noToken(OAuthFailure)
        case failed(OutboundError)
    }

    /// A token is renewed this long before it expires.
    private static let margin = Duration.seconds(10)
    /// How many refused tokens are remembered.
    private static let refusedTokens = 32
    /// The longest pause between two token requests, whatever the server asks for: every call waits
    /// for the token.
    private static let longestPause = Duration.seconds(60)

    /// A token that was obtained with one certificate or key is not used with another.
    private struct Key: Hashable {
        let endpoint: TokenEndpoint
        let revision: Int
    }

    private struct Entry {
        var token: String?
        /// The digests of the newest tokens that a call refused, oldest first. They are not sent again.
        var refused: [[UInt8]] = []
        var renewAt = Timestamp(milliseconds: 0)
        /// Returned without a request until `retryAt`.
        var failure: OAuthFailure?
        var retryAt = Timestamp(milliseconds: 0)
        var failures = 0
    }

    private let settings: ClientSettings
    private let http: any OutboundHTTP
    private let clock: any WallClock
    private let log: Logger
    private let discovery: Discovery
    private let entries = Locked<[Key: Entry]>([:])
    private let renewals = SingleFlight<Key, String, OAuthFailure>()
    private let failures = Counter()
    private let backoff = RetrySchedule(first: .seconds(1), cap: longestPause, jitter: 0.2)

    public init(
        _ settings: ClientSettings,
        http: any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.settings = settings
        self.http = http
        self.clock = clock
        self.log = log
        discovery = Discovery(settings, http: http, clock: clock, log: log)
    }

    /// Registers the metrics of the tokens.
    public func register(in registry: MetricsRegistry) {
        registry.counter(
            "beckon_token_failures_total",
            "Attempts to obtain an access token that failed, by authorization server.",
            [("server", settings.server)]
        ) { [failures] in Double(failures.current) }
    }

    /// Sends a request with a token (RFC 6750 §2.1) and the client certificate, and once more with
    /// a new token when `refusesToken` says that the answer refuses the first one. A token that was
    /// refused is never sent again, whoever obtained it.
    /// `trace` is the `traceparent` of the work that the call belongs to.
    public func call(
        _ request: OutboundRequest,
        from endpoint: TokenEndpoint,
        trace: String?,
        refusesToken: (OutboundResponse) -> Bool
    ) async -> CallResult {
        var isSecond = false
        while true {
            // The same for both: the token may be bound to this certificate.
            let credentials = settings.credentials()
            let key = Key(endpoint: endpoint, revision: credentials.revision)
            let token: String
            do { token = try await self.token(key, with: credentials, trace) } catch {
                return .noToken(error)
            }
            // Another call may have been refused with it since this one began to wait for it.
            if isRefused(token, key) { continue }
            var request = request
            request.fields.insert(Field("Authorization", "Bearer " + token), at: 0)
            request.fields += TraceContext.fields(within: trace)
            request.destination = settings.destination.showing(credentials.identity)
            request.timeLimit = settings.timeLimit
            let answer: OutboundResponse
            do { answer = try await http.send(request) } catch { return .failed(error) }
            guard refusesToken(answer) else { return .answer(answer) }
            discard(token, key)
            if isSecond { return .answer(answer) }
            isSecond = true
        }
    }

    /// Obtains a token as a call does, and says which endpoint issued it, or why there is none.
    public func onlineChecks(of endpoint: TokenEndpoint, named name: String) -> [OnlineCheck] {
        var checks: [OnlineCheck] = []
        if case .discovered(let issuer) = endpoint {
            checks.append(
                OnlineCheck("discovery" + name) { [discovery, settings] in
                    do throws(OAuthFailure) {
                        let metadata = try await discovery.metadata(
                            of: issuer,
                            showing: settings.credentials().identity,
                            trace: nil
                        )
                        return .works("the token endpoint is \(metadata.tokenEndpoint)")
                    } catch {
                        return .fails(error.reason)
                    }
                }
            )
        }
        checks.append(
            OnlineCheck("token" + name) { [self] in
                let credentials = settings.credentials()
                let key = Key(endpoint: endpoint, revision: credentials.revision)
                do throws(OAuthFailure) {
                    _ = try await token(key, with: credentials, nil)
                    let seconds = lifetime(key).components.seconds
                    let scopes = settings.scopes.joined(separator: " ")
                    return .works("issued for \(scopes), renewed after \(seconds) s")
                } catch {
                    return .fails(error.reason)
                }
            }
        )
        return checks
    }

    /// How long the token is used.
    private func lifetime(_ key: Key) -> Duration {
        let renewAt = entries.withLock { $0[key]?.renewAt }
        return renewAt.map { max(.zero, $0 - clock.now()) } ?? .zero
    }

    private func token(
        _ key: Key,
        with credentials: ClientCredentials,
        _ trace: String?
    ) async throws(OAuthFailure) -> String {
        try await renewals.value(
            for: key,
            cached: { () throws(OAuthFailure) in try cached(key) },
            operation: { () async throws(OAuthFailure) in
                let request = TokenRequest(
                    settings: settings,
                    credentials: credentials,
                    issuer: key.endpoint.issuer,
                    trace: trace
                )
                do throws(OAuthFailure) {
                    let grant = try await send(request, to: key.endpoint)
                    if isRefused(grant.token, key) {
                        throw .unavailable(
                            "token endpoint: the token was refused before",
                            after: nil
                        )
                    }
                    keep(grant, key)
                    return grant.token
                } catch {
                    keep(error, key)
                    failures.increment()
                    log.error("token.failed") {
                        $0.member("server", settings.server)
                        $0.member("cause", "\(error)")
                        $0.member("hint", request.hint(for: error))
                    }
                    throw error
                }
            }
        )
    }

    private func cached(_ key: Key) throws(OAuthFailure) -> String? {
        let now = clock.now()
        let entry = entries.withLock { $0[key] }
        guard let entry else { return nil }
        if let token = entry.token, now < entry.renewAt { return token }
        // A clock that is set back must not make the pause longer.
        if let failure = entry.failure, now < entry.retryAt,
            entry.retryAt <= now + Self.longestPause + Self.longestPause
        {
            throw failure
        }
        return nil
    }

    /// Remembers that a token was refused, and forgets it unless it has been replaced meanwhile.
    private func discard(_ token: String, _ key: Key) {
        let digest = SHA256.digest(Array(token.utf8))
        entries.withLock { entries in
            var entry = entries[key, default: Entry()]
            if entry.token == token { entry.token = nil }
            if !entry.refused.contains(digest) { entry.refused.append(digest) }
            if entry.refused.count > Self.refusedTokens { entry.refused.removeFirst() }
            entries[key] = entry
        }
    }

    private func isRefused(_ token: String, _ key: Key) -> Bool {
        let refused = entries.withLock { $0[key]?.refused ?? [] }
        return !refused.isEmpty && refused.contains(SHA256.digest(Array(token.utf8)))
    }

    private func keep(_ grant: TokenRequest.Grant, _ key: Key) {
        let life = grant.lifetime - Self.margin
        var entry = Entry()
        entry.token = grant.token
        entry.renewAt = clock.now() + (life > .zero ? life : grant.lifetime / 2)
        entries.withLock { [entry] entries in
            var entry = entry
            entry.refused = entries[key]?.refused ?? []
            entries[key] = entry
            // Tokens of replaced credentials are not used any more.
            entries = entries.filter { other, _ in
                other.endpoint != key.endpoint || other.revision >= key.revision
            }
        }
    }

    private func keep(_ failure: OAuthFailure, _ key: Key) {
        var asked: Duration?
        if case .unavailable(_, let after) = failure {
            asked = after.map { min($0, Self.longestPause) }
        }
        let now = clock.now()
        entries.withLock { [asked] entries in
            var entry = entries[key, default: Entry()]
            entry.token = nil
            entry.failure = failure
            entry.failures += 1
            entry.retryAt =
                now
                + backoff.pause(after: entry.failures, asked: asked, random: Random.fraction())
            entries[key] = entry
        }
    }

    private func send(
        _ request: TokenRequest,
        to endpoint: TokenEndpoint
    ) async throws(OAuthFailure) -> TokenRequest.Grant {
        let identity = request.credentials.identity
        var request = request
        var discovered: String?
        let url: String
        switch endpoint {
        case .url(let known, _): url = known
        case .discovered(let issuer):
            let metadata = try await discovery.metadata(
                of: issuer,
                showing: identity,
                trace: request.trace
            )
            let alias = identity == nil ? nil : metadata.tokenEndpointForCertificates
            url = alias ?? metadata.tokenEndpoint
            discovered = issuer
            if metadata.takesIssuerOnly { request.audience = .issuer }
        }
        do throws(OAuthFailure) {
            let answer: OutboundResponse
            let message = try request.request(to: url, at: clock.now())
            do { answer = try await http.send(message) } catch {
                // A second token request does no harm, so every failure may be retried.
                throw OAuthFailure.unavailable("token endpoint: \(error.reason)", after: nil)
            }
            if answer.status >= 300, answer.hasTraces {
                log.warning("token.answered") {
                    $0.member("server", settings.server)
                    $0.member("status", answer.status)
                    $0.traces(of: answer)
                }
            }
            return try request.read(answer, at: clock.now())
        } catch {
            // The endpoint may have moved.
            if let discovered { discovery.distrust(discovered) }
            throw error
        }
    }
}

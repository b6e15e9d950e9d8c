import Cryptography
import HTTP
import JSON
import Logins
import Telemetry
import Threads

/// Tokens of the OAuth client-credentials grant (RFC 6749 §4.4): cached for each token endpoint and
/// for what we prove ourselves with, renewed shortly before they expire, with one renewal under way
/// at a time.
final class AccessTokens: Sendable {
    /// Why there is no token.
    enum Failure: Error, Hashable {
        /// The token endpoint says that our credentials are wrong: an operator must act.
        case refused(String)
        /// Not now.
        case unavailable(String, after: Duration?)
    }

    /// Renewed this much before the end (AU-5).
    private static let margin = Duration.seconds(10)

    /// A token that was had with one certificate or key is not used beside another.
    private struct Place: Hashable {
        let endpoint: TokenEndpoint
        let revision: Int
    }

    private struct Entry {
        var token: String?
        var renewAt = Timestamp(milliseconds: 0)
        var isRenewing = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// No request before this moment, and what to answer until then (AU-7).
        var failure: Failure?
        var retryAt = Timestamp(milliseconds: 0)
        var failures = 0
    }

    private let settings: CloudentityOutbound
    private let http: any OutboundHTTP
    private let clock: any WallClock
    private let log: Logger
    private let discovery: Discovery
    private let entries = Locked<[Place: Entry]>([:])
    private static let longestPause = Duration.seconds(60)
    private let backoff = RetrySchedule(first: .seconds(1), cap: longestPause, jitter: 0.2)

    init(
        _ settings: CloudentityOutbound,
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

    /// A token that is good for at least a few seconds more. A login that waits for a new one lends
    /// the request its trace.
    func token(
        from endpoint: TokenEndpoint,
        with credentials: ClientCredentials,
        of login: PendingLogin
    ) async throws(Failure) -> String {
        let place = Place(endpoint: endpoint, revision: credentials.revision)
        while true {
            switch state(of: place) {
            case .token(let token): return token
            case .failed(let failure): throw failure
            case .wait: await waitForRenewal(of: place)
            case .renew:
                let request = TokenRequest(
                    settings: settings,
                    credentials: credentials,
                    issuer: settings.issuer(for: login.key.tenant),
                    trace: login.details.origin?.trace
                )
                return try await renew(place, by: request)
            }
        }
    }

    /// Forgets a token that was refused, unless it has been replaced meanwhile.
    func discard(
        _ token: String,
        from endpoint: TokenEndpoint,
        with credentials: ClientCredentials
    ) {
        let place = Place(endpoint: endpoint, revision: credentials.revision)
        entries.withLock { entries in
            if entries[place]?.token == token { entries[place]?.token = nil }
        }
    }

    private enum State {
        case token(String)
        case failed(Failure)
        case wait
        /// The caller has been chosen to renew.
        case renew
    }

    private func state(of place: Place) -> State {
        let now = clock.now()
        return entries.withLock { entries in
            var entry = entries[place, default: Entry()]
            if let token = entry.token, now < entry.renewAt { return .token(token) }
            if entry.isRenewing { return .wait }
            // A clock that was set back must not make the pause longer.
            if let failure = entry.failure, now < entry.retryAt,
                entry.retryAt <= now + Self.longestPause + Self.longestPause
            {
                return .failed(failure)
            }
            entry.isRenewing = true
            // What belongs to replaced credentials is not asked for again.
            entries = entries.filter { old, entry in
                old.endpoint != place.endpoint || old.revision >= place.revision || entry.isRenewing
            }
            entries[place] = entry
            return .renew
        }
    }

    private func waitForRenewal(of place: Place) async {
        await withCheckedContinuation { waiter in
            let isOver = entries.withLock { entries in
                guard entries[place]?.isRenewing == true else { return true }
                entries[place]?.waiters.append(waiter)
                return false
            }
            if isOver { waiter.resume() }
        }
    }

    /// Returns the new token itself: one that has expired on arrival is still used once.
    private func renew(_ place: Place, by token: TokenRequest) async throws(Failure) -> String {
        let result: Result<TokenRequest.Grant, Failure>
        do { result = .success(try await request(token, at: place.endpoint)) } catch {
            result = .failure(error)
        }
        let now = clock.now()
        let waiters = entries.withLock { entries in
            var entry = entries[place, default: Entry()]
            switch result {
            case .success(let grant):
                let life = grant.lifetime - Self.margin
                entry.token = grant.token
                entry.renewAt = now + (life > .zero ? life : grant.lifetime / 2)
                entry.failure = nil
                entry.failures = 0
            case .failure(let failure):
                entry.token = nil
                entry.failure = failure
                entry.failures += 1
                var asked: Duration?
                if case .unavailable(_, let after) = failure {
                    // Every report of the tenant waits for this: the server is asked again in time.
                    asked = after.map { min($0, Self.longestPause) }
                }
                let pause = backoff.pause(
                    after: entry.failures,
                    asked: asked,
                    random: Random.fraction()
                )
                entry.retryAt = now + pause
            }
            entry.isRenewing = false
            defer { entries[place] = entry }
            defer { entry.waiters = [] }
            return entry.waiters
        }
        for waiter in waiters { waiter.resume() }
        switch result {
        case .success(let grant): return grant.token
        case .failure(let failure):
            log.error("token.failed") {
                $0.member("server", settings.server.value)
                $0.member("cause", "\(failure)")
            }
            throw failure
        }
    }

    private func request(
        _ token: TokenRequest,
        at endpoint: TokenEndpoint
    ) async throws(Failure) -> TokenRequest.Grant {
        let url = try await discovery.url(of: endpoint, for: token)
        do throws(Failure) {
            let request = try token.request(to: url, at: clock.now())
            let answer: OutboundResponse
            do { answer = try await http.send(request) } catch {
                // A token asked for twice harms nobody, so every failure may be tried again.
                throw Failure.unavailable("token endpoint: \(error)", after: nil)
            }
            return try token.read(answer, at: clock.now())
        } catch {
            // It may have moved.
            discovery.distrust(endpoint)
            throw error
        }
    }
}

import Cryptography
import HTTP
import JSON
import Logins
import Telemetry
import Threads

/// Tokens of the OAuth client-credentials grant (RFC 6749 §4.4): cached for each token endpoint,
/// renewed shortly before they expire, with one renewal under way at a time.
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
    /// For answers without `expires_in` (AU-4).
    private static let assumedLifetime = Duration.seconds(300)

    /// Seconds; a server that says more is asked again all the same.
    private static let longestLifetime = 86_400

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
    private let entries = Locked<[String: Entry]>([:])
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
    }

    /// A token that is good for at least a few seconds more. A login that waits for a new one lends
    /// the request its trace.
    func token(from url: String, of login: PendingLogin) async throws(Failure) -> String {
        while true {
            switch state(of: url) {
            case .token(let token): return token
            case .failed(let failure): throw failure
            case .wait: await waitForRenewal(of: url)
            case .renew: return try await renew(from: url, login.details.origin?.trace)
            }
        }
    }

    /// Forgets a token that was refused, unless it has been replaced meanwhile.
    func discard(_ token: String, from url: String) {
        entries.withLock { entries in
            if entries[url]?.token == token { entries[url]?.token = nil }
        }
    }

    private enum State {
        case token(String)
        case failed(Failure)
        case wait
        /// The caller has been chosen to renew.
        case renew
    }

    private func state(of url: String) -> State {
        let now = clock.now()
        return entries.withLock { entries in
            var entry = entries[url, default: Entry()]
            if let token = entry.token, now < entry.renewAt { return .token(token) }
            if entry.isRenewing { return .wait }
            // A clock that was set back must not make the pause longer.
            if let failure = entry.failure, now < entry.retryAt,
                entry.retryAt <= now + Self.longestPause + Self.longestPause
            {
                return .failed(failure)
            }
            entry.isRenewing = true
            entries[url] = entry
            return .renew
        }
    }

    private func waitForRenewal(of url: String) async {
        await withCheckedContinuation { waiter in
            let isOver = entries.withLock { entries in
                guard entries[url]?.isRenewing == true else { return true }
                entries[url]?.waiters.append(waiter)
                return false
            }
            if isOver { waiter.resume() }
        }
    }

    /// Returns the new token itself: one that has expired on arrival is still used once.
    private func renew(from url: String, _ trace: String?) async throws(Failure) -> String {
        let result: Result<(token: String, lifetime: Duration), Failure>
        do { result = .success(try await request(url, trace)) } catch { result = .failure(error) }
        let now = clock.now()
        let waiters = entries.withLock { entries in
            var entry = entries[url, default: Entry()]
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
            defer { entries[url] = entry }
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
        _ url: String,
        _ trace: String?
    ) async throws(Failure) -> (token: String, lifetime: Duration) {
        var form = [
            Field("grant_type", "client_credentials"),
            Field("scope", settings.scopes.joined(separator: " ")),
        ]
        var fields = [
            Field("Content-Type", "application/x-www-form-urlencoded"),
            Field("Accept", "application/json"),
        ]
        fields += TraceContext.fields(within: trace)
        switch settings.clientAuthentication {
        case .secretBasic:
            // Both halves are form-encoded first (RFC 6749 §2.3.1).
            let pair = [settings.clientID, settings.clientSecret()]
                .map { Form([Field($0, "")]).bytes.dropLast() }
                .joined(separator: [UInt8(ascii: ":")])
            fields.append(Field("Authorization", "Basic " + Base64.encode(Array(pair))))
        case .secretPost:
            form.append(Field("client_id", settings.clientID))
            form.append(Field("client_secret", settings.clientSecret()))
        }
        let answer: OutboundResponse
        do {
            answer = try await http.send(
                OutboundRequest(
                    .post,
                    url,
                    fields: fields,
                    body: Form(form).bytes,
                    destination: settings.destination,
                    timeLimit: settings.timeLimit
                )
            )
        } catch {
            // A token asked for twice harms nobody, so every failure may be tried again.
            throw .unavailable("token endpoint: \(error)", after: nil)
        }
        return try read(answer)
    }

    private func read(
        _ answer: OutboundResponse
    ) throws(Failure) -> (token: String, lifetime: Duration) {
        let body = try? JSONValue(answer.body)
        switch answer.status {
        case 200...299:
            guard let token = body?["access_token"]?.string, !token.isEmpty,
                token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else {
                throw .unavailable("token endpoint: its answer has no access_token", after: nil)
            }
            let seconds = body?["expires_in"]?.integer
            let lifetime = seconds.map { Duration.seconds(min(max(0, $0), Self.longestLifetime)) }
            return (token, lifetime ?? Self.assumedLifetime)
        case 408, 425, 429, 500...599:
            throw .unavailable(
                "token endpoint: \(answer.status)",
                after: answer.retryAfter(secondsSince1970: clock.now().milliseconds / 1000)
            )
        default:
            let code = body?["error"]?.string.map { " " + $0.prefix(64) } ?? ""
            throw .refused("token endpoint: \(answer.status)\(code)")
        }
    }
}

public import HTTP
public import JOSE
public import Logins
public import OAuthClient
import Threads

/// The public keys of an identity provider (RFC 7517 §5), cached for an hour.
///
/// A token with an unknown key makes them be fetched again, because the provider may have replaced its
/// keys; but at most once a minute, because anybody can make such tokens.
public final class ProviderKeys: Sendable {
    private static let lifetime = Duration.seconds(3600)
    private static let pause = Duration.seconds(60)

    private struct Entry {
        var keys: JWKSet
        var freshUntil: Timestamp
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// When the keys were last fetched for an unknown key.
        var searchedAt: Timestamp?
    }

    private let destination: @Sendable () -> Destination
    private let timeLimit: Duration
    private let http: any OutboundHTTP
    private let clock: any WallClock
    private let state = Locked(State())
    private let requests = SingleFlight<String, JWKSet, OAuthFailure>()

    /// `destination` is called before each request, so that a replaced certificate is used.
    public init(
        destination: @escaping @Sendable () -> Destination,
        timeLimit: Duration,
        http: any OutboundHTTP,
        clock: any WallClock
    ) {
        self.destination = destination
        self.timeLimit = timeLimit
        self.http = http
        self.clock = clock
    }

    /// The keys at a URL. Old ones stay in use while there are no newer ones.
    public func keys(at url: String) async throws(OAuthFailure) -> JWKSet {
        try await requests.value(
            for: url,
            cached: { fresh(url) },
            operation: { () async throws(OAuthFailure) in try await fetchOrKeep(url) }
        )
    }

    /// The keys after a token named one that is not among them; nil if it is too soon to ask again.
    public func newerKeys(at url: String) async throws(OAuthFailure) -> JWKSet? {
        let now = clock.now()
        let isDue = state.withLock { state in
            // A clock that is set back must not prevent it.
            if let last = state.searchedAt, last <= now, now < last + Self.pause { return false }
            state.searchedAt = now
            state.entries[url]?.freshUntil = Timestamp(milliseconds: 0)
            return true
        }
        return isDue ? try await keys(at: url) : nil
    }

    private func fresh(_ url: String) -> JWKSet? {
        let now = clock.now()
        return state.withLock { state in
            guard let entry = state.entries[url], now < entry.freshUntil,
                entry.freshUntil <= now + Self.lifetime
            else { return nil }
            return entry.keys
        }
    }

    private func fetchOrKeep(_ url: String) async throws(OAuthFailure) -> JWKSet {
        do throws(OAuthFailure) {
            let keys = try await fetch(url)
            let entry = Entry(keys: keys, freshUntil: clock.now() + Self.lifetime)
            state.withLock { $0.entries[url] = entry }
            return keys
        } catch {
            guard let old = state.withLock({ $0.entries[url] }) else { throw error }
            return old.keys
        }
    }

    private func fetch(_ url: String) async throws(OAuthFailure) -> JWKSet {
        let request = OutboundRequest(
            .get,
            url,
            fields: [Field("Accept", "application/json")],
            destination: destination(),
            timeLimit: timeLimit
        )
        let answer: OutboundResponse
        do { answer = try await http.send(request) } catch {
            throw .unavailable("keys: \(error.reason)", after: nil)
        }
        guard answer.status == 200 else {
            throw .unavailable("keys: \(answer.status)", after: nil)
        }
        do throws(JOSEError) { return try JWKSet(bytes: answer.body) } catch {
            throw .unavailable("keys: \(error)", after: nil)
        }
    }
}

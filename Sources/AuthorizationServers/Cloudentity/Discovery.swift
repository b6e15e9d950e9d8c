import HTTP
import JSON
import Logins
import Telemetry
import Threads

/// Where tokens are had.
enum TokenEndpoint: Hashable, Sendable {
    case known(String)
    /// In the metadata of this issuer, which stand at `url`.
    case discovered(issuer: String, url: String)
}

/// ACP's metadata (OpenID Connect Discovery 1.0 §4), of which only the token endpoint is read.
///
/// It never asks by itself: whoever renews a token does, one at a time for each issuer, and pauses
/// after a failure. What it has read stays in use while newer metadata cannot be had.
final class Discovery: Sendable {
    /// Endpoints move rarely; one look in an hour also notices an alias that was added.
    private static let lifetime = Duration.seconds(3600)

    private struct Metadata {
        let endpoint: String
        /// For connections with a client certificate (RFC 8705 §5).
        let alias: String?
        var freshUntil: Timestamp
    }

    private let settings: CloudentityOutbound
    private let http: any OutboundHTTP
    private let clock: any WallClock
    private let log: Logger
    private let kept = Locked<[String: Metadata]>([:])

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

    /// The address to send a token request to, which may show a certificate.
    func url(
        of endpoint: TokenEndpoint,
        for token: TokenRequest
    ) async throws(AccessTokens.Failure) -> String {
        switch endpoint {
        case .known(let url): return url
        case .discovered(let issuer, let url):
            let metadata = try await metadata(of: issuer, at: url, for: token)
            guard token.credentials.identity != nil else { return metadata.endpoint }
            return metadata.alias ?? metadata.endpoint
        }
    }

    /// Makes the next token request look for newer metadata: the endpoint they name has failed.
    func distrust(_ endpoint: TokenEndpoint) {
        guard case .discovered(_, let url) = endpoint else { return }
        kept.withLock { $0[url]?.freshUntil = Timestamp(milliseconds: 0) }
    }

    private func metadata(
        of issuer: String,
        at url: String,
        for token: TokenRequest
    ) async throws(AccessTokens.Failure) -> Metadata {
        let old = kept.withLock { $0[url] }
        let now = clock.now()
        // A clock that was set back must not make metadata live longer.
        if let old, now < old.freshUntil, old.freshUntil <= now + Self.lifetime { return old }
        do {
            let new = try read(try await fetch(url, for: token), issuer, url)
            kept.withLock { $0[url] = new }
            return new
        } catch {
            guard let old else { throw error }
            log.warning("discovery.failed") {
                $0.member("server", settings.server.value)
                $0.member("cause", "\(error)")
            }
            return old
        }
    }

    private func fetch(
        _ url: String,
        for token: TokenRequest
    ) async throws(AccessTokens.Failure) -> OutboundResponse {
        let request = OutboundRequest(
            .get,
            url,
            fields: [Field("Accept", "application/json")]
                + TraceContext.fields(within: token.trace),
            destination: settings.destination(showing: token.credentials.identity),
            timeLimit: settings.timeLimit
        )
        do { return try await http.send(request) } catch {
            throw .unavailable("discovery: \(error)", after: nil)
        }
    }

    private func read(
        _ answer: OutboundResponse,
        _ issuer: String,
        _ url: String
    ) throws(AccessTokens.Failure) -> Metadata {
        switch answer.status {
        case 200: break
        case 408, 425, 429, 500...599:
            throw .unavailable(
                "discovery: \(answer.status)",
                after: answer.retryAfter(secondsSince1970: clock.now().milliseconds / 1000)
            )
        default: throw .refused("discovery: \(answer.status)")
        }
        guard let body = try? JSONValue(answer.body), body.object != nil else {
            throw .unavailable("discovery: its answer is not a JSON object", after: nil)
        }
        // OpenID Connect Discovery 1.0 §4.3: else anybody's metadata could be put in their place.
        guard body["issuer"]?.string == issuer else {
            throw .refused("discovery: the issuer is not \(issuer)")
        }
        guard let endpoint = body["token_endpoint"]?.string, Self.isUsable(endpoint, beside: url)
        else { throw .refused("discovery: token_endpoint is missing or not https") }
        let alias = body["mtls_endpoint_aliases"]?["token_endpoint"]
        if let alias, alias.string.map({ Self.isUsable($0, beside: url) }) != true {
            throw .refused("discovery: mtls_endpoint_aliases.token_endpoint is not https")
        }
        return Metadata(
            endpoint: endpoint,
            alias: alias?.string,
            freshUntil: clock.now() + Self.lifetime
        )
    }

    /// Credentials go nowhere that is less protected than the metadata were.
    private static func isUsable(_ endpoint: String, beside url: String) -> Bool {
        endpoint.hasPrefix("https://")
            || (endpoint.hasPrefix("http://") && url.hasPrefix("http://"))
    }
}

public import HTTP
import JSON
public import Logins
public import Telemetry
import Texts
import Threads

/// The metadata of authorization servers (OpenID Connect Discovery 1.0 §4, RFC 8414), cached for
/// an hour. Expired metadata stay in use while the server does not give newer ones.
public final class Discovery: Sendable {
    /// What the metadata say, as far as it is used.
    public struct Metadata: Hashable, Sendable {
        public let tokenEndpoint: String
        /// The token endpoint for connections with a client certificate (RFC 8705 §5).
        public let tokenEndpointForCertificates: String?
        /// Whether the issuer is the only audience of assertions that the server takes.
        public var takesIssuerOnly = false
        /// What a person who signs in needs (OpenID Connect Core 1.0 §3.1); nil if it is missing or
        /// not usable.
        public var authorizationEndpoint: String?
        public var keySetURL: String?
        /// Whether each authorization response names the issuer (RFC 9207 §3).
        public var answersWithIssuer = false
        /// The issuer, exactly as the metadata have it.
        public var issuer = ""
    }

    /// Follows the issuer (OpenID Connect Discovery 1.0 §4).
    public static let path = "/.well-known/openid-configuration"
    /// Endpoints move rarely; once an hour also notices an alias that was added.
    private static let lifetime = Duration.seconds(3600)

    /// The name in some servers' metadata for the rule that an assertion has one audience, its issuer
    /// [AU-10].
    private static let issuerOnly = "single_audience_equals_issuer_in_authentication_jwts"

    private struct Entry {
        let metadata: Metadata
        var freshUntil: Timestamp
    }

    private let settings: ClientSettings
    private let http: any OutboundHTTP
    private let clock: any WallClock
    private let log: Logger
    private let entries = Locked<[String: Entry]>([:])
    private let requests = SingleFlight<String, Metadata, OAuthFailure>()

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
    }

    /// Where the metadata of an issuer are. A slash at its end is not repeated (OpenID Connect
    /// Discovery 1.0 §4).
    public static func url(of issuer: String) -> String {
        (issuer.utf8.last == UInt8(ascii: "/") ? String(issuer.dropLast()) : issuer) + path
    }

    /// The metadata of an issuer. They are requested with the client certificate `identity`, and
    /// within `trace`, a `traceparent`.
    public func metadata(
        of issuer: String,
        showing identity: ClientIdentity?,
        trace: String?
    ) async throws(OAuthFailure) -> Metadata {
        try await metadata(at: Self.url(of: issuer), of: [issuer], showing: identity, trace: trace)
    }

    /// The metadata at a URL, which must be those of one of these issuers.
    public func metadata(
        at url: String,
        of issuers: [String],
        showing identity: ClientIdentity?,
        trace: String?
    ) async throws(OAuthFailure) -> Metadata {
        try await requests.value(for: url, cached: { fresh(url) }) {
            () async throws(OAuthFailure) in
            do throws(OAuthFailure) {
                let metadata = try read(try await fetch(url, identity, trace), issuers)
                let freshUntil = clock.now() + Self.lifetime
                entries.withLock {
                    $0[url] = Entry(metadata: metadata, freshUntil: freshUntil)
                }
                return metadata
            } catch {
                guard let old = entries.withLock({ $0[url] }) else { throw error }
                log.warning("discovery.failed") {
                    $0.member("server", settings.server)
                    $0.member("cause", "\(error)")
                }
                return old.metadata
            }
        }
    }

    /// Makes the next caller request newer metadata, because an endpoint that they name failed.
    func distrust(_ issuer: String) {
        let url = Self.url(of: issuer)
        entries.withLock { $0[url]?.freshUntil = Timestamp(milliseconds: 0) }
    }

    private func fresh(_ url: String) -> Metadata? {
        let now = clock.now()
        return entries.withLock { entries in
            // A clock that is set back must not make metadata live longer.
            guard let entry = entries[url], now < entry.freshUntil,
                entry.freshUntil <= now + Self.lifetime
            else { return nil }
            return entry.metadata
        }
    }

    private func fetch(
        _ url: String,
        _ identity: ClientIdentity?,
        _ trace: String?
    ) async throws(OAuthFailure) -> OutboundResponse {
        let request = OutboundRequest(
            .get,
            url,
            fields: [Field("Accept", "application/json")] + TraceContext.fields(within: trace),
            destination: settings.destination.showing(identity),
            timeLimit: settings.timeLimit
        )
        do { return try await http.send(request) } catch {
            throw .unavailable("discovery: \(error.reason)", after: nil)
        }
    }

    private func read(
        _ answer: OutboundResponse,
        _ issuers: [String]
    ) throws(OAuthFailure) -> Metadata {
        switch answer.status {
        case 200: break
        case 408, 425, 429, 500...599:
            throw .unavailable(
                "discovery: \(answer.status)",
                after: answer.retryAfter(secondsSince1970: clock.now().milliseconds / 1000)
            )
        default: throw .refused("discovery: \(answer.status)")
        }
        guard let body = (try? JSONValue(answer.body))?.withoutUnset, body.object != nil else {
            throw .unavailable("discovery: its answer is not a JSON object", after: nil)
        }
        // Otherwise the metadata of another server could be put in their place (OpenID Connect
        // Discovery 1.0 §4.3).
        guard let issuer = body["issuer"]?.string, issuers.contains(where: issuer.isExactly) else {
            throw .refused("discovery: the issuer is not \(issuers[0])")
        }
        func usable(_ name: String) -> String? {
            body[name]?.string.flatMap { Self.isUsable($0, issuer) ? $0 : nil }
        }
        guard let endpoint = body["token_endpoint"]?.string, Self.isUsable(endpoint, issuer)
        else { throw .refused("discovery: token_endpoint is missing or not https") }
        let alias = body["mtls_endpoint_aliases"]?["token_endpoint"]
        if let alias, alias.string.map({ Self.isUsable($0, issuer) }) != true {
            throw .refused("discovery: mtls_endpoint_aliases.token_endpoint is not https")
        }
        return Metadata(
            tokenEndpoint: endpoint,
            tokenEndpointForCertificates: alias?.string,
            takesIssuerOnly: body[Self.issuerOnly]?.bool == true,
            authorizationEndpoint: usable("authorization_endpoint"),
            keySetURL: usable("jwks_uri"),
            answersWithIssuer: body["authorization_response_iss_parameter_supported"]?.bool == true,
            issuer: issuer
        )
    }

    /// Credentials are not sent over a connection that is less protected than the metadata's.
    private static func isUsable(_ endpoint: String, _ issuer: String) -> Bool {
        endpoint.startsExactly(with: "https://")
            || (endpoint.startsExactly(with: "http://") && issuer.hasPrefix("http://"))
    }
}

import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Telemetry

/// One request to a token endpoint (RFC 6749 §3.2) with the authentication of the client, and the
/// meaning of the answer to the client-credentials grant (§4.4).
struct TokenRequest {
    /// A token and its lifetime.
    typealias Grant = (token: String, lifetime: Duration)

    /// For answers without `expires_in`.
    private static let assumedLifetime = Duration.seconds(300)
    /// Seconds. A longer `expires_in` is cut to this.
    private static let longestLifetime = 86_400
    /// Seconds.
    private static let assertionLifetime: Int64 = 300
    /// Bytes. A longer token would not fit into the header of a request at most servers.
    private static let longestToken = 16 << 10
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    let settings: ClientSettings
    let credentials: ClientCredentials
    /// Of the token. Nil when it is not known.
    let issuer: String?
    /// The `traceparent` of the request that needs the token.
    let trace: String?
    /// Of a client assertion.
    var audience: ClientSettings.AssertionAudience
    /// `grant_type` and the parameters of that grant. By default client credentials.
    var grant: [Field]
    var encoding = TokenEncoding.form

    init(
        settings: ClientSettings,
        credentials: ClientCredentials,
        issuer: String?,
        trace: String?
    ) {
        self.settings = settings
        self.credentials = credentials
        self.issuer = issuer
        self.trace = trace
        audience = settings.assertionAudience
        grant = [
            Field("grant_type", "client_credentials"),
            Field("scope", settings.scopes.joined(separator: " ")),
        ]
    }

    /// What an operator might change after a failure; nil if there is nothing to suggest.
    func hint(for failure: OAuthFailure) -> String? {
        guard case .refused(let reason) = failure, reason.contains("invalid_client"),
            case .assertion = credentials.method, audience == .tokenURL
        else { return nil }
        return "if the server takes only its issuer as audience, set assertion_audience: \"issuer\""
    }

    /// `now` is when an assertion is signed.
    func request(to url: String, at now: Timestamp) throws(OAuthFailure) -> OutboundRequest {
        var form = grant
        var fields = [
            Field("Content-Type", encoding.contentType),
            Field("Accept", "application/json"),
        ]
        fields += TraceContext.fields(within: trace)
        switch credentials.method {
        case .secretBasic(let secret):
            // Both halves are form-encoded first (RFC 6749 §2.3.1).
            let pair = [settings.clientID, secret]
                .map { Form([Field($0, "")]).bytes.dropLast() }
                .joined(separator: [UInt8(ascii: ":")])
            fields.append(Field("Authorization", "Basic " + Base64.encode(Array(pair))))
        case .secretPost(let secret):
            form.append(Field("client_id", settings.clientID))
            form.append(Field("client_secret", secret))
        case .assertion(let key):
            form.append(Field("client_assertion_type", Self.assertionType))
            form.append(Field("client_assertion", try assertion(to: url, by: key, at: now)))
        case .certificate:
            // Names the client whose certificate the connection shows (RFC 8705 §2).
            form.append(Field("client_id", settings.clientID))
        }
        return OutboundRequest(
            .post,
            url,
            fields: fields,
            body: encoding.bytes(form),
            destination: settings.destination.showing(credentials.identity),
            timeLimit: settings.timeLimit
        )
    }

    /// A client assertion (RFC 7523 §3) with a new `jti`: a server may refuse one that it has seen.
    private func assertion(
        to url: String,
        by key: SigningKey,
        at now: Timestamp
    ) throws(OAuthFailure) -> String {
        let seconds = now.milliseconds / 1000
        var claims = JWT.Claims()
        claims.issuer = settings.clientID
        claims.subject = settings.clientID
        switch audience {
        case .tokenURL: claims.audience = [url]
        case .issuer: claims.audience = [issuer ?? url]
        }
        claims.id = Base64URL.encode(Random.bytes(16))
        claims.issuedAt = JWT.NumericDate(seconds: seconds)
        claims.expiresAt = JWT.NumericDate(seconds: seconds + Self.assertionLifetime)
        do { return try JWT.sign(claims, key: key) } catch {
            throw .refused("client assertion: \(error)")
        }
    }

    /// Whether a token can be sent as it is (RFC 6750). One of another type needs more, such as a proof
    /// (RFC 6749 §7.1). Some servers leave the type out.
    private static func isBearer(_ type: JSONValue?) -> Bool {
        guard let type else { return true }
        return type.string?.lowercased().utf8.elementsEqual("bearer".utf8) == true
    }

    func read(_ answer: OutboundResponse, at now: Timestamp) throws(OAuthFailure) -> Grant {
        let body = (try? JSONValue(answer.body))?.withoutUnset
        switch answer.status {
        case 200...299:
            guard let token = body?["access_token"]?.string, !token.isEmpty,
                token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else {
                throw .unavailable("token endpoint: its answer has no access_token", after: nil)
            }
            guard token.utf8.count <= Self.longestToken else {
                throw .unavailable(
                    "token endpoint: its access_token is longer than \(Self.longestToken) bytes",
                    after: nil
                )
            }
            guard Self.isBearer(body?["token_type"]) else {
                throw .unavailable("token endpoint: its token_type is not Bearer", after: nil)
            }
            let seconds = body?["expires_in"]?.integer
            let lifetime = seconds.map { Duration.seconds(min(max(0, $0), Self.longestLifetime)) }
            return (token, lifetime ?? Self.assumedLifetime)
        case 408, 425, 429, 500...599:
            throw .unavailable(
                "token endpoint: \(answer.status)",
                after: answer.retryAfter(secondsSince1970: now.milliseconds / 1000)
            )
        default:
            let code = body?["error"]?.string.map { " " + $0.prefix(64) } ?? ""
            throw .refused("token endpoint: \(answer.status)\(code)")
        }
    }
}

/// How the parameters of a token request are written.
public enum TokenEncoding: String, Hashable, Sendable, CaseIterable {
    /// `application/x-www-form-urlencoded` (RFC 6749 §4.1.3).
    case form
    /// One JSON object of texts, which some providers require instead.
    case json

    var contentType: String {
        switch self {
        case .form: "application/x-www-form-urlencoded"
        case .json: "application/json"
        }
    }

    func bytes(_ parameters: [Field]) -> [UInt8] {
        switch self {
        case .form: return Form(parameters).bytes
        case .json:
            let members = parameters.map {
                JSONObject.Member(name: $0.name, value: .string($0.value))
            }
            return JSONValue.object(JSONObject(members)).bytes
        }
    }
}

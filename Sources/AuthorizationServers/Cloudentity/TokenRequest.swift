import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Telemetry

/// One request of the client-credentials grant (RFC 6749 §4.4) and what its answer means.
struct TokenRequest {
    /// A token and for how long it is good.
    typealias Grant = (token: String, lifetime: Duration)

    /// For answers without `expires_in` (AU-4).
    private static let assumedLifetime = Duration.seconds(300)
    /// How long a client assertion is good.
    private static let assertionLife: Int64 = 300
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    /// Seconds; a server that says more is asked again all the same.
    private static let longestLifetime = 86_400

    let settings: CloudentityOutbound
    let credentials: ClientCredentials
    /// Nil when that needs a tenant and there is none.
    let issuer: String?
    /// The `traceparent` of the login that waits for the token.
    let trace: String?

    /// `now` is when an assertion is made.
    func request(
        to url: String,
        at now: Timestamp
    ) throws(AccessTokens.Failure) -> OutboundRequest {
        var form = [
            Field("grant_type", "client_credentials"),
            Field("scope", settings.scopes.joined(separator: " ")),
        ]
        var fields = [
            Field("Content-Type", "application/x-www-form-urlencoded"),
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
            // Tells which client the certificate should be of (RFC 8705 §2).
            form.append(Field("client_id", settings.clientID))
        }
        return OutboundRequest(
            .post,
            url,
            fields: fields,
            body: Form(form).bytes,
            destination: settings.destination(showing: credentials.identity),
            timeLimit: settings.timeLimit
        )
    }

    /// RFC 7523 §3. A fresh `jti` each time: a server may refuse one that it has seen.
    private func assertion(
        to url: String,
        by key: SigningKey,
        at now: Timestamp
    ) throws(AccessTokens.Failure) -> String {
        let seconds = now.milliseconds / 1000
        var claims = JWT.Claims()
        claims.issuer = settings.clientID
        claims.subject = settings.clientID
        switch settings.assertionAudience {
        case .tokenURL: claims.audience = [url]
        case .issuer: claims.audience = [issuer ?? url]
        }
        claims.id = Base64URL.encode(Random.bytes(16))
        claims.issuedAt = JWT.NumericDate(seconds: seconds)
        claims.expiresAt = JWT.NumericDate(seconds: seconds + Self.assertionLife)
        do { return try JWT.sign(claims, key: key) } catch {
            throw .refused("client assertion: \(error)")
        }
    }

    func read(
        _ answer: OutboundResponse,
        at now: Timestamp
    ) throws(AccessTokens.Failure) -> Grant {
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
                after: answer.retryAfter(secondsSince1970: now.milliseconds / 1000)
            )
        default:
            let code = body?["error"]?.string.map { " " + $0.prefix(64) } ?? ""
            throw .refused("token endpoint: \(answer.status)\(code)")
        }
    }
}

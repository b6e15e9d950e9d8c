import Cryptography
import JOSE
import JSON

/// How a request names its user: with exactly one hint (OpenID CIBA Core §7.1).
enum UserHint: Sendable {
    case login(String)
    case token(String)
    case idToken(String)
    /// Without a hint, if a knob allows it (K-18).
    case claimed(String)

    init(_ parameters: RequestParameters, _ knobs: KnobBoard) throws(OAuthProblem) {
        let hints: [UserHint] = [
            parameters["login_hint"].map { .login($0) },
            parameters["login_hint_token"].map { .token($0) },
            parameters["id_token_hint"].map { .idToken($0) },
        ].compactMap(\.self)
        switch hints.count {
        case 0:
            guard let knob = knobs.take(.hintNone) else {
                throw .invalidRequest("there is no hint")
            }
            self = .claimed(knob["user"]?.string ?? "")
        case 1: self = hints[0]
        default: throw .invalidRequest("more than one hint")
        }
    }

    /// The user identifier for the authentication service.
    func user(
        _ client: SimulatedClient,
        issuer: String,
        _ signer: IDTokenSigner,
        _ profile: SimulatorConfiguration.Profile,
        at now: Int64
    ) throws(OAuthProblem) -> String {
        switch self {
        case .login(let user):
            guard !user.isEmpty else {
                throw OAuthProblem(400, "unknown_user_id", "the hint names nobody")
            }
            return user
        case .token(let token): return try Self.user(token, client, at: now)
        case .idToken(let token):
            return try Self.subject(token, client, issuer: issuer, signer, profile, at: now)
        case .claimed(let user): return user
        }
    }

    /// A client with registered keys signs its hint tokens.
    private static func user(
        _ token: String,
        _ client: SimulatedClient,
        at now: Int64
    ) throws(OAuthProblem) -> String {
        let claims: JSONValue?
        if let keys = client.keys {
            let jws = try? JWS.verify(token, keys: keys, allowed: SignatureAlgorithm.asymmetric)
            claims = jws.flatMap { try? JSONValue($0.payload) }
        } else {
            claims = unverified(token)
        }
        guard let claims else {
            throw OAuthProblem(400, "unknown_user_id", "the hint token cannot be read")
        }
        if let expires = claims["exp"]?.integer, Int64(expires) * 1000 <= now {
            throw OAuthProblem(400, "expired_login_hint_token", "the hint token has expired")
        }
        let names = ["sub", "email", "phone_number", "ephemeral_sub"]
        guard let user = names.lazy.compactMap({ claims[$0]?.string }).first else {
            throw OAuthProblem(400, "unknown_user_id", "the hint token names nobody")
        }
        return user
    }

    /// The subject of an ID token that this issuer issued to this client. Brasil also checks its
    /// expiry, and has its own error codes.
    private static func subject(
        _ token: String,
        _ client: SimulatedClient,
        issuer: String,
        _ signer: IDTokenSigner,
        _ profile: SimulatorConfiguration.Profile,
        at now: Int64
    ) throws(OAuthProblem) -> String {
        let isBrasil = profile == .ofb
        let jws = try? JWS.verify(token, keys: signer.keySet, allowed: [.es256])
        let claims = jws.flatMap { try? JWT.Claims(payload: $0.payload) }
        guard let claims, claims.issuer == issuer, claims.audience.contains(client.id),
            let subject = claims.subject
        else {
            let code = isBrasil ? "invalid_id_token_hint" : "unknown_user_id"
            throw OAuthProblem(400, code, "not an ID token of ours")
        }
        if isBrasil, let ends = claims.expiresAt, ends.milliseconds <= now {
            throw OAuthProblem(400, "expired_id_token_hint", "the ID token has expired")
        }
        return subject
    }

    /// The payload of a JWS, without verification.
    private static func unverified(_ token: String) -> JSONValue? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64URL.decode(String(parts[1])) else { return nil }
        return try? JSONValue(payload)
    }
}

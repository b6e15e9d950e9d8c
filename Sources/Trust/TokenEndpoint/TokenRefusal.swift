import Access
import Cryptography
import HTTP
import JSON
import Logins

/// Why a request to the token endpoint is refused: an OAuth error (RFC 6749 §5.2) for the client, and
/// the reason, which only the audit has.
struct TokenRefusal: Error, Hashable, Sendable {
    let status: Int
    /// `error`.
    let error: String
    /// `error_description`: one text for each kind, so that it does not tell which check failed.
    let description: String
    /// For the audit.
    let reason: String
    /// The address that a delegated client called from and may not.
    var sourceAddress: String?
    /// Whether the client used the Authorization field (RFC 6749 §5.2).
    var challenges = false
    /// Seconds after which another attempt may succeed.
    var retryAfter: Int?
    /// The nonce that a proof must have (RFC 9449 §8).
    var proofNonce: String?
    /// What the request brought about although it is refused, such as the end of a family of tokens.
    var changes: [AccessChange] = []

    /// The token filter: no certificate, or none that can be read.
    static func certificate(_ reason: String) -> Self {
        Self(
            status: 400,
            error: "invalid_request",
            description: "Client certificate missing or not valid",
            reason: reason
        )
    }

    static func request(_ rule: String) -> Self {
        Self(status: 400, error: "invalid_request", description: rule, reason: rule)
    }

    static func client(_ reason: String, challenges: Bool = false) -> Self {
        Self(
            status: 401,
            error: "invalid_client",
            description: "Client authentication failed",
            reason: reason,
            challenges: challenges
        )
    }

    static func sourceAddress(_ address: String) -> Self {
        Self(
            status: 403,
            error: "source_address_not_allowed",
            description: "The client may not call from this address",
            reason: "source address",
            sourceAddress: address
        )
    }

    static let unsupportedGrant = Self(
        status: 400,
        error: "unsupported_grant_type",
        description: "The grant type is not supported",
        reason: "unknown grant type"
    )

    static let unauthorizedClient = Self(
        status: 400,
        error: "unauthorized_client",
        description: "The client may not use this grant type",
        reason: "grant type not allowed for the client"
    )

    static func grant(_ reason: String) -> Self {
        Self(
            status: 400,
            error: "invalid_grant",
            description: "The grant is not valid",
            reason: reason
        )
    }

    /// RFC 9449 §5 and §8.
    static func proof(_ objection: ProofOfKey.Objection) -> Self {
        switch objection {
        case .invalid(let reason):
            return Self(
                status: 400,
                error: "invalid_dpop_proof",
                description: "The DPoP proof is missing or not valid",
                reason: reason
            )
        case .nonce(let nonce):
            var refusal = Self(
                status: 400,
                error: "use_dpop_nonce",
                description: "The DPoP proof must have the nonce of the field DPoP-Nonce",
                reason: "proof: no nonce of ours"
            )
            refusal.proofNonce = nonce
            return refusal
        case .unavailable(let reason): return .unavailable(reason)
        }
    }

    static func scope(_ reason: String) -> Self {
        Self(
            status: 400,
            error: "invalid_scope",
            description: "The scope is not allowed for the client",
            reason: reason
        )
    }

    static func paused(_ pause: Duration) -> Self {
        Self(
            status: 429,
            error: "invalid_client",
            description: "Too many failed attempts from this address",
            reason: "paused",
            retryAfter: max(1, Int(pause.milliseconds + 999) / 1000)
        )
    }

    static func unavailable(_ reason: String) -> Self {
        Self(
            status: 503,
            error: "temporarily_unavailable",
            description: "The service cannot answer now",
            reason: reason,
            retryAfter: 1
        )
    }

    /// Whether it says that somebody may be guessing.
    var isFailedAuthentication: Bool { status == 401 }

    /// The answer. `reference` finds the reason in the audit.
    func response(reference: String) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.member("error", error)
            json.member("error_description", description)
            if let sourceAddress {
                json.member("source_address", sourceAddress)
                json.member("reference", reference)
            }
        }
        var fields = [Field("Pragma", "no-cache")]
        if challenges {
            fields.append(Field("WWW-Authenticate", "Basic realm=\"token endpoint\""))
        }
        if let retryAfter { fields.append(Field("Retry-After", "\(retryAfter)")) }
        if let proofNonce { fields.append(Field("DPoP-Nonce", proofNonce)) }
        return .json(status, json.bytes, fields: fields)
    }
}

/// A reference that a caller can quote and an operator can look up in the audit.
public enum AuditReference {
    /// `E-` and six characters that are not mistaken for one another: 30 random bits.
    public static func new() -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        let characters = Random.bytes(6).map { alphabet[Int($0 & 31)] }
        return "E-" + String(decoding: characters, as: UTF8.self)
    }
}

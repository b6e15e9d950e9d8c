import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins

/// An access token (RFC 9068) before it is signed.
struct AccessToken: Sendable {
    /// `typ` of its header.
    static let type = "at+jwt"
    /// The claim that names the family; tokens of users have it, and no others.
    static let familyClaim = "grant_id"

    /// `jti`: 160 random bits.
    let id: String
    let client: APIClientID
    let granted: Granted
    let scopes: Set<AccessScope>
    /// The scopes as a list.
    let scope: String
    let binding: TokenBinding
    let issuedAt: Timestamp

    init(
        client: APIClientID,
        granted: Granted,
        scopes: Set<AccessScope>,
        binding: TokenBinding,
        issuedAt: Timestamp
    ) {
        id = Base64URL.encode(Random.bytes(20))
        self.client = client
        self.granted = granted
        self.scopes = scopes
        scope = AccessScope.text(scopes)
        self.binding = binding
        self.issuedAt = issuedAt
    }

    func signed(by key: SigningKey, _ settings: TrustSettings) throws(JOSEError) -> String {
        let seconds = issuedAt.milliseconds / 1000
        var claims = JWT.Claims()
        claims.issuer = settings.issuer
        claims.subject = granted.subject
        claims.audience = Set(scopes.map(\.surface)).sorted { $0.rawValue < $1.rawValue }
            .map(settings.audience)
        claims.id = id
        claims.issuedAt = JWT.NumericDate(seconds: seconds)
        claims.expiresAt = JWT.NumericDate(seconds: seconds + granted.life.components.seconds)
        var others: [JSONObject.Member] = [
            .init(name: "client_id", value: .string(client.value)),
            .init(name: "scope", value: .string(scope)),
        ]
        if granted.kind == .delegated {
            // RFC 8693 §4.1.
            others.append(
                .init(name: "act", value: .members(["sub": .string(client.value)]))
            )
        }
        if let family = granted.family {
            others.append(.init(name: Self.familyClaim, value: .string(family)))
        }
        if let confirmation = binding.confirmation {
            others.append(.init(name: "cnf", value: confirmation))
        }
        claims.others = JSONObject(others)
        return try JWT.sign(claims, type: Self.type, key: key)
    }

    /// RFC 6749 §5.1.
    func response(_ text: String) -> Response {
        var json = JSONWriter(reserving: 1024)
        json.object { json in
            json.member("access_token", text)
            json.member("token_type", binding.tokenType)
            json.member("expires_in", Int(granted.life.components.seconds))
            json.member("scope", scope)
            json.member("refresh_token", granted.refreshToken)
        }
        return .json(200, json.bytes, fields: [Field("Pragma", "no-cache")])
    }
}

extension TokenBinding {
    /// A binding to a certificate.
    init(_ certificate: PeerCertificate) {
        self = .certificate(
            thumbprint: certificate.thumbprint,
            // Without a key two certificates are the same only if they are the same.
            key: certificate.keyInfo.isEmpty
                ? certificate.thumbprint : SHA256.digest(certificate.keyInfo)
        )
    }

    /// The claim `cnf` (RFC 8705 §3.1, RFC 9449 §6.1); nil for none.
    var confirmation: JSONValue? {
        switch self {
        case .nothing: nil
        case .certificate(let thumbprint, _):
            .members(["x5t#S256": .string(Base64URL.encode(thumbprint))])
        case .proofKey(let thumbprint): .members(["jkt": .string(thumbprint)])
        }
    }

    /// `token_type` (RFC 9449 §5).
    var tokenType: String { proofKey == nil ? "Bearer" : "DPoP" }
}

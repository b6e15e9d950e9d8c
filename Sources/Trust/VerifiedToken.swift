import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Texts

/// An access token of ours whose signature and times hold. Whether it still counts also depends on
/// its client, its user and the certificate that is shown with it.
struct VerifiedToken: Sendable {
    let id: String
    let client: APIClientID
    let subject: String
    let kind: TokenKind
    /// The user that it is for; nil for an application's.
    let user: UserID?
    /// The family of a user's token.
    let family: String?
    let scopes: Set<AccessScope>
    let audience: [String]
    /// `cnf.x5t#S256`; nil for a token that is bound to no certificate.
    let thumbprint: [UInt8]?
    /// `cnf.jkt`; nil for a token that is bound to no key of proofs.
    let proofKey: String?
    let issuedAt: Timestamp
    let expiresAt: Timestamp
    let issuer: String

    /// - Throws: `JOSEError`.
    init(
        _ text: String,
        keys: JWKSet,
        _ settings: TrustSettings,
        at now: Timestamp
    ) throws(JOSEError) {
        var expected = JWT.Expectations()
        expected.issuers = [settings.issuer]
        expected.required = [.issuer, .subject, .audience, .expiresAt, .issuedAt, .id]
        // Our own clock wrote the times.
        expected.leeway = .zero
        expected.type = AccessToken.type
        let claims = try JWT.verify(
            text,
            keys: keys,
            allowed: SignatureAlgorithm.asymmetric,
            expecting: expected,
            at: JWT.NumericDate(milliseconds: now.milliseconds)
        )
        guard let client = claims["client_id"]?.string.flatMap(APIClientID.init) else {
            throw .missing("client_id")
        }
        guard let scopes = claims["scope"]?.string.flatMap(AccessScope.list) else {
            throw .malformed("scope")
        }
        guard let id = claims.id, let subject = claims.subject, let issuedAt = claims.issuedAt,
            let expiresAt = claims.expiresAt
        else { throw .missing("jti") }
        if let value = claims["cnf"] {
            thumbprint = value["x5t#S256"]?.string.flatMap { Base64URL.decode($0) }
            proofKey = value["jkt"]?.string
            // What is bound to something unknown must not count as unbound.
            guard (thumbprint == nil) != (proofKey == nil) else { throw .malformed("cnf") }
        } else {
            thumbprint = nil
            proofKey = nil
        }
        family = claims[AccessToken.familyClaim]?.string
        switch (claims["act"], claims[AccessToken.familyClaim]) {
        case (nil, nil): kind = .application
        case (_?, nil): kind = .delegated
        case (nil, .string?): kind = .user
        case (_, _?): throw .malformed(AccessToken.familyClaim)
        }
        user = kind == .application ? nil : UserID(subject)
        guard kind == .application || user != nil else { throw .malformed("sub") }
        self.id = id
        self.client = client
        self.subject = subject
        self.scopes = scopes
        audience = claims.audience
        self.issuedAt = Timestamp(milliseconds: issuedAt.milliseconds)
        self.expiresAt = Timestamp(milliseconds: expiresAt.milliseconds)
        issuer = settings.issuer
    }

    /// Why it does not count with the certificate that is shown with it; nil when it does (RFC 8705
    /// §3).
    func objection(to certificate: PeerCertificate?) -> String? {
        guard let thumbprint else { return nil }
        guard let certificate else { return "no certificate" }
        return ConstantTime.equal(certificate.thumbprint, thumbprint) ? nil : "another certificate"
    }

    /// What decides whether it still counts.
    var question: StandingQuestion {
        StandingQuestion(
            client: client,
            token: id,
            user: kind == .delegated ? user : nil,
            family: family
        )
    }

    /// The answer of introspection (RFC 7662 §2.2, RFC 8705 §3.2).
    var introspection: JSONObject {
        let value = JSONValue.members([
            "active": .bool(true),
            "iss": .string(issuer),
            "sub": .string(subject),
            "aud": audience.count == 1 ? .string(audience[0]) : .texts(audience),
            "client_id": .string(client.value),
            "scope": .string(AccessScope.text(scopes)),
            "token_type": .string(proofKey == nil ? "Bearer" : "DPoP"),
            "iat": .integer(issuedAt.milliseconds / 1000),
            "exp": .integer(expiresAt.milliseconds / 1000),
            "jti": .string(id),
            "act": kind == .delegated ? .members(["sub": .string(client.value)]) : nil,
            AccessToken.familyClaim: .text(family),
            "cnf": thumbprint.map {
                .members(["x5t#S256": .string(Base64URL.encode($0))])
            } ?? proofKey.map { .members(["jkt": .string($0)]) },
        ])
        return value.object ?? JSONObject()
    }
}

extension Standing {
    /// Why a token does not count; nil when it does. `address` is the caller's; nil does not look at
    /// it.
    func refusal(of token: VerifiedToken, from address: String?) -> TokenObjection? {
        guard let client else { return .invalid("the client is unknown") }
        guard client.status == .active else {
            return .invalid("the client is \(client.status.rawValue)")
        }
        guard !isTokenRevoked else { return .invalid("the token is revoked") }
        switch token.kind {
        case .application: break
        case .user:
            guard isFamilyInForce else { return .invalid("the family has ended") }
        case .delegated:
            guard client.kind == .delegated else { return .invalid("the client is not delegated") }
            guard consent != nil else { return .invalid("the consent was withdrawn") }
        }
        if let address, !client.allows(address: address) { return .address(address) }
        return nil
    }
}

/// Why a token does not count.
enum TokenObjection: Error, Hashable, Sendable {
    /// 401; the reason is for the audit.
    case invalid(String)
    /// 403: the client may not call from this address.
    case address(String)
}

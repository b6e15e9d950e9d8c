import Access
import Cryptography
import HTTP
import JOSE
import Logins
import Texts

/// Checks that a request is from the client that it claims to be from (RFC 6749 §2.3, RFC 7523 §3,
/// RFC 8705 §2).
struct ClientAuthenticator: Sendable {
    /// The longest time from `iat` to `exp` of an assertion.
    static let longestAssertion = Duration.seconds(600)
    static let skew = Duration.seconds(30)

    private let acceptsNoAudience: Bool
    private let audiences: Set<String>

    init(settings: TrustSettings) {
        acceptsNoAudience = settings.acceptsNoAudience
        audiences =
            settings.acceptsEndpointAsAudience
            ? Set([settings.issuer] + settings.bases.map { $0 + "/oauth2/token" })
            : [settings.issuer]
    }

    /// What a request has proven.
    struct Proven: Sendable {
        /// `sub` of the assertion: the client, or the user that a delegated client names.
        var subject: String?
        /// `jti` of the assertion.
        var assertionID: String?
        /// What it used up.
        var uses: [AccessChange] = []
    }

    /// - Throws: `TokenRefusal.client`, with one text for all causes.
    func check(
        _ claim: ClientClaim,
        of client: APIClient,
        _ certificate: PeerCertificate?,
        at now: Timestamp
    ) throws(TokenRefusal) -> Proven {
        // The certificate of a delegated client always counts, whatever else it shows.
        if client.kind == .delegated {
            try requireCertificate(certificate, of: client, at: now)
            if case .assertion(let token) = claim.proof {
                return try checkAssertion(token, of: client, at: now)
            }
        }
        switch (client.authentication, claim.proof) {
        case (.privateKeyJWT, .assertion(let token)):
            return try checkAssertion(token, of: client, at: now)
        case (.tlsClientAuth, .certificate), (.selfSignedTLSClientAuth, .certificate):
            try requireCertificate(certificate, of: client, at: now)
        case (.privateKeyJWT, .certificate) where client.kind == .delegated:
            // The other form of a delegated request: the assertion is the grant (RFC 7523 §2.1).
            break
        case (.secretBasic(let secret), .basic(let given)),
            (.secretPost(let secret), .post(let given)):
            guard secret.hash.matches(given) else {
                throw .client("wrong secret", challenges: claim.usesBasic)
            }
        default:
            throw .client(
                "not authenticated by \(client.authentication.name)",
                challenges: claim.usesBasic
            )
        }
        return Proven()
    }

    /// Requires the client's own certificate: by its registered name, or by a registered key.
    private func requireCertificate(
        _ certificate: PeerCertificate?,
        of client: APIClient,
        at now: Timestamp
    ) throws(TokenRefusal) {
        guard let certificate else { throw .client("no certificate") }
        if case .tlsClientAuth(let name) = client.authentication {
            guard certificate.isVerified, name.names(certificate) else {
                throw .client("the certificate is not the registered one")
            }
            return
        }
        let isRegistered = client.keys.contains { key in
            key.isValid(at: now) && key.key.publicKey?.info == certificate.keyInfo
        }
        guard isRegistered, !certificate.keyInfo.isEmpty else {
            throw .client("the key of the certificate is not registered")
        }
    }

    /// A client assertion (RFC 7523 §3). Of a delegated client `sub` is the user; of any other the
    /// client.
    func checkAssertion(
        _ token: String,
        of client: APIClient,
        at now: Timestamp
    ) throws(TokenRefusal) -> Proven {
        let keys = client.keys.filter { $0.isValid(at: now) }
        let set = JWKSet(
            keys.compactMap { key in
                key.key.publicKey.map {
                    VerificationKey($0, id: key.id, algorithm: key.key.algorithm)
                }
            }
        )
        var expected = JWT.Expectations()
        expected.issuers = [client.id.value]
        if client.kind == .user { expected.subject = client.id.value }
        expected.required = Self.required
        expected.leeway = Self.skew
        expected.longestLife = Self.longestAssertion
        let claims: JWT.Claims
        do throws(JOSEError) {
            let jws = try JWS.verify(token, keys: set, allowed: Self.algorithms(of: client))
            guard jws.header.keyID != nil || keys.count == 1 else { throw .missing("kid") }
            claims = try JWT.Claims(payload: jws.payload)
            let mayLeaveOut = client.kind == .delegated && acceptsNoAudience
            if !(claims.audience.isEmpty && mayLeaveOut) {
                expected.required = Self.requiredWithAudience
                expected.audiences = audiences
                expected.allowsOtherAudiences = false
            }
            try claims.check(
                expected,
                at: JWT.NumericDate(milliseconds: now.milliseconds)
            )
        } catch {
            throw .client("assertion: \(error)")
        }
        guard let id = claims.id, !id.isEmpty, let expiry = claims.expiresAt else {
            throw .client("assertion: jti is empty")
        }
        let key = Self.digest("jti", client.id.value, id)
        let until = Timestamp(milliseconds: expiry.milliseconds) + Self.skew
        return Proven(
            subject: claims.subject,
            assertionID: id,
            uses: [.use(key: key, until: until)]
        )
    }

    private static let required: Set<JWT.Claim> = [.issuer, .subject, .expiresAt, .id]
    private static let requiredWithAudience = required.union([.audience])

    /// RS256 only for delegated clients, and for a key that was registered for it (FAPI 2.0 §5.4).
    private static func algorithms(of client: APIClient) -> Set<SignatureAlgorithm> {
        let isForRS256 = client.keys.contains { $0.key.algorithm == .rs256 }
        return client.kind == .delegated || isForRS256 ? algorithmsWithRS256 : algorithms
    }

    private static let algorithms: Set<SignatureAlgorithm> = [.ps256, .es256, .edDSA]
    private static let algorithmsWithRS256 = algorithms.union([.rs256])

    /// The digest of a few texts that no other texts have.
    static func digest(_ texts: String...) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(texts.reduce(0) { $0 + $1.utf8.count + 4 })
        for text in texts {
            bytes += "\(text.utf8.count):".utf8
            bytes += text.utf8
        }
        return SHA256.digest(bytes)
    }
}

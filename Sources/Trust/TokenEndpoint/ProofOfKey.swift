import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Texts

/// Checks the proofs of clients without certificates (DPoP, RFC 9449): each request carries a token,
/// signed for this request alone with the key that the client's tokens are bound to.
struct ProofOfKey: Sendable {
    /// How old a proof may be.
    static let window = Duration.seconds(60)
    /// How far the client's clock may be ahead.
    static let skew = Duration.seconds(30)
    static let type = "dpop+jwt"
    static let algorithms: Set<SignatureAlgorithm> = [.es256, .ps256, .edDSA]
    /// In the order of preference.
    static var algorithmNames: [String] { ["ES256", "EdDSA", "PS256"] }
    /// Bytes of `jti`.
    private static let longestID = 256

    /// Why a proof does not count.
    enum Objection: Error, Hashable, Sendable {
        case invalid(String)
        /// Without a nonce of ours, or with an old one; this is the next one (RFC 9449 §8).
        case nonce(String)
        case unavailable(String)
    }

    let settings: TrustSettings
    let store: any AccessStore
    private let nonceKey: [UInt8]

    init(settings: TrustSettings, store: any AccessStore, secret: [UInt8]) {
        self.settings = settings
        self.store = store
        nonceKey = HMAC.sha256(key: secret, Array("beckon-proof-nonce-v1".utf8))
    }

    /// Whether a request carries one.
    static func isCarried(by request: Request) -> Bool { request.field("dpop") != nil }

    /// The thumbprint of the key that a request proves. `token` is the access token that it shows. The
    /// proof is used up by then.
    func thumbprint(
        of request: Request,
        showing token: String?,
        at now: Timestamp
    ) async throws(Objection) -> String {
        let fields = request.fields("dpop")
        guard fields.count == 1 else { throw .invalid("proof: there must be one") }
        let text = fields[0]
        let thumbprint: String
        let claims: JWT.Claims
        do throws(JOSEError) {
            let key = try Self.key(in: text)
            let jws = try JWS.verify(text, keys: JWKSet([key]), allowed: Self.algorithms)
            guard jws.header.type?.isExactly(Self.type) ?? false else { throw .type }
            guard let publicKey = key.publicKey else { throw .noKey }
            thumbprint = Thumbprint.sha256(of: publicKey)
            claims = try JWT.Claims(payload: jws.payload)
            try claims.check(Self.expectations, at: JWT.NumericDate(milliseconds: now.milliseconds))
        } catch {
            throw .invalid("proof: \(error)")
        }
        guard claims["htm"]?.string?.isExactly(request.method.name) ?? false else {
            throw .invalid("proof: htm")
        }
        guard isOurs(claims["htu"]?.string ?? "", request.path) else {
            throw .invalid("proof: htu")
        }
        guard let issuedAt = claims.issuedAt, let id = claims.id, !id.isEmpty,
            id.utf8.count <= Self.longestID
        else { throw .invalid("proof: jti") }
        let issued = Timestamp(milliseconds: issuedAt.milliseconds)
        guard issued <= now + Self.skew, now <= issued + Self.window else {
            throw .invalid("proof: iat")
        }
        if let token {
            let hash = Base64URL.encode(SHA256.digest(Array(token.utf8)))
            guard claims["ath"]?.string?.isExactly(hash) ?? false else {
                throw .invalid("proof: ath")
            }
        }
        if settings.requiresProofNonce {
            guard let nonce = claims["nonce"]?.string, isFresh(nonce, at: now) else {
                throw .nonce(self.nonce(at: now))
            }
        }
        try await use(thumbprint, id, until: issued + Self.window + Self.skew)
        return thumbprint
    }

    /// The key in the header, which the signature must be of.
    private static func key(in text: String) throws(JOSEError) -> VerificationKey {
        guard text.utf8.count <= JOSELimits.token else { throw .tooLong(limit: JOSELimits.token) }
        let parts = text.split(byte: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .notCompact }
        guard let bytes = Base64URL.decode(String(parts[0])) else { throw .notBase64URL }
        guard bytes.count <= JOSELimits.header,
            let header = try? JSONValue(bytes, limits: JSONLimits(depth: JOSELimits.depth))
        else { throw .notJSONObject }
        guard let value = header["jwk"] else { throw .missing("jwk") }
        let key = try JWK(value).verificationKey()
        guard let publicKey = key.publicKey else { throw .noKey }
        // Neither a name nor an algorithm of its own: the header decides both.
        return VerificationKey(publicKey)
    }

    private static var expectations: JWT.Expectations {
        var expected = JWT.Expectations()
        expected.required = [.issuedAt, .id]
        expected.leeway = skew
        return expected
    }

    /// Whether an address is that of the request, without query and fragment (RFC 9449 §4.3).
    private func isOurs(_ text: String, _ path: String) -> Bool {
        guard let asked = HTTPAddress(text) else { return false }
        return settings.bases.contains { base in
            guard let own = HTTPAddress(base + path) else { return false }
            return own.isSecure == asked.isSecure
                && own.host.lowercased().isExactly(asked.host.lowercased())
                && own.effectivePort == asked.effectivePort && own.path.isExactly(asked.path)
        }
    }

    private func use(
        _ thumbprint: String,
        _ id: String,
        until: Timestamp
    ) async throws(Objection) {
        let refusal: AccessRefusal?
        do {
            refusal = try await store.commit([
                .use(key: ClientAuthenticator.digest("dpop", thumbprint, id), until: until)
            ])
        } catch {
            throw .unavailable("store: \(error)")
        }
        if refusal != nil { throw .invalid("proof: it was used before") }
    }

    // MARK: Nonces

    /// Minutes that a nonce counts.
    private static let nonceLife: Int64 = 5

    /// The nonce of this minute. It follows from the time and our key, so that none is stored.
    func nonce(at now: Timestamp) -> String { nonce(of: now.milliseconds / 60_000) }

    private func nonce(of minute: Int64) -> String {
        let hash = HMAC.sha256(key: nonceKey, Array("\(minute)".utf8))
        return Base64URL.encode(Array(hash.prefix(16)))
    }

    private func isFresh(_ nonce: String, at now: Timestamp) -> Bool {
        let minute = now.milliseconds / 60_000
        return (0..<Self.nonceLife).contains { age in
            ConstantTime.equal(Array(self.nonce(of: minute - age).utf8), Array(nonce.utf8))
        }
    }
}

extension HTTPAddress {
    fileprivate var effectivePort: Int { port ?? (isSecure ? 443 : 80) }
}

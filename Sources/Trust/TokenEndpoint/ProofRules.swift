import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Texts

/// Judges proofs by what they say, and makes nonces; pure, so that it can be fuzzed. Which proofs were
/// used is up to `ProofOfKey`.
struct ProofRules: Sendable {
    /// How old a proof may be.
    static let window = Duration.seconds(60)
    /// How far the client's clock may be ahead.
    static let skew = Duration.seconds(30)
    static let type = "dpop+jwt"
    /// Bytes of `jti`.
    static let longestID = 256

    private let rules: ProofOfKey.Rules
    private let algorithms: Set<SignatureAlgorithm>
    private let nonces: ProofNonces

    /// The nonces follow from `secret`.
    init(_ rules: ProofOfKey.Rules, secret: [UInt8]) {
        self.rules = rules
        algorithms = Set(rules.algorithms)
        nonces = ProofNonces(secret: secret)
    }

    /// Judges the proof of a request, without a look at which ones were used.
    func judge(
        _ request: Request,
        showing token: String?,
        at now: Timestamp
    ) throws(ProofOfKey.Objection) -> ProofOfKey.Proven {
        let fields = request.fields("dpop")
        guard fields.count == 1 else { throw .invalid("proof: there must be one") }
        let publicKey: PublicKey
        let jws: JWS
        let claims: JWT.Claims
        do throws(JOSEError) {
            jws = try JWS.verify(fields[0], allowed: algorithms) { (header) throws(JOSEError) in
                try Self.key(of: header.members)
            }
            guard jws.header.type?.isExactly(Self.type) ?? false else { throw .type }
            guard let found = jws.key.publicKey else { throw .noKey }
            publicKey = found
            claims = try JWT.Claims(payload: jws.payload)
            guard claims.issuedAt != nil else { throw .missing("iat") }
            guard claims.id != nil else { throw .missing("jti") }
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
        if let token {
            let hash = Base64URL.encode(SHA256.digest(Array(token.utf8)))
            guard claims["ath"]?.string?.isExactly(hash) ?? false else {
                throw .invalid("proof: ath")
            }
        }
        let until = try judgeTime(
            of: claims,
            issued: Timestamp(milliseconds: issuedAt.milliseconds),
            at: now
        )
        return ProofOfKey.Proven(
            thumbprint: Thumbprint.sha256(of: publicKey),
            key: publicKey,
            algorithm: jws.header.algorithm,
            id: id,
            until: until
        )
    }

    /// - Returns: until when the proof must be remembered.
    private func judgeTime(
        of claims: JWT.Claims,
        issued: Timestamp,
        at now: Timestamp
    ) throws(ProofOfKey.Objection) -> Timestamp {
        let nonce = claims["nonce"]?.string
        let isFresh = nonce.map { self.isFresh($0, at: now) } ?? false
        if case .nonceOrTime = rules.freshness {
            if isFresh { return now + .minutes(Int64(ProofNonces.life) + 1) }
            // An old nonce, or a clock that is wrong: the next nonce helps with both.
            guard nonce == nil, isCurrent(issued, at: now) else {
                throw .nonce(self.nonce(at: now))
            }
        } else {
            guard isCurrent(issued, at: now) else { throw .invalid("proof: iat") }
            do throws(JOSEError) {
                try claims.check(
                    Self.expectations,
                    at: JWT.NumericDate(milliseconds: now.milliseconds)
                )
            } catch {
                throw .invalid("proof: \(error)")
            }
            if case .timeAndNonce = rules.freshness, !isFresh {
                throw .nonce(self.nonce(at: now))
            }
        }
        return issued + Self.window + Self.skew
    }

    private func isCurrent(_ issued: Timestamp, at now: Timestamp) -> Bool {
        issued <= now + Self.skew && now <= issued + Self.window
    }

    /// The key in the header, which the signature must be of.
    static func key(in text: String) throws(JOSEError) -> VerificationKey {
        guard text.utf8.count <= JOSELimits.token else { throw .tooLong(limit: JOSELimits.token) }
        let parts = text.split(byte: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .notCompact }
        guard let bytes = Base64URL.decode(String(parts[0])) else { throw .notBase64URL }
        guard bytes.count <= JOSELimits.header,
            let header = try? JSONValue(bytes, limits: JSONLimits(depth: JOSELimits.depth)),
            let members = header.object
        else { throw .notJSONObject }
        return try key(of: members)
    }

    private static func key(of header: JSONObject) throws(JOSEError) -> VerificationKey {
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
        // As nearly everybody writes it.
        if rules.bases.contains(where: { ($0 + path).isExactly(text) }) { return true }
        guard let asked = HTTPAddress(text) else { return false }
        return rules.bases.contains { base in
            guard let own = HTTPAddress(base + path) else { return false }
            return own.isSecure == asked.isSecure
                && own.host.lowercased().isExactly(asked.host.lowercased())
                && own.effectivePort == asked.effectivePort && own.path.isExactly(asked.path)
        }
    }

    // MARK: Nonces

    /// The nonce of this minute.
    func nonce(at now: Timestamp) -> String { nonces.nonce(at: now) }

    private func isFresh(_ nonce: String, at now: Timestamp) -> Bool {
        nonces.isFresh(nonce, at: now)
    }
}

extension HTTPAddress {
    fileprivate var effectivePort: Int { port ?? (isSecure ? 443 : 80) }
}

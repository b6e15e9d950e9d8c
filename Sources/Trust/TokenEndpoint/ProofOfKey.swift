public import Access
public import Cryptography
public import HTTP
public import JOSE
import JSON
public import Logins
import Texts

/// Checks that a request comes from whoever has a key (DPoP, RFC 9449): each request carries a token,
/// signed for this request alone. Tokens of clients and enrolled devices are bound to such keys.
public struct ProofOfKey: Sendable {
    /// What a proof must be like.
    public struct Rules: Sendable {
        /// What shows that a proof is new.
        public enum Freshness: Sendable {
            /// `iat`.
            case time
            /// `iat`, and a nonce of ours (RFC 9449 §8).
            case timeAndNonce
            /// A nonce of ours, whatever the sender's clock says; `iat` for a proof without one.
            case nonceOrTime
        }

        /// What the addresses of our interfaces begin with; no slash at the end.
        public var bases: [String]
        /// In the order of preference.
        public var algorithms: [SignatureAlgorithm]
        public var freshness: Freshness

        public init(
            bases: [String],
            algorithms: [SignatureAlgorithm],
            freshness: Freshness
        ) {
            self.bases = bases
            self.algorithms = algorithms
            self.freshness = freshness
        }

        /// Their names, for `algs` (RFC 9449 §7.1).
        public var algorithmNames: String { algorithms.map(\.rawValue).joined(separator: " ") }
    }

    /// How old a proof may be.
    static let window = Duration.seconds(60)
    /// How far the client's clock may be ahead.
    static let skew = Duration.seconds(30)
    static let type = "dpop+jwt"
    /// Of the keys of clients, in the order of preference.
    static let clientAlgorithms: [SignatureAlgorithm] = [.es256, .edDSA, .ps256]
    static var clientAlgorithmNames: [String] { clientAlgorithms.map(\.rawValue) }
    /// Bytes of `jti`.
    private static let longestID = 256

    /// Why a proof does not count.
    public enum Objection: Error, Hashable, Sendable {
        case invalid(String)
        /// Without a nonce of ours, or with an old one; this is the next one (RFC 9449 §8).
        case nonce(String)
        case unavailable(String)
    }

    /// A proof that is right for its request. It counts once `use` has used it up.
    public struct Proven: Sendable {
        /// Of the key (RFC 7638).
        public let thumbprint: String
        public let key: PublicKey
        /// That of the signature.
        public let algorithm: SignatureAlgorithm
        let id: String
        /// Until when it must be remembered.
        let until: Timestamp
    }

    public let rules: Rules
    private let store: any AccessStore
    private let nonceKey: [UInt8]

    /// `store` remembers which proofs were used; the nonces follow from `secret`.
    public init(_ rules: Rules, store: any AccessStore, secret: [UInt8]) {
        self.rules = rules
        self.store = store
        nonceKey = HMAC.sha256(key: secret, Array("beckon-proof-nonce-v1".utf8))
    }

    /// Those of clients' tokens.
    init(settings: TrustSettings, store: any AccessStore, secret: [UInt8]) {
        self.init(
            Rules(
                bases: settings.bases,
                algorithms: Self.clientAlgorithms,
                freshness: settings.requiresProofNonce ? .timeAndNonce : .time
            ),
            store: store,
            secret: secret
        )
    }

    /// Whether a request carries one.
    public static func isCarried(by request: Request) -> Bool { request.field("dpop") != nil }

    /// The thumbprint of the key that a request proves. `token` is the access token that it shows. The
    /// proof is used up by then.
    func thumbprint(
        of request: Request,
        showing token: String?,
        at now: Timestamp
    ) async throws(Objection) -> String {
        let proven = try judge(request, showing: token, at: now)
        try await use(proven)
        return proven.thumbprint
    }

    /// Judges the proof of a request, without a look at which ones were used.
    public func judge(
        _ request: Request,
        showing token: String? = nil,
        at now: Timestamp
    ) throws(Objection) -> Proven {
        let fields = request.fields("dpop")
        guard fields.count == 1 else { throw .invalid("proof: there must be one") }
        let publicKey: PublicKey
        let jws: JWS
        let claims: JWT.Claims
        do throws(JOSEError) {
            let key = try Self.key(in: fields[0])
            jws = try JWS.verify(fields[0], keys: JWKSet([key]), allowed: Set(rules.algorithms))
            guard jws.header.type?.isExactly(Self.type) ?? false else { throw .type }
            guard let found = key.publicKey else { throw .noKey }
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
        return Proven(
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
    ) throws(Objection) -> Timestamp {
        let nonce = claims["nonce"]?.string
        let isFresh = nonce.map { self.isFresh($0, at: now) } ?? false
        if case .nonceOrTime = rules.freshness {
            if isFresh { return now + .minutes(Self.nonceLife + 1) }
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

    /// The public key in a token's header (`jwk`), which the signature must be of: whoever has signed
    /// the token has the key, and nothing more is known of them.
    public static func key(in text: String) throws(JOSEError) -> VerificationKey {
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
        return rules.bases.contains { base in
            guard let own = HTTPAddress(base + path) else { return false }
            return own.isSecure == asked.isSecure
                && own.host.lowercased().isExactly(asked.host.lowercased())
                && own.effectivePort == asked.effectivePort && own.path.isExactly(asked.path)
        }
    }

    /// Uses up a proof: it counts once.
    public func use(_ proven: Proven) async throws(Objection) {
        let refusal: AccessRefusal?
        do {
            refusal = try await store.commit([
                .use(
                    key: ClientAuthenticator.digest("dpop", proven.thumbprint, proven.id),
                    until: proven.until
                )
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
    public func nonce(at now: Timestamp) -> String { nonce(of: now.milliseconds / 60_000) }

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

extension ProofOfKey.Objection: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .invalid(let reason): reason
        case .nonce: "proof: no nonce of ours"
        case .unavailable(let cause): cause
        }
    }
}

extension HTTPAddress {
    fileprivate var effectivePort: Int { port ?? (isSecure ? 443 : 80) }
}

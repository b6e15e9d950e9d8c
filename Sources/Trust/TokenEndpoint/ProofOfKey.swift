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

    /// Of the keys of clients, in the order of preference.
    static let clientAlgorithms: [SignatureAlgorithm] = [.es256, .edDSA, .ps256]
    static var clientAlgorithmNames: [String] { clientAlgorithms.map(\.rawValue) }
    /// Why a proof does not count.
    public enum Objection: Error, Hashable, Sendable {
        case invalid(String)
        /// Without a nonce of ours, or with an old one; this is the next one (RFC 9449 §8).
        case nonce(String)
        case unavailable(String)

        static var usedBefore: Self { .invalid("proof: it was used before") }
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

        /// What `use` uses up.
        public var use: OneUse {
            OneUse(
                digest: ClientAuthenticator.digest("dpop", thumbprint, id),
                until: until
            )
        }
    }

    private let rules: ProofRules
    private let store: any AccessStore

    /// `store` remembers which proofs were used; the nonces follow from `secret`.
    public init(_ rules: Rules, store: any AccessStore, secret: [UInt8]) {
        self.rules = ProofRules(rules, secret: secret)
        self.store = store
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
        try rules.judge(request, showing: token, at: now)
    }

    /// Uses up a proof: it counts once.
    public func use(_ proven: Proven) async throws(Objection) {
        let refusal: AccessRefusal?
        let use = proven.use
        do {
            refusal = try await store.commit([.use(key: use.digest, until: use.until)])
        } catch {
            throw .unavailable("store: \(error)")
        }
        if refusal != nil { throw .usedBefore }
    }

    /// The nonce of this minute. It follows from the time and our key, so that none is stored.
    public func nonce(at now: Timestamp) -> String { rules.nonce(at: now) }

    /// The public key in a token's header (`jwk`), which the signature must be of: whoever has signed
    /// the token has the key, and nothing more is known of them.
    public static func key(in text: String) throws(JOSEError) -> VerificationKey {
        try ProofRules.key(in: text)
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

public import JOSE
public import Logins
import Threads

/// The signing keys of the running service. They are replaced when their turn ends; each change is
/// kept before it is used.
public final class SigningKeys: Sendable {
    private let ring: Locked<KeyRing>
    public let rule: KeyRing.Rule
    private let keep: @Sendable (KeyRing) -> Bool

    /// `keep` stores a changed ring and returns whether it did: what is not stored is not used.
    public init(_ ring: KeyRing, rule: KeyRing.Rule, keep: @escaping @Sendable (KeyRing) -> Bool) {
        self.ring = Locked(ring)
        self.rule = rule
        self.keep = keep
    }

    /// The key that signs.
    public func signer(at now: Timestamp) -> SigningKey { ring.withLock { $0 }.signer(at: now) }

    /// The keys that verify.
    public func published(at now: Timestamp) -> JWKSet {
        ring.withLock { $0 }.published(rule, at: now)
    }

    /// Replaces keys whose turn ends. Called by one task at a time.
    ///
    /// - Throws: `JOSEError` if no key can be made.
    public func advance(at now: Timestamp) throws(JOSEError) {
        guard let next = try ring.withLock({ $0 }).advanced(rule, at: now), keep(next) else {
            return
        }
        ring.withLock { $0 = next }
    }
}

public import JOSE
public import Logins
import Threads

/// The signing keys of the running service. They are replaced when their turn ends; each change is
/// kept before it is used.
public final class SigningKeys: Sendable {
    private let ring: Locked<KeyRing>
    public let rule: KeyRing.Rule
    private let keep: @Sendable (_ old: KeyRing, _ new: KeyRing) -> KeyRing?
    private let reread: @Sendable () -> KeyRing?

    /// `keep` stores a changed ring and returns what is stored then, which may be another process's; nil
    /// if it cannot: what is not stored is not used. `reread` gives what is stored now, if another process
    /// may have changed it.
    public init(
        _ ring: KeyRing,
        rule: KeyRing.Rule,
        keep: @escaping @Sendable (_ old: KeyRing, _ new: KeyRing) -> KeyRing?,
        reread: @escaping @Sendable () -> KeyRing? = { nil }
    ) {
        self.ring = Locked(ring)
        self.rule = rule
        self.keep = keep
        self.reread = reread
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
        let current = reread() ?? ring.withLock { $0 }
        let next = try current.advanced(rule, at: now).flatMap { keep(current, $0) } ?? current
        ring.withLock { $0 = next }
    }
}

public import Logins
import Threads

/// The proof of a request that is being served: used up once, by what the request changes.
public final class RequestProof: Sendable {
    private let state: Locked<OneUse?>

    /// A proof that is right for its request; nil if it was used up already.
    public init(_ use: OneUse?) { state = Locked(use) }

    /// What has to be used up; nil once that has happened.
    public var unused: OneUse? { state.withLock { $0 } }

    /// Notes that it was used up, durably.
    public func noteUse() { state.withLock { $0 = nil } }
}

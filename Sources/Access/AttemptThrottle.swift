import HTTP
public import Logins
import Synchronization
import Threads

/// Slows down whoever fails to authenticate, by address: after some failures each further one is
/// followed by a longer pause, in which no credential from that address is looked at. Accounts are
/// never locked, and other addresses notice nothing.
public final class AttemptThrottle: Sendable {
    private struct Failures {
        var count = 0
        var last: Timestamp
        /// The end of the pause.
        var end: Timestamp
    }

    /// So many failures are followed by no pause: credentials are being rotated, or mistyped.
    public static let free = 10
    /// The first pause. Each further failure doubles it.
    public static let shortest = Duration.seconds(1)
    public static let longest = Duration.seconds(60)
    /// Failures are forgotten after this time without another one.
    public static let memory = Duration.seconds(600)
    /// A table for more addresses would itself be a way to use up memory.
    public static let capacity = 10_000

    public init() {}

    private let failures = Locked<[String: Failures]>([:])
    /// So that an ordinary call takes no lock.
    private let isUsed = Atomic<Bool>(false)

    /// How many addresses are remembered.
    public var count: Int { failures.withLock { $0.count } }

    /// What is left of the pause of an address; nil when there is none.
    public func pause(of address: String, at now: @autoclosure () -> Timestamp) -> Duration? {
        guard isUsed.load(ordering: .relaxed) else { return nil }
        let now = now()
        let end = failures.withLock { $0[AddressRange.block(of: address)]?.end }
        // A clock that was set back does not prolong a pause.
        guard let end, end > now else { return nil }
        return min(end - now, Self.longest)
    }

    /// Notes a failure, and returns the pause that follows it; nil when there is none.
    public func failed(_ address: String, at now: Timestamp) -> Duration? {
        isUsed.store(true, ordering: .relaxed)
        return failures.withLock { failures in
            let block = AddressRange.block(of: address)
            if failures[block] == nil, failures.count >= Self.capacity {
                failures = failures.filter { now - $0.value.last < Self.longest }
                // What is swept often must free much each time.
                if failures.count > Self.capacity / 2 { failures = [:] }
            }
            var ours = failures[block] ?? Failures(last: now, end: now)
            if now - ours.last > Self.memory { ours.count = 0 }
            ours.count += 1
            ours.last = now
            let doublings = ours.count - Self.free - 1
            let pause: Duration? =
                doublings < 0 ? nil : min(Self.longest, Self.shortest * (1 << min(doublings, 10)))
            ours.end = now + (pause ?? .zero)
            failures[block] = ours
            return pause
        }
    }
}

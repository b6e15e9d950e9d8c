import Cryptography
import JSON
public import Logins
public import Telemetry
import Threads

/// Whether a channel rests. After failures for several users in a row nobody is notified through it
/// for a while; then one notification at a time probes it, and the first success ends the rest.
///
/// A failure for one user says nothing about the channel: it may concern their endpoint only. That
/// a user is gone is no failure at all: the channel answered.
public final class ChannelHealth: Sendable {
    public let channel: ChannelID

    /// For so many users in a row it must fail.
    static let users = 5

    private struct State {
        var breaker = CircuitBreaker(
            CircuitBreaker.Rule(
                failures: ChannelHealth.users,
                pauses: RetrySchedule(first: .seconds(5), cap: .minutes(1), jitter: 0.2)
            )
        )
        /// The users for whom it has failed since it last succeeded.
        var failed: Set<UserID> = []
    }

    private let clock: any WallClock
    private let log: Logger
    private let state = Locked(State())

    public init(_ channel: ChannelID, clock: any WallClock, log: Logger = .silent) {
        self.channel = channel
        self.clock = clock
        self.log = log
    }

    /// Closed for a channel that does not rest.
    public var breaker: CircuitBreaker.State { state.withLock { $0.breaker.state } }

    /// Why and how long it rests, for operators; nil if it does not.
    public var rest: String? {
        breaker == .closed
            ? nil : "resting after failures for several users, probed within a minute"
    }

    /// Whether another channel should be asked first.
    var isResting: Bool { breaker != .closed }

    /// What a notification may do.
    enum Pass: Hashable {
        case go, probe
        case wait(until: Timestamp)
    }

    func pass() -> Pass {
        let now = clock.now()
        return state.withLock { state in
            switch state.breaker.state {
            case .closed: return .go
            case .open(let moment) where moment > now: return .wait(until: moment)
            case .open:
                state.breaker.apply(.probeBegun, at: now, random: 0)
                return .probe
            case .halfOpen: return .wait(until: now + .seconds(1))
            }
        }
    }

    /// Notes what a notification of `user` led to, and ends a probe.
    func note(_ answer: DeliveryAnswer, for user: UserID, _ pass: Pass) {
        let now = clock.now()
        let random = Random.fraction()
        let (before, after) = state.withLock { state in
            let before =
                pass == .probe ? CircuitBreaker.State.halfOpen(.nothing) : state.breaker.state
            switch answer {
            case .gone where pass != .probe: break
            case .delivered, .gone:
                state.failed.removeAll()
                state.breaker.apply(.answered(.telling), at: now, random: random)
            case .later, .refused:
                if pass == .probe || before != .closed || state.failed.insert(user).inserted {
                    state.breaker.apply(.failed(.telling), at: now, random: random)
                }
            }
            if pass == .probe { state.breaker.apply(.probeEnded, at: now, random: random) }
            return (before, state.breaker.state)
        }
        switch (before, after) {
        case (.closed, .open):
            log.warning("channel.rests") { $0.member("channel", channel.value) }
        case (.halfOpen, .closed):
            log.info("channel.resumed") { $0.member("channel", channel.value) }
        default: break
        }
    }
}

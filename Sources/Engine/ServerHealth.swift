import Cryptography
import JSON
public import Logins
public import Telemetry
import Threads

/// The circuit breaker of one authorization server, shared by its HTTP client and the engine.
public final class ServerHealth: Sendable {
    public let server: AuthorizationServerID
    private let clock: any WallClock
    private let log: Logger
    private let breaker: Locked<CircuitBreaker>

    public init(
        _ server: AuthorizationServerID,
        rule: CircuitBreaker.Rule = CircuitBreaker.Rule(),
        clock: any WallClock,
        log: Logger = .silent
    ) {
        self.server = server
        self.clock = clock
        self.log = log
        breaker = Locked(CircuitBreaker(rule))
    }

    /// Called for each call that the server answered with anything but a 5xx.
    public func answered(_ call: CircuitBreaker.Call) { apply(.answered(call)) }

    /// Called for each call that the server did not answer, or answered with a 5xx.
    public func failed(_ call: CircuitBreaker.Call) { apply(.failed(call)) }

    public var state: CircuitBreaker.State { breaker.withLock { $0.state } }

    /// How often the breaker has opened.
    public var openings: Int { breaker.withLock { $0.openings } }

    /// What a duty may do.
    enum Pass { case go, probe, wait }

    /// A report at its last moment is sent anyway: a failed call costs less than a decision that the
    /// server might have accepted.
    func pass(isLast: Bool) -> Pass {
        let now = clock.now()
        return breaker.withLock { breaker in
            if breaker.state == .closed { return .go }
            if breaker.isProbeDue(at: now) {
                breaker.apply(.probeBegun, at: now, random: 0)
                return .probe
            }
            return isLast ? .go : .wait
        }
    }

    func endProbe() { apply(.probeEnded) }

    /// How many of the `slots` may be used for calls.
    func room(of slots: Int, at now: Timestamp) -> Int {
        breaker.withLock { breaker in
            if breaker.state == .closed { return slots }
            return breaker.isProbeDue(at: now) ? min(1, slots) : 0
        }
    }

    /// When the next probe is allowed, if it is later than `now`.
    func probe(after now: Timestamp) -> Timestamp? {
        if case .open(let moment) = state, moment > now { moment } else { nil }
    }

    private func apply(_ event: CircuitBreaker.Event) {
        let now = clock.now()
        let random = Random.fraction()
        let (before, after) = breaker.withLock { breaker in
            let before = breaker.state
            breaker.apply(event, at: now, random: random)
            return (before, breaker.state)
        }
        switch (before, after) {
        case (.closed, .open):
            log.warning("server.calls_stopped") { $0.member("server", server.value) }
        case (.halfOpen, .closed):
            log.info("server.calls_resumed") { $0.member("server", server.value) }
        case (.closed, .closed), (.closed, .halfOpen), (.open, _), (.halfOpen, .open),
            (.halfOpen, .halfOpen):
            break
        }
    }
}

public import Logins

/// Stops calls to an authorization server that keeps failing, and lets one duty at a time probe
/// whether it is back. A pure state machine: time and randomness are passed in.
public struct CircuitBreaker: Hashable, Sendable {
    /// When it opens and for how long.
    public struct Rule: Hashable, Sendable {
        /// How many failed calls of one kind in a row open it, at least 1.
        public let failures: Int
        /// How long it stays open, growing with each probe that fails.
        public let pauses: RetrySchedule

        public init(
            failures: Int = 10,
            pauses: RetrySchedule = RetrySchedule(
                first: .seconds(1),
                cap: .seconds(30),
                jitter: 0.2
            )
        ) {
            // allowed: the number is a constant of ours or in the configuration's bounds.
            precondition(failures > 0, "a breaker that opens without a failure blocks every call")
            self.failures = failures
            self.pauses = pauses
        }
    }

    /// The kinds of calls, counted separately: a server that still answers reads may refuse reports.
    public enum Call: Hashable, Sendable, CaseIterable {
        case reading, telling
    }

    /// Whether calls are allowed.
    public enum State: Hashable, Sendable {
        /// Calls are allowed.
        case closed
        /// No call is allowed. From that time on, one duty may probe.
        case open(until: Timestamp)
        /// One duty is probing, with this result so far.
        case halfOpen(Finding)
    }

    /// The result of a probe.
    public enum Finding: Hashable, Sendable, CaseIterable {
        case nothing, answered, failed
    }

    /// What the breaker is told.
    public enum Event: Hashable, Sendable {
        /// The server answered with anything but a 5xx.
        case answered(Call)
        /// The server could not be reached, did not answer, or answered with a 5xx.
        case failed(Call)
        /// A duty begins to probe.
        case probeBegun
        /// The probing duty ended.
        case probeEnded
    }

    public let rule: Rule
    public private(set) var state = State.closed
    /// How often it has opened.
    public private(set) var openings = 0
    private var failures: [Call: Int] = [:]
    /// Openings since it was last closed.
    private var openingsInARow = 0

    public init(_ rule: Rule = Rule()) { self.rule = rule }

    /// Applies an event. `random` is in 0..<1 and selects a pause's jitter.
    public mutating func apply(_ event: Event, at now: Timestamp, random: Double) {
        switch (state, event) {
        case (.closed, .answered(let call)):
            failures[call] = 0
        case (.closed, .failed(let call)):
            failures[call, default: 0] += 1
            if failures[call, default: 0] >= rule.failures { open(at: now, random) }
        case (.closed, .probeBegun), (.closed, .probeEnded):
            break

        // Calls that began before it opened, or at a login's last moment. Only a probe counts now.
        case (.open, .answered), (.open, .failed), (.open, .probeEnded):
            break
        case (.open(let moment), .probeBegun):
            if moment <= now { state = .halfOpen(.nothing) }

        case (.halfOpen(.nothing), .answered):
            state = .halfOpen(.answered)
        case (.halfOpen, .failed):
            state = .halfOpen(.failed)
        case (.halfOpen(.answered), .answered), (.halfOpen(.failed), .answered),
            (.halfOpen, .probeBegun):
            break
        // The duty made no call, so nothing is known and the next duty may probe.
        case (.halfOpen(.nothing), .probeEnded):
            state = .open(until: now)
        case (.halfOpen(.answered), .probeEnded):
            state = .closed
            failures = [:]
            openingsInARow = 0
        case (.halfOpen(.failed), .probeEnded):
            open(at: now, random)
        }
    }

    /// Whether a duty may probe.
    public func isProbeDue(at now: Timestamp) -> Bool {
        if case .open(let moment) = state { moment <= now } else { false }
    }

    private mutating func open(at now: Timestamp, _ random: Double) {
        openings += 1
        openingsInARow += 1
        state = .open(until: now + rule.pauses.pause(after: openingsInARow, random: random))
    }
}

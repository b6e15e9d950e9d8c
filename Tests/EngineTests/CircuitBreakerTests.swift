import Engine
import Logins
import TestSupport
import Testing

@Suite("Circuit breaker")
struct CircuitBreakerTests {
    private static let start = Timestamp(milliseconds: 1_795_176_000_000)
    private static let rule = CircuitBreaker.Rule(
        failures: 2,
        pauses: RetrySchedule(first: .seconds(1), cap: .seconds(3), jitter: 0.2)
    )
    private static let opened = CircuitBreaker.State.open(until: start + .seconds(1))

    private static func breaker(_ events: [CircuitBreaker.Event]) -> CircuitBreaker {
        var breaker = CircuitBreaker(rule)
        for event in events {
            // The probe's moment has come when it begins.
            let now = event == .probeBegun ? start + .seconds(1) : start
            breaker.apply(event, at: now, random: 0.5)
        }
        return breaker
    }

    /// The ways into each state, and where each event leads from there at `start` + 1 s. The order is
    /// that of `events`.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let before: [CircuitBreaker.Event]
        let after: [CircuitBreaker.State]
    }

    static let events: [CircuitBreaker.Event] = [
        .answered(.reading), .answered(.telling), .failed(.reading), .failed(.telling), .probeBegun,
        .probeEnded,
    ]
    private static let failing: [CircuitBreaker.Event] = [.failed(.telling), .failed(.telling)]
    private static let later = CircuitBreaker.State.open(until: start + .seconds(2))

    static let rows = [
        Row(
            testDescription: "new",
            before: [],
            after: Array(repeating: .closed, count: 6)
        ),
        Row(
            testDescription: "one failure in telling",
            before: [.failed(.telling)],
            after: [.closed, .closed, .closed, later, .closed, .closed]
        ),
        Row(
            testDescription: "a failure of each kind",
            before: [.failed(.telling), .failed(.reading)],
            after: [.closed, .closed, later, later, .closed, .closed]
        ),
        Row(
            testDescription: "a failure, and an answer of the same kind",
            before: [.failed(.telling), .answered(.telling)],
            after: Array(repeating: .closed, count: 6)
        ),
        Row(
            testDescription: "a failure, and an answer of the other kind",
            before: [.failed(.telling), .answered(.reading)],
            after: [.closed, .closed, .closed, later, .closed, .closed]
        ),
        Row(
            testDescription: "open",
            before: failing,
            after: [opened, opened, opened, opened, .halfOpen(.nothing), opened]
        ),
        Row(
            testDescription: "probing",
            before: failing + [.probeBegun],
            after: [
                .halfOpen(.answered), .halfOpen(.answered), .halfOpen(.failed), .halfOpen(.failed),
                .halfOpen(.nothing), .open(until: start + .seconds(1)),
            ]
        ),
        Row(
            testDescription: "probing, and answered",
            before: failing + [.probeBegun, .answered(.reading)],
            after: [
                .halfOpen(.answered), .halfOpen(.answered), .halfOpen(.failed), .halfOpen(.failed),
                .halfOpen(.answered), .closed,
            ]
        ),
        Row(
            testDescription: "probing, answered and failed",
            before: failing + [.probeBegun, .answered(.reading), .failed(.telling)],
            after: Array(repeating: .halfOpen(.failed), count: 5)
                + [.open(until: start + .seconds(3))]
        ),
    ]

    @Test("A circuit breaker changes state as its table says", arguments: rows)
    func table(_ row: Row) {
        for (event, expected) in zip(Self.events, row.after) {
            var breaker = Self.breaker(row.before)
            breaker.apply(event, at: Self.start + .seconds(1), random: 0.5)
            #expect(breaker.state == expected, "\(event)")
        }
    }

    @Test("An open breaker allows no probe before its pause ends")
    func tooEarly() {
        var breaker = Self.breaker(Self.failing)
        let early = Self.start + .milliseconds(999)
        #expect(!breaker.isProbeDue(at: early))
        #expect(breaker.isProbeDue(at: Self.start + .seconds(1)))
        breaker.apply(.probeBegun, at: early, random: 0.5)
        #expect(breaker.state == Self.opened)
    }

    @Test("A breaker's pause grows with each failed probe and is reset when it closes")
    func pauses() {
        var breaker = Self.breaker(Self.failing)
        var now = Self.start
        // Doubled up to the cap; then the jitter's extremes.
        let pauses: [(random: Double, milliseconds: Int64)] = [
            (0.5, 2000), (0.5, 3000), (0.5, 3000), (0, 2400), (1, 3600),
        ]
        for (random, milliseconds) in pauses {
            guard case .open(let until) = breaker.state else { break }
            now = until
            breaker.apply(.probeBegun, at: now, random: 0.5)
            breaker.apply(.failed(.telling), at: now, random: 0.5)
            breaker.apply(.probeEnded, at: now, random: random)
            #expect(breaker.state == .open(until: now + .milliseconds(milliseconds)))
        }
        #expect(breaker.openings == 6)
        guard case .open(let until) = breaker.state else { return }
        breaker.apply(.probeBegun, at: until, random: 0.5)
        breaker.apply(.answered(.telling), at: until, random: 0.5)
        breaker.apply(.probeEnded, at: until, random: 0.5)
        for event in Self.failing { breaker.apply(event, at: until, random: 0.5) }
        #expect(breaker.state == .open(until: until + .seconds(1)))
    }
}

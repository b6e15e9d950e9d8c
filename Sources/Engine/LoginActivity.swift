public import Logins
import Threads

/// How logins ended during the last hour, and how long reports took, for people who watch. Kept in
/// memory: an hour has a fixed size, however many logins there are.
public final class LoginActivity: Sendable {
    /// How a login ended.
    public enum Ending: Int, Hashable, Sendable, CaseIterable {
        case approved, denied, cancelled, expired, failed, voided

        init(_ outcome: Outcome) {
            self =
                switch outcome {
                case .approved: .approved
                case .denied: .denied
                case .cancelled: .cancelled
                case .expired: .expired
                case .failed: .failed
                case .voided: .voided
                }
        }
    }

    /// A login that has ended.
    public struct Ended: Hashable, Sendable {
        public let ending: Ending
        public let at: Timestamp
        /// From the user's decision to its acceptance by the server; nil if none was reported.
        public let latency: Duration?

        /// Nil while the login has not ended.
        public init?(_ login: PendingLogin) {
            guard case .settled(let outcome, let settlement, let at) = login.phase else {
                return nil
            }
            let isReported = settlement == .reported || settlement == .deliveredUnconfirmed
            self.init(
                Ending(outcome),
                at: at,
                latency: isReported ? outcome.decision.map { at - $0.decidedAt } : nil
            )
        }

        /// What a store says of a login that ended before this process began; nil for an outcome that
        /// it does not know.
        public init?(_ ending: LoginEnding) {
            let name: Ending? =
                switch ending.outcome {
                case "approved": .approved
                case "denied": .denied
                case "cancelled": .cancelled
                case "expired": .expired
                case "failed": .failed
                case "voided": .voided
                default: nil
                }
            guard let name else { return nil }
            self.init(
                name,
                at: ending.at,
                latency: ending.reportedDecision.map { ending.at - $0 }
            )
        }

        public init(_ ending: Ending, at: Timestamp, latency: Duration?) {
            self.ending = ending
            self.at = at
            self.latency = latency
        }
    }

    /// Some minutes.
    public struct Slice: Hashable, Sendable {
        public let start: Timestamp
        /// By ending, in the order of `Ending.allCases`.
        public let counts: [Int]

        public init(start: Timestamp, counts: [Int]) {
            self.start = start
            self.counts = counts
        }

        public subscript(_ ending: Ending) -> Int { counts[ending.rawValue] }
        public var total: Int { counts.reduce(0, +) }
    }

    /// How long reports took. A share of them is known up to the next of `bounds`.
    public struct Latency: Hashable, Sendable {
        public let count: Int
        /// Half of them took at most so long.
        public let median: Duration
        /// 95 of 100 took at most so long.
        public let most: Duration
        /// The slowest one.
        public let longest: Duration
    }

    /// An hour, in slices of five minutes, the oldest first.
    public struct Hour: Hashable, Sendable {
        public let slices: [Slice]
        /// Nil without a report.
        public let latency: Latency?

        public init(slices: [Slice], latency: Latency?) {
            self.slices = slices
            self.latency = latency
        }
    }

    /// Upper ends of the classes of latencies, in milliseconds; the last class has none.
    static let bounds: [Int64] = [
        10, 20, 50, 100, 200, 300, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 30_000, 60_000, 300_000,
    ]
    private static let minutes = 60
    private static let minutesOfSlice = 5

    private struct Minute {
        /// Since 1970.
        var number: Int64 = .min
        var counts = [Int](repeating: 0, count: Ending.allCases.count)
        var latencies = [Int](repeating: 0, count: LoginActivity.bounds.count + 1)
        var longest: Int64 = 0
    }

    private let state = Locked([Minute](repeating: Minute(), count: LoginActivity.minutes))

    public init() {}

    /// Notes a durable change. Quick; may be called on any thread.
    public func note(_ step: LoginStep) {
        if step.before?.phase.name != .settled, let ended = Ended(step.after.login) { add(ended) }
    }

    /// Counts a login that ended. One from more than an hour before the newest is left out.
    public func add(_ ended: Ended) {
        let number = Self.minute(ended.at)
        let index = Int(number.quotientAndRemainder(dividingBy: Int64(Self.minutes)).remainder)
        guard index >= 0 else { return }
        state.withLock { minutes in
            if minutes[index].number < number { minutes[index] = Minute(number: number) }
            guard minutes[index].number == number else { return }
            minutes[index].counts[ended.ending.rawValue] += 1
            guard let latency = ended.latency?.milliseconds else { return }
            let place = Self.bounds.firstIndex { latency <= $0 } ?? Self.bounds.count
            minutes[index].latencies[place] += 1
            minutes[index].longest = max(minutes[index].longest, latency)
        }
    }

    /// The last hour, up to and with the current slice.
    public func hour(at now: Timestamp) -> Hour {
        let size = Int64(Self.minutesOfSlice)
        let current = Self.minute(now)
        let end = current - (current % size + size) % size + size
        let start = end - Int64(Self.minutes)
        let minutes = state.withLock { $0 }.filter { (start..<end).contains($0.number) }
        let slices = stride(from: start, to: end, by: Self.minutesOfSlice).map { first in
            var counts = [Int](repeating: 0, count: Ending.allCases.count)
            for minute in minutes where (first..<first + size).contains(minute.number) {
                for index in counts.indices { counts[index] += minute.counts[index] }
            }
            return Slice(start: Timestamp(milliseconds: first * 60_000), counts: counts)
        }
        return Hour(slices: slices, latency: Self.latency(minutes))
    }

    private static func latency(_ minutes: [Minute]) -> Latency? {
        var classes = [Int](repeating: 0, count: bounds.count + 1)
        for minute in minutes {
            for index in classes.indices { classes[index] += minute.latencies[index] }
        }
        let count = classes.reduce(0, +)
        let longest = minutes.map(\.longest).max() ?? 0
        guard count > 0 else { return nil }
        func quantile(_ percent: Int) -> Duration {
            var rest = (count * percent + 99) / 100
            for (index, number) in classes.enumerated() {
                rest -= number
                if rest <= 0, index < bounds.count {
                    return .milliseconds(min(bounds[index], longest))
                }
            }
            return .milliseconds(longest)
        }
        return Latency(
            count: count,
            median: quantile(50),
            most: quantile(95),
            longest: .milliseconds(longest)
        )
    }

    private static func minute(_ moment: Timestamp) -> Int64 {
        let (quotient, rest) = moment.milliseconds.quotientAndRemainder(dividingBy: 60_000)
        return rest < 0 ? quotient - 1 : quotient
    }
}

import Texts

/// When to retry: exponential backoff with a cap and jitter. Each adapter has its own numbers.
public struct RetrySchedule: Hashable, Sendable {
    /// The pause after the first failure, more than zero.
    public let first: Duration
    /// The longest pause before jitter, at least `first`.
    public let cap: Duration
    /// The fraction by which a pause is shortened or lengthened at random, 0 to 1.
    public let jitter: Double

    public init(first: Duration, cap: Duration, jitter: Double) {
        // allowed: only constants of ours make schedules.
        precondition(first > .zero && cap >= first && (0...1).contains(jitter), "a usable schedule")
        self.first = first
        self.cap = cap
        self.jitter = jitter
    }

    /// The pause after `attempts` failures. `asked` is the pause that the peer asked for
    /// (`Retry-After`); it is used as it is. `random` is in 0..<1 and selects the jitter.
    public func pause(after attempts: Int, asked: Duration? = nil, random: Double) -> Duration {
        if let asked { return asked }
        let doublings = min(max(attempts - 1, 0), 30)
        let full = min(
            Double(first.milliseconds) * Double(1 << doublings),
            Double(cap.milliseconds)
        )
        let factor = 1 - jitter + 2 * jitter * random
        return .milliseconds(Int64(min(full * factor, Double(cap.milliseconds) * (1 + jitter))))
    }
}

/// The failed attempts at one duty of a login, newest last.
public struct Attempts: Hashable, Sendable {
    /// How many are kept. Older ones are counted only, so that a row stays small.
    public static let kept = 20

    /// One failed attempt.
    public struct Entry: Hashable, Sendable {
        public let at: Timestamp
        /// Why it failed, at most 200 characters.
        public let note: String
        public init(at: Timestamp, note: String) {
            self.at = at
            self.note = note
        }
    }

    /// All attempts, including those that are no longer kept.
    public private(set) var count: Int
    /// The newest ones, at most `kept`.
    public private(set) var recent: [Entry]

    public init(count: Int = 0, recent: [Entry] = []) {
        self.count = count
        self.recent = recent
    }

    /// Counts an attempt and keeps its reason.
    public mutating func add(_ note: String, at now: Timestamp) {
        count += 1
        if recent.count == Self.kept { recent.removeFirst() }
        recent.append(Entry(at: now, note: note.firstBytes(200)))
    }
}

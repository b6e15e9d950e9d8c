/// When to try again: exponential, capped, jittered. Whose numbers they are is the adapter's say.
public struct RetrySchedule: Hashable, Sendable {
    public let first: Duration
    public let cap: Duration
    /// How far a pause may be shortened or lengthened at random, 0 to 1.
    public let jitter: Double

    public init(first: Duration, cap: Duration, jitter: Double) {
        precondition(first > .zero && cap >= first && (0...1).contains(jitter), "a usable schedule")
        self.first = first
        self.cap = cap
        self.jitter = jitter
    }

    /// The pause before the attempt that follows `attempts` failed ones. `random` is in 0..<1.
    /// A pause that the peer asked for (`Retry-After`) wins and is never shortened.
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

/// What was tried so far for one duty of a login, newest last.
public struct Attempts: Hashable, Sendable {
    /// Older ones are counted but not kept, so that a row stays small.
    public static let kept = 20

    public struct Entry: Hashable, Sendable {
        public let at: Timestamp
        public let note: String
        public init(at: Timestamp, note: String) {
            self.at = at
            self.note = note
        }
    }

    public private(set) var count: Int
    public private(set) var recent: [Entry]

    public init(count: Int = 0, recent: [Entry] = []) {
        self.count = count
        self.recent = recent
    }

    public mutating func add(_ note: String, at now: Timestamp) {
        count += 1
        if recent.count == Self.kept { recent.removeFirst() }
        recent.append(Entry(at: now, note: String(note.prefix(200))))
    }
}

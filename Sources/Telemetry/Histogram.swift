import Synchronization

/// Counts durations in buckets that are fixed at creation. Counting takes no lock.
public final class Histogram: Sendable {
    /// The upper bounds of the buckets, rising; the last, infinite one is not among them.
    public let bounds: [Duration]
    private let nanoseconds: [Int]
    /// One more than there are bounds are used.
    private let buckets: InlineArray<17, Atomic<Int>> = InlineArray { _ in Atomic(0) }
    private let total = Atomic<Int>(0)

    /// 100 µs to 10 s.
    public static let latencies: [Duration] = [
        .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1),
        .microseconds(2500), .milliseconds(5), .milliseconds(10), .milliseconds(25),
        .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
        .milliseconds(2500), .seconds(5), .seconds(10),
    ]

    /// A histogram with these rising bounds, at most 16.
    public init(_ bounds: [Duration] = Histogram.latencies) {
        // allowed: bounds are constants of ours.
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds rise")
        self.bounds = bounds
        nanoseconds = bounds.map(Self.nanoseconds)
        // allowed: bounds are constants of ours.
        precondition(bounds.count < buckets.count, "there are at most 16 bounds")
    }

    /// Counts a duration.
    public func observe(_ span: Duration) { observe(nanoseconds: Self.nanoseconds(span)) }

    /// Counts a duration in nanoseconds.
    public func observe(nanoseconds span: Int) {
        // Bounds are inclusive (`le`). Most observations are short, so the search is too.
        var index = 0
        while index < nanoseconds.count, span > nanoseconds[index] { index += 1 }
        buckets[index].add(1, ordering: .relaxed)
        total.add(max(0, span), ordering: .relaxed)
    }

    /// The counts, as they are exposed.
    struct Reading {
        /// Counts up to each bound, and last of all.
        let cumulative: [Int]
        let sumSeconds: Double
    }

    /// Buckets are read one by one while other threads count, so the sum may differ by a few
    /// observations; the counts are consistent with each other.
    var reading: Reading {
        var sum = 0
        let cumulative = (0...bounds.count).map { index in
            sum += buckets[index].load(ordering: .relaxed)
            return sum
        }
        return Reading(
            cumulative: cumulative,
            sumSeconds: Double(total.load(ordering: .relaxed)) / 1e9
        )
    }

    private static func nanoseconds(_ span: Duration) -> Int {
        let (seconds, attoseconds) = span.components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }
}

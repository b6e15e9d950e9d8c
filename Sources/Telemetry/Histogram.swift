/// How often something took how long, in buckets fixed at creation. Counting locks nothing.
public final class Histogram: Sendable {
    /// The upper bounds of the buckets, rising; the last, infinite one is not among them.
    public let bounds: [Duration]
    private let nanoseconds: [Int]
    /// One more than there are bounds.
    private let buckets: [Counter]
    private let total = Counter()

    /// From the speed of memory to the patience of people: 100 µs to 10 s.
    public static let latencies: [Duration] = [
        .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1),
        .microseconds(2500), .milliseconds(5), .milliseconds(10), .milliseconds(25),
        .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
        .milliseconds(2500), .seconds(5), .seconds(10),
    ]

    /// A histogram with these rising bounds.
    public init(_ bounds: [Duration] = Histogram.latencies) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds rise")
        self.bounds = bounds
        nanoseconds = bounds.map(Self.nanoseconds)
        buckets = (0...bounds.count).map { _ in Counter() }
    }

    /// Counts one that took so long.
    public func observe(_ span: Duration) { observe(nanoseconds: Self.nanoseconds(span)) }

    /// Counts one that took so long.
    public func observe(nanoseconds span: Int) {
        // Bounds are inclusive (`le`). Most observations are short, so the search is too.
        var index = 0
        while index < nanoseconds.count, span > nanoseconds[index] { index += 1 }
        buckets[index].increment()
        total.increment(by: max(0, span))
    }

    /// What was counted, as it is exposed.
    struct Reading {
        /// Counts up to each bound, and last of all.
        let cumulative: [Int]
        let sumSeconds: Double
    }

    /// Buckets are read one by one while others count, so the sum may be a few observations off;
    /// the counts agree with each other.
    var reading: Reading {
        var sum = 0
        let cumulative = buckets.map { bucket in
            sum += bucket.current
            return sum
        }
        return Reading(cumulative: cumulative, sumSeconds: Double(total.current) / 1e9)
    }

    private static func nanoseconds(_ span: Duration) -> Int {
        let (seconds, attoseconds) = span.components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }
}

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, the number that is stored.
///
/// The domain never reads a clock; callers pass the time in.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since the epoch. Negative before it.
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The last second of the year 9999. Sums that overflow end here.
    public static let distantFuture = Timestamp(milliseconds: 253_402_300_799_000)

    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Does not overflow: a sum that is too large is `distantFuture`.
    public static func + (moment: Self, span: Duration) -> Self {
        let (sum, overflowed) = moment.milliseconds.addingReportingOverflow(span.milliseconds)
        return overflowed ? .distantFuture : Timestamp(milliseconds: sum)
    }

    /// Does not overflow: a difference that is too small is the smallest timestamp.
    public static func - (moment: Self, span: Duration) -> Self {
        let (difference, overflowed) =
            moment.milliseconds.subtractingReportingOverflow(span.milliseconds)
        return Timestamp(milliseconds: overflowed ? .min : difference)
    }

    /// Does not overflow: a span that is too long is the longest one, in either direction.
    public static func - (later: Self, earlier: Self) -> Duration {
        let (span, overflowed) =
            later.milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return .milliseconds(overflowed ? (later < earlier ? .min : .max) : span)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero. A duration that does not fit is clamped.
    public var milliseconds: Int64 {
        let (whole, overflowed) = components.seconds.multipliedReportingOverflow(by: 1000)
        if overflowed { return components.seconds < 0 ? .min : .max }
        let (sum, carried) =
            whole.addingReportingOverflow(components.attoseconds / 1_000_000_000_000_000)
        return carried ? whole : sum
    }

    public static func minutes(_ minutes: Int64) -> Duration { .seconds(minutes * 60) }
}

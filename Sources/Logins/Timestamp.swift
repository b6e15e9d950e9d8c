/// A moment in milliseconds since 1970-01-01T00:00:00Z: the number that is stored.
/// The domain never reads a clock; it is always told the time.
public struct Timestamp: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static let distantFuture = Timestamp(milliseconds: 253_402_300_799_000)

    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    public static func + (moment: Self, span: Duration) -> Self {
        let (sum, overflowed) = moment.milliseconds.addingReportingOverflow(span.milliseconds)
        return overflowed ? .distantFuture : Timestamp(milliseconds: sum)
    }

    public static func - (moment: Self, span: Duration) -> Self {
        let (difference, overflowed) =
            moment.milliseconds.subtractingReportingOverflow(span.milliseconds)
        return Timestamp(milliseconds: overflowed ? .min : difference)
    }

    public static func - (later: Self, earlier: Self) -> Duration {
        .milliseconds(later.milliseconds - earlier.milliseconds)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero. A span that is too long for them, which only
    /// somebody else's mistake can make, is as long as they can say.
    public var milliseconds: Int64 {
        let (whole, overflowed) = components.seconds.multipliedReportingOverflow(by: 1000)
        if overflowed { return components.seconds < 0 ? .min : .max }
        let (sum, carried) =
            whole.addingReportingOverflow(components.attoseconds / 1_000_000_000_000_000)
        return carried ? whole : sum
    }

    public static func minutes(_ minutes: Int64) -> Duration { .seconds(minutes * 60) }
}

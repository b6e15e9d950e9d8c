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
        Timestamp(milliseconds: moment.milliseconds - span.milliseconds)
    }

    public static func - (later: Self, earlier: Self) -> Duration {
        .milliseconds(later.milliseconds - earlier.milliseconds)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    public var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    public static func minutes(_ minutes: Int64) -> Duration { .seconds(minutes * 60) }
}

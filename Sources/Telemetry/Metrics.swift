import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    /// Starts at 0.
    public init() {}
    /// Adds `amount`, which is not negative.
    public func increment(by amount: Int = 1) { value.add(amount, ordering: .relaxed) }
    /// The current value.
    public var current: Int { value.load(ordering: .relaxed) }
}

/// A value that is computed when the metrics are read.
public typealias Gauge = @Sendable () -> Double

/// The time of day. The only place where a moment comes from.
public protocol WallClock: Sendable {
    func now() -> Timestamp
    /// Runs `action` once, as soon as it is `moment`, unless another call under the same `name`
    /// comes first and replaces it. Nil cancels.
    func schedule(_ name: String, at moment: Timestamp?, _ action: @escaping @Sendable () -> Void)
}

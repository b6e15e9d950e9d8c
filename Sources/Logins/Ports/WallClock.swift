/// The time of day. The only source of timestamps, so that tests can control it.
public protocol WallClock: Sendable {
    /// The current time. It may jump in either direction when somebody sets the clock.
    func now() -> Timestamp
    /// Runs `action` once, as soon as it is `moment`. A later call with the same `name` replaces
    /// this one; with a nil moment it cancels it. The action runs on any thread and must be quick.
    func schedule(_ name: String, at moment: Timestamp?, _ action: @escaping @Sendable () -> Void)
}

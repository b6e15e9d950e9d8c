/// The time of day, and the time that has passed. The only source of both, so that tests can control
/// them.
public protocol WallClock: Sendable {
    /// The current time. It may jump in either direction when somebody sets the clock.
    func now() -> Timestamp
    /// The time since a moment that does not matter, for ages: nobody can set it.
    func uptime() -> Duration
    /// Runs `action` once, as soon as it is `moment`. A later call with the same `name` replaces
    /// this one; with a nil moment it cancels it. The action runs on any thread and must be quick.
    func schedule(_ name: String, at moment: Timestamp?, _ action: @escaping @Sendable () -> Void)
    /// The same after a time that passes also when somebody sets the clock. The names are apart from
    /// those of moments.
    func schedule(_ name: String, after span: Duration?, _ action: @escaping @Sendable () -> Void)
}

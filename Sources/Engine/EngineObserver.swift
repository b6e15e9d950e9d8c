public import Logins

/// Is told what the engine did, to count it. Called on any thread; must be quick.
public protocol EngineObserver: Sendable {
    /// A channel answered, after that time.
    func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration)
    /// An authorization server answered a report, after that time.
    func reported(_ server: AuthorizationServerID, _ answer: ReportAnswer, took: Duration)
    /// A login was stored.
    func started(_ server: AuthorizationServerID)
    /// A user made that choice (`Decision.Choice.loggedName`) about a consent of that kind, so long after the login arrived.
    func decided(_ choice: String, family: String, took: Duration)
    /// A user gave a wrong number.
    func gaveWrongNumber()
    /// A login ended as suspicious.
    func endedSuspicious(_ cause: Suspicion)
}

extension EngineObserver {
    /// Does nothing.
    public func started(_ server: AuthorizationServerID) {}
    /// Does nothing.
    public func gaveWrongNumber() {}
    /// Does nothing.
    public func endedSuspicious(_ cause: Suspicion) {}
    /// Does nothing.
    public func decided(_ choice: String, family: String, took: Duration) {}
}

public import Logins

/// Is told what the engine did, to count it. Called on any thread; must be quick.
public protocol EngineObserver: Sendable {
    /// A channel answered, after that time.
    func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration)
    /// An authorization server answered a report, after that time.
    func reported(_ server: AuthorizationServerID, _ answer: ReportAnswer, took: Duration)
}

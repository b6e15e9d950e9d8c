public import Logins

/// Is told what the engine did, to count it. Called on whatever thread the work ends; must be quick.
public protocol EngineObserver: Sendable {
    func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration)
    func reported(_ server: AuthorizationServerID, _ answer: ReportAnswer, took: Duration)
}

/// Counts nothing.
public struct SilentObserver: EngineObserver {
    public init() {}
    public func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration) {}
    public func reported(_ server: AuthorizationServerID, _ answer: ReportAnswer, took: Duration) {}
}

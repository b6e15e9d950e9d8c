public import HTTP

/// What is known of one answer, after it was made.
public struct Exchange: Sendable {
    /// The number of the route in the router's `routes`; nil when none matched.
    public let route: Int?
    /// Of the response.
    public let status: Int
    /// From the arrival of the whole request until its answer was ready to be sent.
    public let nanoseconds: UInt64
    /// Length of the content, as the handler made it.
    public let bytesOut: Int

    /// The same with another number for the route, of a router with more routes.
    public func of(route: Int?) -> Exchange {
        Exchange(route: route, status: status, nanoseconds: nanoseconds, bytesOut: bytesOut)
    }
}

/// Is told of everything that a server does, for logs and metrics. Called synchronously on the
/// event loops, so it must be quick and never block.
public protocol ExchangeObserver: AnyObject, Sendable {
    /// A request was answered.
    func answered(_ request: Request, _ exchange: Exchange)
    /// Something that is no valid request was refused.
    func refused(_ exchange: Exchange)
    /// A connection is being served.
    func connectionOpened()
    /// Follows each `connectionOpened`.
    func connectionClosed()
    /// A connection was turned away: there are too many, or no descriptors are left.
    func connectionRefused()
}

/// Connections need not be counted.
extension ExchangeObserver {
    public func connectionOpened() {}
    public func connectionClosed() {}
    public func connectionRefused() {}
}

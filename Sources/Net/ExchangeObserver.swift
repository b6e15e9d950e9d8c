public import HTTP

/// One answer, after it was made. Handed over, not kept.
public struct Exchange: Sendable {
    /// The number of the route in the router's `routes`; nil when none was found.
    public let route: Int?
    /// Nil when what came was no request.
    public let request: Request?
    public let status: Int
    /// From the whole request's arrival until its answer was ready to be sent.
    public let nanoseconds: UInt64
    /// Of content, as the handler made it.
    public let bytesOut: Int

    /// Nil when what came was no request.
    public var method: Method? { request?.method }
    /// Unique in this process; 0 when what came was no request.
    public var requestID: UInt64 { request?.id ?? 0 }
    /// Of content, decoded.
    public var bytesIn: Int { request?.bodyRange.count ?? 0 }
}

/// Hears of everything a server does, for logs and metrics. Called synchronously on the event
/// loops, so it must be quick and never block.
public protocol ExchangeObserver: Sendable {
    /// An answer was made. With `Exchange.request == nil` it refuses what was no request.
    func finished(_ exchange: borrowing Exchange)
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

public import HTTP
public import TLS

/// Everything a server has to be told.
public struct ServerConfiguration: Sendable {
    /// Where to listen.
    public var address: SocketAddress
    public var limits: HTTPLimits
    public var deadlines: Deadlines
    /// Connections that are served at a time. What comes beyond is told 503 and closed.
    public var maximumConnections: Int
    /// Nil for plain HTTP.
    public var tls: TLSSettings?

    /// Plain HTTP with the default limits, unless told otherwise.
    public init(
        address: SocketAddress,
        limits: HTTPLimits = HTTPLimits(),
        deadlines: Deadlines = Deadlines(),
        maximumConnections: Int = 10_000,
        tls: TLSSettings? = nil
    ) {
        self.address = address
        self.limits = limits
        self.deadlines = deadlines
        self.maximumConnections = maximumConnections
        self.tls = tls
    }
}

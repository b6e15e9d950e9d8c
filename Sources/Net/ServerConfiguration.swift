public import HTTP
public import TLS

/// The settings of a server.
public struct ServerConfiguration: Sendable {
    /// The address to listen on.
    public var address: SocketAddress
    public var limits: HTTPLimits
    public var deadlines: Deadlines
    /// How many connections are served at a time. More are answered 503 and closed.
    public var maximumConnections: Int
    /// Nil for plain HTTP.
    public var tls: TLSSettings?

    /// By default plain HTTP with the default limits.
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

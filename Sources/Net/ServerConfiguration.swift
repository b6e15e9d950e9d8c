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
    /// Bytes of memory that hold incomplete requests, of all peers and of one address. A request that
    /// would exceed one of them is answered 503.
    public var pendingInput: Int
    public var pendingInputPerAddress: Int
    /// The proxies whose `Forwarded`, `X-Forwarded-For` and PROXY protocol are believed. From others
    /// they are refused, unless there are no such proxies: then nobody reads them.
    public var trustedProxies: [AddressRange]
    /// How long browsers must use TLS only (HSTS, RFC 6797). Sent with every response over TLS; zero
    /// sends nothing.
    public var strictTransport: Duration
    /// Nil for plain HTTP.
    public var tls: TLSSettings?

    /// By default plain HTTP with the default limits.
    public init(
        address: SocketAddress,
        limits: HTTPLimits = HTTPLimits(),
        deadlines: Deadlines = Deadlines(),
        maximumConnections: Int = 10_000,
        pendingInput: Int = 64 << 20,
        pendingInputPerAddress: Int = 16 << 20,
        trustedProxies: [AddressRange] = [],
        strictTransport: Duration = .seconds(365 * 86400),
        tls: TLSSettings? = nil
    ) {
        self.address = address
        self.limits = limits
        self.deadlines = deadlines
        self.maximumConnections = maximumConnections
        self.pendingInput = pendingInput
        self.pendingInputPerAddress = pendingInputPerAddress
        self.trustedProxies = trustedProxies
        self.strictTransport = strictTransport
        self.tls = tls
    }
}

/// Calls other servers. `CurlClient` is the one that does.
public protocol OutboundHTTP: Sendable {
    /// One attempt; redirects are answers like any other and never followed.
    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse
}

public struct OutboundRequest: Sendable {
    public var method: Method
    /// Absolute, `https` or `http`.
    public var url: String
    public var fields: [Field]
    public var body: [UInt8]
    public var destination: Destination
    /// For the whole exchange, connecting included.
    public var timeLimit: Duration
    /// Bytes of body after which an answer is cut off as an error.
    public var responseLimit: Int

    public init(
        _ method: Method,
        _ url: String,
        fields: [Field] = [],
        body: [UInt8] = [],
        destination: Destination = Destination(),
        timeLimit: Duration = .seconds(10),
        responseLimit: Int = 256 << 10
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
        self.destination = destination
        self.timeLimit = timeLimit
        self.responseLimit = responseLimit
    }
}

/// How a server is to be reached and trusted.
public struct Destination: Hashable, Sendable {
    /// A PEM file of certificate authorities; nil for the system's.
    public var authorities: String?
    /// PEM files of our own certificate chain and its key, for mutual TLS.
    public var certificate: String?
    public var key: String?
    /// Shown instead of the files. Connections are shared among calls with the same certificate
    /// only, so that one which has been replaced is not used for new calls.
    public var identity: ClientIdentity?
    /// False refuses loopback, private, link-local and other non-public addresses, checked on the
    /// address that is really connected to, so that a name cannot be rebound in between. A proxy
    /// itself may have any address; it is given the checked address, not the name.
    public var allowsInternalAddresses: Bool
    /// Whether a proxy is given the name after all, and so answers for the address. Only for names
    /// and proxies behind the check above.
    public var proxyResolvesNames: Bool
    /// Nil takes a proxy from the environment (`https_proxy`, `no_proxy`, …); empty uses none.
    public var proxy: String?

    public init(
        authorities: String? = nil,
        certificate: String? = nil,
        key: String? = nil,
        identity: ClientIdentity? = nil,
        allowsInternalAddresses: Bool = true,
        proxyResolvesNames: Bool = false,
        proxy: String? = nil
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.identity = identity
        self.allowsInternalAddresses = allowsInternalAddresses
        self.proxyResolvesNames = proxyResolvesNames
        self.proxy = proxy
    }
}

/// Our own certificate chain and its key, for mutual TLS: the contents of PEM files, the key not
/// encrypted. Whoever makes one has checked that they belong together. Prints as nothing.
public struct ClientIdentity: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    public let certificate: [UInt8]
    public let key: [UInt8]

    public init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }

    /// A fixed text.
    public var description: String { "(client identity)" }
    /// Nothing inside.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

public struct OutboundResponse: Sendable {
    public let status: Int
    public let fields: [Field]
    public let body: [UInt8]
    public init(status: Int, fields: [Field] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// What `Retry-After` asks for (RFC 9110 §10.2.3), in seconds or as a date; nil when it is
    /// absent or unusable.
    public func retryAfter(secondsSince1970 now: Int64) -> Duration? {
        guard let value = fields.first("retry-after") else { return nil }
        if let seconds = Int64(value) {
            return seconds >= 0 && seconds < 1 << 31 ? .seconds(seconds) : nil
        }
        return HTTPDate.parse(value).map { .seconds(max(0, $0 - now)) }
    }
}

/// Why there is no answer, sorted by what the other side may have done.
public enum OutboundError: Error, Hashable, Sendable {
    /// No byte of the request left: resolving, connecting, or the TLS handshake failed.
    case notSent(String)
    /// Some of it left: it may have been processed.
    case ambiguous(String)
    /// The answer came and cannot be used: too long, or cut off.
    case unusableAnswer(String)
    /// The address is one that this destination must not use.
    case forbiddenAddress(String)
    /// The request itself cannot be sent: its URL, its certificate files.
    case invalid(String)
}

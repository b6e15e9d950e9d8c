/// Sends requests to other servers. `CurlClient` implements it.
public protocol OutboundHTTP: Sendable {
    /// Makes one attempt. Redirects are not followed but returned like any other answer.
    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse
}

/// A request to another server.
public struct OutboundRequest: Sendable {
    /// The method.
    public var method: Method
    /// Absolute, `https` or `http`.
    public var url: String
    /// Header fields besides those that frame the message.
    public var fields: [Field]
    /// The content; empty for none.
    public var body: [UInt8]
    /// How the server is reached and authenticated.
    public var destination: Destination
    /// For the whole exchange, including the connection.
    public var timeLimit: Duration
    /// Maximum bytes of the answer's body; a longer answer is an error.
    public var responseLimit: Int

    /// A request, by default with 10 seconds and 256 KiB of answer.
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

/// How a server is reached and authenticated.
public struct Destination: Hashable, Sendable {
    /// A PEM file of certificate authorities; nil for the system's.
    public var authorities: String?
    /// PEM file of the client certificate chain, for mutual TLS.
    public var certificate: String?
    /// PEM file of the key of `certificate`.
    public var key: String?
    /// Used instead of the files. Only calls with the same certificate share connections, so that a
    /// replaced certificate is not used for new calls.
    public var identity: ClientIdentity?
    /// False refuses loopback, private, link-local and other non-public addresses. The check is
    /// made on the address of the connection, so that DNS rebinding cannot bypass it. A proxy
    /// itself may have any address; it gets the checked address, not the name.
    public var allowsInternalAddresses: Bool
    /// Whether a proxy gets the name and resolves it, and so is responsible for the address. Only
    /// matters where internal addresses are refused.
    public var proxyResolvesNames: Bool
    /// Nil takes a proxy from the environment (`https_proxy`, `no_proxy`, …); empty uses none.
    public var proxy: String?
    /// Whether HTTP/2 is used over TLS, if the server has it. Only HTTP/1.1 tells how much of a request
    /// was sent, so a failed call is more often ambiguous.
    public var usesHTTP2 = false

    /// By default the system's authorities, no client certificate, and every address.
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

/// A client certificate chain and its key, for mutual TLS: the contents of PEM files, with the key
/// not encrypted. The caller has checked that they belong together. Its description does not show
/// them.
public struct ClientIdentity: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The certificate chain in PEM.
    public let certificate: [UInt8]
    /// The key in PEM.
    public let key: [UInt8]

    /// Nothing is checked.
    public init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }

    /// A fixed text.
    public var description: String { "(client identity)" }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The answer of another server.
public struct OutboundResponse: Sendable {
    /// The status code.
    public let status: Int
    /// The header fields, in their order.
    public let fields: [Field]
    /// The content.
    public let body: [UInt8]

    /// An answer.
    public init(status: Int, fields: [Field] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Seconds. A longer delay means this one, as for other numbers of seconds (RFC 9111 §1.2.2).
    private static let longestDelay: Int64 = 1 << 31

    /// The delay of `Retry-After` (RFC 9110 §10.2.3), at most 2^31 seconds; nil when it is missing or
    /// invalid. Besides seconds and an HTTP date, it may be a fraction of seconds, which is rounded up,
    /// or a time of RFC 3339.
    public func retryAfter(secondsSince1970 now: Int64) -> Duration? {
        guard let value = fields.first("retry-after") else { return nil }
        let delay = Self.seconds(value) ?? Self.time(value, now: now).map { max(0, $0 - now) }
        return delay.map { .seconds(min($0, Self.longestDelay)) }
    }

    /// Digits, and perhaps a point and more of them.
    private static func seconds(_ text: String) -> Int64? {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "."),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0 &- 0x30 < 10 } }) else {
            return nil
        }
        guard let whole = Int64(Substring(parts[0])), whole < longestDelay else {
            return longestDelay
        }
        return whole + (parts.count == 2 && parts[1].contains { $0 != 0x30 } ? 1 : 0)
    }

    private static func time(_ text: String, now: Int64) -> Int64? {
        HTTPDate.parse(text, now: now)
            ?? RFC3339.parse(text).map {
                ($0 + 999).quotientAndRemainder(dividingBy: 1000).quotient
            }
    }
}

/// Why there is no answer, by what the server may have done.
public enum OutboundError: Error, Hashable, Sendable {
    /// Nothing was sent: name resolution, connection or TLS handshake failed.
    case notSent(String)
    /// Something was sent: the server may have processed the request.
    case ambiguous(String)
    /// An answer arrived but is too long or incomplete.
    case unusableAnswer(String)
    /// The destination does not allow the address.
    case forbiddenAddress(String)
    /// The request cannot be sent: its URL or its certificate files are invalid.
    case invalid(String)

    /// The reason alone, in words.
    public var reason: String {
        switch self {
        case .notSent(let text), .ambiguous(let text), .unusableAnswer(let text),
            .invalid(let text):
            text
        case .forbiddenAddress(let address): "\(address) is not a public address"
        }
    }
}

extension OutboundError: CustomStringConvertible {
    /// Half a sentence.
    public var description: String { reason }
}

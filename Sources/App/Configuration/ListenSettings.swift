/// The listener for everybody.
public struct ListenSettings: Hashable, Sendable {
    /// Where; default `127.0.0.1:8080`, so that nothing is open to a network by oversight.
    public var address: SocketAddressText
    /// Event loops; 0 is one for each core.
    public var loops: Int
    /// Nil listens for plain HTTP, for use behind something that speaks TLS.
    public var tls: TLSListenSettings?

    init(_ section: Section) {
        address = section.address("address", default: .init(host: "127.0.0.1", port: 8080))
        loops = section.number("loops", default: 0, 0...256)
        let tls = section.group("tls")
        self.tls = TLSListenSettings(tls)
        section.end()
    }
}

/// TLS of the listener. The files are PEM; they are read again on SIGHUP.
public struct TLSListenSettings: Hashable, Sendable {
    /// The path of our certificate chain.
    public var certificate: String
    /// The path of its key.
    public var key: String
    /// Whether peers are asked for a certificate.
    public var clientCertificates: ClientCertificates
    /// The path of the authorities that peers' certificates are checked against.
    public var clientAuthorities: String?

    /// Whether peers are asked for a certificate.
    public enum ClientCertificates: String, CaseIterable, Sendable {
        case off, optional, required
    }

    init?(_ section: Section) {
        certificate = section.file("certificate") ?? ""
        key = section.file("key") ?? ""
        clientCertificates = section.choice("client_certificates", default: .off)
        clientAuthorities = section.file("client_authorities")
        section.end()
        guard section.isPresent else { return nil }
        if !section.has("certificate") { section.missing("certificate") }
        if !section.has("key") { section.missing("key") }
        if clientCertificates != .off, !section.has("client_authorities") {
            section.problem(
                "client_authorities",
                "is missing: client certificates are checked against it"
            )
        }
    }
}

enum ManagementSettings {
    /// Default `127.0.0.1:9464`, the port that metrics exporters are registered with.
    static func address(_ section: Section) -> SocketAddressText {
        defer { section.end() }
        return section.address("address", default: .init(host: "127.0.0.1", port: 9464))
    }
}

/// What one peer, and all of them, may use of the listener.
public struct LimitSettings: Hashable, Sendable {
    /// Connections at once; more are answered 503 and closed. Default 20,000.
    public var connections: Int
    /// Bytes of a request's body; more is answered 413. Default 64 KiB (`cloudentity.md` IN-9).
    public var bodyBytes: Int
    /// Bytes of a request's line and fields; more is answered 431. Default 16 KiB.
    public var headBytes: Int
    /// For the TLS handshake. Default 10 s.
    public var handshake: Duration
    /// From the first byte of a request to the end of its fields. Default 10 s.
    public var header: Duration
    /// From there to the end of its body. Default 20 s.
    public var body: Duration
    /// Between requests. Default 60 s.
    public var idle: Duration
    /// For answering, unless a route has a limit of its own. Default 10 s.
    public var handler: Duration
    /// For the peer to take an answer. Default 20 s.
    public var write: Duration
    /// For requests under way to end when the service stops. Default 20 s.
    public var drain: Duration

    init(_ section: Section) {
        connections = section.number("connections", default: 20_000, 1...1_000_000)
        bodyBytes = section.number("body_bytes", default: 64 << 10, 1024...(16 << 20))
        headBytes = section.number("head_bytes", default: 16 << 10, 1024...(1 << 20))
        handshake = section.duration("handshake", default: .seconds(10))
        header = section.duration("header", default: .seconds(10))
        body = section.duration("body", default: .seconds(20))
        idle = section.duration("idle", default: .seconds(60))
        handler = section.duration("handler", default: .seconds(10))
        write = section.duration("write", default: .seconds(20))
        drain = section.duration("drain", default: .seconds(20), .zero...(.seconds(600)))
        section.end()
    }
}

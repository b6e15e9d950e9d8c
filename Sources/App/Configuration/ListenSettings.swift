public import Configuration
public import HTTP
public import Net

/// The public listener.
public struct ListenSettings: Hashable, Sendable {
    /// Default `127.0.0.1:8080`, so that nothing is open to a network by oversight.
    public var address: SocketAddressText
    /// Event loops; 0 is one for each core.
    public var loops: Int
    /// Nil listens for plain HTTP, for use behind a TLS proxy.
    public var tls: TLSListenSettings?

    init(_ section: Section) {
        address = section.address(
            "address",
            default: .init(host: "127.0.0.1", port: 8080),
            "\"[::]:8443\" listens on every address of the machine."
        )
        loops = section.number("loops", default: 0, 0...256, "Event loops; 0 is one per core.")
        let tls = section.group(
            "tls",
            """
            Without this group the listener speaks plain HTTP, for use behind a TLS proxy. The \
            files are PEM and are read again on SIGHUP.
            """
        )
        self.tls = TLSListenSettings(tls)
        if self.tls == nil, !address.isLoopback {
            section.warn(
                "address",
                "accepts plain http from \(address.audience); use tls, or a loopback address behind "
                    + "a TLS proxy"
            )
        }
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
        certificate =
            section.file(
                "certificate",
                example: "tls/server.pem",
                required: true,
                "The certificate chain."
            ) ?? ""
        key =
            section.file(
                "key",
                example: "tls/server.key",
                required: true,
                "Its private key, not encrypted."
            ) ?? ""
        clientCertificates = section.choice(
            "client_certificates",
            default: .off,
            "Whether clients are asked for a certificate."
        )
        clientAuthorities = section.authorities(
            "client_authorities",
            example: "tls/clients-ca.pem",
            "The authorities of client certificates. Required unless client_certificates is off."
        )
        section.end()
        guard section.isPresent else { return nil }
        section.checkCertifiedKey(certificate, key: key)
        if clientCertificates != .off, !section.has("client_authorities") {
            section.problem(
                "client_authorities",
                "is missing: client certificates are checked against it"
            )
        }
    }
}

enum ManagementSettings {
    /// Where this machine reaches it, by the file of a configuration; nothing else of it is read.
    ///
    /// - Throws: `ConfigurationError` with every problem of this part.
    static func load(_ path: String) throws(ConfigurationError) -> SocketAddressText {
        let found = try ConfigurationFile.load(path, part: true) { root in
            Self.address(root.group("management", ""))
        }.0
        guard InternetAddress(found.host)?.isNoServer == true else { return found }
        let loopback = found.host.contains(":") ? "::1" : "127.0.0.1"
        return SocketAddressText(host: loopback, port: found.port)
    }

    /// Default `127.0.0.1:9464`, the port that metrics exporters are registered with.
    static func address(_ section: Section) -> SocketAddressText {
        defer { section.end() }
        let address = section.address("address", default: .init(host: "127.0.0.1", port: 9464), "")
        if !address.isLoopback {
            section.warn(
                "address",
                "shows health and metrics to \(address.audience), without authentication"
            )
        }
        return address
    }
}

/// Limits of the public listener.
public struct LimitSettings: Hashable, Sendable {
    /// Connections at once; more are answered 503 and closed.
    public var connections: Int
    /// Of requests.
    public var http: HTTPLimits
    /// Of each step.
    public var deadlines: Deadlines
    /// For running requests to end when the service stops.
    public var drain: Duration

    init(_ section: Section) {
        connections = section.number(
            "connections",
            default: 20_000,
            1...1_000_000,
            "Maximum number of connections; more are answered 503."
        )
        // ACP's bodies have up to 64 KiB (`Contract.md` IN-9).
        let body = section.number(
            "body_bytes",
            default: 64 << 10,
            1024...(16 << 20),
            "Maximum size of a request's body; larger ones are answered 413."
        )
        let head = section.number(
            "head_bytes",
            default: 16 << 10,
            1024...(1 << 20),
            "Maximum size of a request's header; larger ones are answered 431."
        )
        http = HTTPLimits(head: head, body: body)
        deadlines = Deadlines(
            handshake: section.duration(
                "handshake",
                default: .seconds(10),
                "Timeout of the TLS handshake."
            ),
            header: section.duration(
                "header",
                default: .seconds(10),
                "Timeout for receiving a request's header."
            ),
            body: section.duration(
                "body",
                default: .seconds(20),
                "Timeout for receiving a request's body."
            ),
            idle: section.duration(
                "idle",
                default: .seconds(60),
                "Timeout of an idle connection."
            ),
            handler: section.duration(
                "handler",
                default: .seconds(10),
                "Timeout of Beckon's own work on a request, unless a route has its own."
            ),
            write: section.duration(
                "write",
                default: .seconds(20),
                "Timeout for sending a response."
            )
        )
        drain = section.duration(
            "drain",
            default: .seconds(20),
            .zero...(.seconds(600)),
            "How long running requests may take when the service stops."
        )
        section.end()
    }
}

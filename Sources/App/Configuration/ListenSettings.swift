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
    /// The proxies that are believed about the addresses of peers.
    public var trustedProxies: [AddressRange]
    /// A listener for the calls of authorization servers alone; nil leaves them here.
    public var servers: AudienceSettings?
    /// A listener for users and their apps alone; nil leaves them here.
    public var people: AudienceSettings?

    /// Whether something is left for this listener.
    var isUsed: Bool { servers == nil || people == nil }

    init(_ section: Section) {
        address = section.address(
            "address",
            default: .init(host: "127.0.0.1", port: 8080),
            "\"[::]:8443\" listens on every address of the machine."
        )
        loops = section.loops()
        trustedProxies = section.trustedProxies()
        tls = TLSListenSettings(
            section.group(
                "tls",
                """
                Without this group the listener speaks plain HTTP, for use behind a TLS proxy. The \
                files are PEM and are read again on SIGHUP.
                """
            )
        )
        servers = AudienceSettings(
            section.group(
                "servers",
                """
                A separate listener for the calls of authorization servers and of clients with access \
                tokens, on event loops of its own.
                """
            ),
            example: .init(host: "127.0.0.1", port: 8081)
        )
        people = AudienceSettings(
            section.group(
                "people",
                "A separate listener for users and their apps, on event loops of its own."
            ),
            example: .init(host: "127.0.0.1", port: 8082)
        )
        if isUsed {
            section.warnOfPlain(address, tls)
        } else if section.has("address") {
            section.warn("address", "is not used: servers and people have their own listeners")
        }
        section.end()
    }
}

/// A listener for one audience, with limits of its own.
public struct AudienceSettings: Hashable, Sendable {
    public var address: SocketAddressText
    /// Event loops; 0 is one for each core.
    public var loops: Int
    public var tls: TLSListenSettings?
    public var trustedProxies: [AddressRange]
    public var limits: LimitSettings

    /// Nil when the group is not in the file.
    init?(_ section: Section, example: SocketAddressText) {
        let text = section.requiredText(
            "address",
            example: example.description,
            "A numeric address and a port."
        )
        address = SocketAddressText(text) ?? example
        if !text.isEmpty, SocketAddressText(text) == nil {
            section.problem("address", Section.addressRule)
        }
        loops = section.loops()
        trustedProxies = section.trustedProxies()
        tls = TLSListenSettings(section.group("tls", "As listen.tls."))
        limits = LimitSettings(section.group("limits", "As limits."), isMain: false)
        section.warnOfPlain(address, tls)
        section.end()
        guard section.isPresent else { return nil }
    }
}

extension Section {
    fileprivate func loops() -> Int {
        number("loops", default: 0, 0...256, "Event loops; 0 is one per core.")
    }

    fileprivate func trustedProxies() -> [AddressRange] {
        let key = "trusted_proxies"
        let ranges = addressRanges(
            key,
            example: ["10.20.0.0/24"],
            """
            Reverse proxies and load balancers whose word about a peer's address is believed: \
            Forwarded (RFC 7239), X-Forwarded-For, and the PROXY protocol (v1, v2). They must set \
            or append to it themselves. With this list, the same from any other address is refused \
            (403); without it nobody reads it.
            """
        )
        if ranges.contains(where: \.isEverything) {
            warn(key, "contains every address: any peer can claim to be another")
        }
        return ranges
    }

    /// Warns of credentials and tickets that anyone on the way can read.
    fileprivate func warnOfPlain(_ address: SocketAddressText, _ tls: TLSListenSettings?) {
        guard tls == nil, !address.isLoopback else { return }
        warn(
            "address",
            "accepts plain http from \(address.audience); use tls, or a loopback address behind "
                + "a TLS proxy"
        )
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

    /// The path of the revocation lists of these authorities; nil checks no revocation.
    public var clientRevocations: String?
    /// How long browsers must use TLS only (HSTS); zero tells them nothing.
    public var strictTransport: Duration

    /// Whether peers are asked for a certificate.
    public enum ClientCertificates: String, CaseIterable, Sendable {
        case off, optional, required, any
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
            """
            Whether clients are asked for a certificate. With any, as with optional, none is \
            required, but one that no authority has issued is accepted too (RFC 8705 §2.2): only its \
            key and its thumbprint then say whose it is. Expired ones, and keys other than RSA of \
            at least 2048 bits, P-256, P-384 and Ed25519, are always refused.
            """
        )
        clientAuthorities = section.authorities(
            "client_authorities",
            example: "tls/clients-ca.pem",
            """
            The authorities of client certificates. Required with client_certificates optional or \
            required.
            """
        )
        clientRevocations = section.file(
            "client_crl",
            example: "tls/clients.crl",
            """
            Certificate revocation lists (CRL) of these authorities. A certificate that is on one, \
            or whose authority's list is missing or out of date, is refused.
            """
        )
        strictTransport = section.duration(
            "hsts",
            default: .seconds(365 * 86400),
            .zero...(.seconds(730 * 86400)),
            "How long browsers must use TLS only (Strict-Transport-Security). 0s sends nothing."
        )
        section.end()
        guard section.isPresent else { return nil }
        section.checkCertifiedKey(certificate, key: key)
        let needsAuthorities =
            clientCertificates == .optional || clientCertificates == .required
            || clientCertificates == .any && section.has("client_crl")
        if needsAuthorities, !section.has("client_authorities") {
            section.problem(
                "client_authorities",
                "is missing: client certificates are checked against it"
            )
        }
    }
}

/// The listener for the platform, on one event loop of its own.
public struct ManagementSettings: Hashable, Sendable {
    /// Where this machine reaches it, by the file of a configuration; nothing else of it is read.
    ///
    /// - Throws: `ConfigurationError` with every problem of this part.
    static func load(_ path: String) throws(ConfigurationError) -> SocketAddressText {
        let found = try ConfigurationFile.load(path, part: true) { root in
            Self(root.group("management", "")).address
        }.0
        guard InternetAddress(found.host)?.isNoServer == true else { return found }
        let loopback = found.host.contains(":") ? "::1" : "127.0.0.1"
        return SocketAddressText(host: loopback, port: found.port)
    }

    /// Default `127.0.0.1:9464`, the port that metrics exporters are registered with.
    public var address: SocketAddressText
    public var tls: TLSListenSettings?
    /// By default at most 256 connections.
    public var limits: LimitSettings

    init(_ section: Section) {
        address = section.address("address", default: .init(host: "127.0.0.1", port: 9464), "")
        tls = TLSListenSettings(section.group("tls", "As listen.tls."))
        limits = LimitSettings(
            section.group("limits", "As limits."),
            connections: 256,
            isMain: false
        )
        section.end()
        if !address.isLoopback {
            section.warn(
                "address",
                "shows health and metrics to \(address.audience), without authentication"
            )
        }
    }
}

/// Limits of a listener.
public struct LimitSettings: Hashable, Sendable {
    /// Connections at once; more are answered 503 and closed.
    public var connections: Int
    /// Of requests.
    public var http: HTTPLimits
    /// Bytes of memory for incomplete requests, of all peers and of one address.
    public var pendingInput: Int
    public var pendingInputPerAddress: Int
    /// Of each step.
    public var deadlines: Deadlines
    /// For running requests to end when the service stops. Of the main group only.
    public var drain: Duration

    /// Only the main group has the limits of the service as a whole.
    init(_ section: Section, connections fallback: Int = 20_000, isMain: Bool = true) {
        connections = section.number(
            "connections",
            default: fallback,
            1...1_000_000,
            """
            Maximum number of connections; more are answered 503. Fewer if the process may not have \
            enough file descriptors.
            """
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
        pendingInput = section.number(
            "pending_bytes",
            default: 64 << 20,
            (1 << 20)...(64 << 30),
            "Maximum memory for requests that have not arrived completely; more are answered 503."
        )
        pendingInputPerAddress = section.number(
            "pending_bytes_per_address",
            default: 16 << 20,
            (1 << 18)...(64 << 30),
            "The same for one address, of IPv6 for one /64."
        )
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
        if isMain {
            drain = section.duration(
                "drain",
                default: .seconds(20),
                .zero...(.seconds(600)),
                "How long running requests may take when the service stops."
            )
        } else {
            drain = .zero
        }
        section.end()
    }
}

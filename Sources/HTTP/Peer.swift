/// The other end of a connection.
public struct Peer: Hashable, Sendable {
    /// Numeric, without a port; an IPv4 address mapped into IPv6 is shown as IPv4.
    public let address: String
    /// The address of whoever has sent the request over the connection: the peer, or the last of the
    /// trusted proxies that it came through. As `address`.
    public let hop: String
    /// Whether the connection uses TLS.
    public let isSecure: Bool
    /// The certificate of the connection; nil when none was sent.
    public let certificate: PeerCertificate?

    /// A peer, by default over plain HTTP and without a proxy.
    public init(
        address: String,
        hop: String? = nil,
        isSecure: Bool = false,
        certificate: PeerCertificate? = nil
    ) {
        self.address = address
        self.hop = hop ?? address
        self.isSecure = isSecure
        self.certificate = certificate
    }
}

/// The certificate of a peer, whose key the peer has proven to hold. A class, because each request of
/// its connection refers to it.
public final class PeerCertificate: Hashable, Sendable {
    /// SHA-256 over the DER encoding: 32 bytes (RFC 8705 §3.1).
    public let thumbprint: [UInt8]
    /// The subject's distinguished name (RFC 4514).
    public let subject: String
    /// The alternative names (RFC 5280 §4.2.1.6).
    public let dnsNames: [String]
    public let uris: [String]
    /// Numeric, as `Peer.address`.
    public let addresses: [String]
    public let emails: [String]
    /// SubjectPublicKeyInfo in DER (RFC 5280 §4.1).
    public let keyInfo: [UInt8]
    /// Whether an authority that is trusted for clients has issued it. Without that only the key and
    /// the thumbprint say whose it is (RFC 8705 §2.2).
    public let isVerified: Bool
    /// The last second of its validity, in seconds since 1970. A connection may last longer.
    public let notAfter: Int64

    /// Nothing is checked.
    public init(
        thumbprint: [UInt8],
        subject: String,
        dnsNames: [String] = [],
        uris: [String] = [],
        addresses: [String] = [],
        emails: [String] = [],
        keyInfo: [UInt8] = [],
        isVerified: Bool = true,
        notAfter: Int64 = .max
    ) {
        self.thumbprint = thumbprint
        self.subject = subject
        self.dnsNames = dnsNames
        self.uris = uris
        self.addresses = addresses
        self.emails = emails
        self.keyInfo = keyInfo
        self.isVerified = isVerified
        self.notAfter = notAfter
    }

    /// Another object with the same content, for a core of its own (`PerCore`): references to it, and to
    /// the thumbprint, are counted there only.
    public func copy() -> PeerCertificate {
        PeerCertificate(
            thumbprint: thumbprint.map { $0 },
            subject: subject,
            dnsNames: dnsNames,
            uris: uris,
            addresses: addresses,
            emails: emails,
            keyInfo: keyInfo,
            isVerified: isVerified,
            notAfter: notAfter
        )
    }

    /// The thumbprint is that of the whole certificate.
    public static func == (left: PeerCertificate, right: PeerCertificate) -> Bool {
        left.thumbprint == right.thumbprint && left.isVerified == right.isVerified
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(thumbprint) }
}

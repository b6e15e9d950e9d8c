/// Whoever is at the other end of a connection.
public struct Peer: Hashable, Sendable {
    /// Numeric, without a port; an IPv4 address mapped into IPv6 is shown as IPv4.
    public let address: String
    public let isSecure: Bool
    public let certificate: PeerCertificate?

    public init(address: String, isSecure: Bool = false, certificate: PeerCertificate? = nil) {
        self.address = address
        self.isSecure = isSecure
        self.certificate = certificate
    }
}

/// The certificate a peer proved to hold, its chain checked.
public struct PeerCertificate: Hashable, Sendable {
    /// SHA-256 over the DER encoding: 32 bytes (RFC 8705 §3.1).
    public let thumbprint: [UInt8]
    /// The subject's distinguished name (RFC 4514).
    public let subject: String

    public init(thumbprint: [UInt8], subject: String) {
        self.thumbprint = thumbprint
        self.subject = subject
    }
}

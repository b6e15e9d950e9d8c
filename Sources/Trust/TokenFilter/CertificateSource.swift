public import HTTP
public import Logins

/// Where the client's certificate of a request comes from: the TLS connection, or a header field of
/// a trusted proxy.
public protocol CertificateSource: Sendable {
    /// The certificate; nil if the client showed none.
    ///
    /// - Throws: `CertificateRefusal` for one that cannot be used, which is never "none".
    func certificate(
        of request: Request,
        at now: Timestamp
    ) throws(CertificateRefusal) -> PeerCertificate?
}

/// Why a certificate cannot be used. Its text is for the audit.
public struct CertificateRefusal: Error, Hashable, Sendable {
    public let reason: String

    public init(_ reason: String) { self.reason = reason }
}

/// The certificate of the TLS connection.
public struct ConnectionCertificate: CertificateSource {
    public init() {}

    public func certificate(
        of request: Request,
        at now: Timestamp
    ) throws(CertificateRefusal) -> PeerCertificate? { request.peer.certificate }
}

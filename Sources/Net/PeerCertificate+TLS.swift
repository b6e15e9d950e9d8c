import Cryptography
import HTTP

extension PeerCertificate {
    /// A certificate that was shown in a TLS handshake.
    convenience init(_ certificate: Certificate, isVerified: Bool) {
        self.init(
            thumbprint: certificate.thumbprint,
            subject: certificate.subject,
            dnsNames: certificate.dnsNames,
            uris: certificate.uris,
            addresses: certificate.addresses.map { AddressRange.text($0[...]) },
            emails: certificate.emails,
            keyInfo: certificate.keyInfo,
            isVerified: isVerified,
            notAfter: certificate.notAfter
        )
    }
}

import COpenSSL

/// A verified certificate, whose key the peer has proven to hold.
public struct TLSPeerCertificate: Hashable, Sendable {
    /// SHA-256 over the DER encoding: 32 bytes (RFC 8705 §3.1).
    public let thumbprint: [UInt8]
    /// The subject's distinguished name (RFC 4514).
    public let subject: String

    init?(_ certificate: OpaquePointer) {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        guard unsafe X509_digest(certificate, EVP_sha256(), &digest, &count) == 1, count == 32
        else { return nil }
        guard let memory = unsafe BIO_new(BIO_s_mem()) else { return nil }
        defer { unsafe BIO_free(memory) }
        let name = unsafe X509_get_subject_name(certificate)
        guard unsafe X509_NAME_print_ex(memory, name, 0, beckon_x509_name_flags()) >= 0 else {
            return nil
        }
        var text: UnsafeMutablePointer<CChar>?
        let length = unsafe beckon_bio_memory(memory, &text)
        thumbprint = digest
        let bytes = unsafe UnsafeRawBufferPointer(start: text, count: max(0, length))
        subject = unsafe String(decoding: bytes, as: UTF8.self)
    }
}

internal import COpenSSL

/// A certificate and its private key, read from PEM and checked to belong together. Keeps nothing
/// secret: only what can be said of the certificate.
///
/// It does not judge the certificate's issuer; whoever is shown it does.
public struct CertifiedKey: Hashable, Sendable {
    /// What is wrong with them.
    public enum Problem: Error, Hashable, Sendable {
        /// There is no PEM certificate, or one of the chain cannot be read.
        case noCertificate
        /// There is no unencrypted PEM key.
        case noKey
        /// The key does not match the certificate.
        case mismatch
    }

    /// SHA-256 over the DER encoding of the first certificate: 32 bytes (RFC 8705 §3.1).
    public let thumbprint: [UInt8]
    /// Start of the validity, in seconds since 1970.
    public let notBefore: Int64
    /// End of the validity, in seconds since 1970.
    public let notAfter: Int64

    /// Both are PEM: our own certificate first, then its chain; the key as PKCS #8, PKCS #1 or
    /// SEC 1, not encrypted.
    public init(certificate: [UInt8], key: [UInt8]) throws(Problem) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let own = unsafe Self.chain(certificate) else { throw .noCertificate }
        defer { unsafe X509_free(own) }
        guard let pair = unsafe Self.privateKey(key) else { throw .noKey }
        defer { unsafe EVP_PKEY_free(pair) }
        guard unsafe X509_check_private_key(own, pair) == 1 else { throw .mismatch }
        var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
        guard unsafe X509_digest(own, EVP_sha256(), &digest, nil) == 1,
            let from = unsafe Self.seconds(X509_get0_notBefore(own)),
            let until = unsafe Self.seconds(X509_get0_notAfter(own))
        else { throw .noCertificate }
        thumbprint = digest
        notBefore = from
        notAfter = until
    }

    /// Whether a text has one or more PEM certificates and all of them can be read, as a file of
    /// authorities must.
    public static func areCertificates(_ pem: [UInt8]) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        return unsafe forEachCertificate(of: pem) { _ in true }
    }

    /// Calls `body` with each PEM certificate of a text. True when there is one, all can be read and
    /// `body` has always returned true.
    static func forEachCertificate(of pem: [UInt8], _ body: (OpaquePointer) -> Bool) -> Bool {
        var isComplete = true
        guard let first = unsafe chain(pem, { unsafe isComplete = body($0) && isComplete }) else {
            return false
        }
        unsafe X509_free(first)
        return isComplete
    }

    /// The first certificate, when all that follow can be read too. `body` is called with each.
    private static func chain(
        _ pem: [UInt8],
        _ body: (OpaquePointer) -> Void = { _ in }
    ) -> OpaquePointer? {
        unsafe withMemory(pem) { memory in
            guard let own = unsafe PEM_read_bio_X509(memory, nil, refuse, nil) else { return nil }
            unsafe body(own)
            while let next = unsafe PEM_read_bio_X509(memory, nil, refuse, nil) {
                unsafe body(next)
                unsafe X509_free(next)
            }
            // Only the end of the text is a valid reason to stop.
            guard beckon_err_is_pem_end(ERR_peek_last_error()) == 1 else {
                unsafe X509_free(own)
                return nil
            }
            ERR_clear_error()
            return unsafe own
        }
    }

    private static func privateKey(_ pem: [UInt8]) -> OpaquePointer? {
        unsafe withMemory(pem) { unsafe PEM_read_bio_PrivateKey($0, nil, refuse, nil) }
    }

    private static func withMemory(
        _ bytes: [UInt8],
        _ body: (OpaquePointer) -> OpaquePointer?
    ) -> OpaquePointer? {
        unsafe bytes.withUnsafeBytes { buffer in
            let count = Int32(clamping: buffer.count)
            guard let memory = unsafe BIO_new_mem_buf(buffer.baseAddress, count) else { return nil }
            defer { unsafe BIO_free(memory) }
            return unsafe body(memory)
        }
    }

    /// A time in seconds since 1970; nil when it is malformed.
    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return nil }
        defer { unsafe ASN1_STRING_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}

/// OpenSSL would ask at the terminal for the pass phrase of an encrypted key.
private func refuse(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int32,
    _ isWriting: Int32,
    _ stored: UnsafeMutableRawPointer?
) -> Int32 { -1 }

extension CertifiedKey.Problem: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .noCertificate: "there is no certificate that can be read"
        case .noKey: "there is no unencrypted key that can be read"
        case .mismatch: "the key does not match the certificate"
        }
    }
}

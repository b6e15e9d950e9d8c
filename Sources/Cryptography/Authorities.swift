internal import COpenSSL

/// The authorities that certificates of clients are checked against.
@safe public final class Authorities: @unchecked Sendable {
    // Invariant behind @unchecked: the X509_STORE is not changed after init, and OpenSSL locks what
    // it does with it.
    private let store: OpaquePointer

    /// Reads the PEM text of one or more certificates, all of which must be readable.
    ///
    /// - Throws: `CertificateError.notPEM`.
    public init(pem: [UInt8]) throws(CertificateError) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let store = unsafe X509_STORE_new() else { throw .malformed }
        unsafe self.store = store
        let isComplete = unsafe CertifiedKey.forEachCertificate(of: pem) {
            unsafe X509_STORE_add_cert(store, $0) == 1
        }
        guard isComplete else { throw .notPEM }
    }

    deinit { unsafe X509_STORE_free(store) }

    /// The period in which a chain from the certificate to one of the authorities is valid, in
    /// seconds since 1970; nil when there is no chain that is valid at `seconds`, for a client (RFC
    /// 5280 §4.2.1.12) and with keys and digests of 112 bits.
    public func chainValidity(
        of certificate: Certificate,
        at seconds: Int64
    ) -> ClosedRange<Int64>? {
        ERR_clear_error()
        defer { ERR_clear_error() }
        var length = 0
        guard let leaf = unsafe Certificate.parse(certificate.encoded, &length) else { return nil }
        defer { unsafe X509_free(leaf) }
        guard let context = unsafe X509_STORE_CTX_new() else { return nil }
        defer { unsafe X509_STORE_CTX_free(context) }
        guard unsafe X509_STORE_CTX_init(context, store, leaf, nil) == 1,
            unsafe X509_STORE_CTX_set_default(context, "ssl_client") == 1,
            let parameters = unsafe X509_STORE_CTX_get0_param(context)
        else { return nil }
        unsafe X509_VERIFY_PARAM_set_time(parameters, time_t(seconds))
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, 2)
        guard unsafe X509_verify_cert(context) == 1 else { return nil }
        var (from, until) = (certificate.notBefore, certificate.notAfter)
        for index in 0..<max(0, unsafe beckon_chain_count(context)) {
            let link = unsafe beckon_chain_certificate(context, index)
            guard let start = unsafe CertifiedKey.seconds(X509_get0_notBefore(link)),
                let end = unsafe CertifiedKey.seconds(X509_get0_notAfter(link))
            else { return nil }
            from = max(from, start)
            until = min(until, end)
        }
        return from <= until ? from...until : nil
    }
}

internal import COpenSSL

extension PublicKey {
    /// The key of the only certificate of a PEM text (RFC 7468 §5). Nothing else of the certificate is
    /// judged.
    ///
    /// - Throws: `KeyError`.
    public convenience init(certificatePEM text: String) throws(KeyError) {
        let blocks = try PEM.blocks(of: text)
        guard let block = blocks.first, blocks.count == 1 else { throw .severalKeys }
        guard block.label == "CERTIFICATE" else { throw .label(block.label) }
        ERR_clear_error()
        defer { ERR_clear_error() }
        let certificate = unsafe block.bytes.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            return unsafe d2i_X509(nil, &next, bytes.count)
        }
        guard let certificate = unsafe certificate else { throw .malformed }
        defer { unsafe X509_free(certificate) }
        try unsafe self.init(try KeyHandle(X509_get_pubkey(certificate)))
    }
}

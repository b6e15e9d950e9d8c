import COpenSSL

/// A verified certificate, whose key the peer has proven to hold.
public struct TLSPeerCertificate: Hashable, Sendable {
    /// SHA-256 over the DER encoding: 32 bytes (RFC 8705 §3.1).
    public let thumbprint: [UInt8]
    /// The subject's distinguished name (RFC 4514).
    public let subject: String
    /// The alternative names (RFC 5280 §4.2.1.6).
    public let dnsNames: [String]
    public let uris: [String]
    /// 4 or 16 bytes each.
    public let addresses: [[UInt8]]
    public let emails: [String]

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
        let names = unsafe Self.alternativeNames(certificate)
        func texts(_ kind: Int32) -> [String] {
            names.filter { $0.kind == kind && !$0.value.contains(0) }
                .map { String(decoding: $0.value, as: UTF8.self) }
        }
        dnsNames = texts(GEN_DNS)
        uris = texts(GEN_URI)
        emails = texts(GEN_EMAIL)
        addresses = names.filter { $0.kind == GEN_IPADD }.map(\.value)
    }

    private static func alternativeNames(
        _ certificate: OpaquePointer
    ) -> [(kind: Int32, value: [UInt8])] {
        guard let names = unsafe beckon_x509_names(certificate) else { return [] }
        defer { unsafe beckon_names_free(names) }
        var found: [(kind: Int32, value: [UInt8])] = []
        for index in 0..<max(0, unsafe beckon_names_count(names)) {
            var bytes: UnsafePointer<UInt8>?
            var count: Int32 = 0
            let kind = unsafe beckon_names_get(names, index, &bytes, &count)
            let value = unsafe UnsafeBufferPointer(start: bytes, count: Int(max(0, count)))
            if kind >= 0 { found.append((kind, unsafe Array(value))) }
        }
        return found
    }
}

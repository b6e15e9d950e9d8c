internal import COpenSSL

/// An X.509 certificate of a client (RFC 5280), read and found usable: of moderate size, and with a
/// key that can be trusted.
///
/// Nothing is said of who issued it; `Authorities` judges that.
public struct Certificate: Hashable, Sendable {
    /// Bytes of the longest encoding, and of the longest text that has one.
    public static let longest = 16 << 10

    /// The kinds of keys of client certificates.
    public enum Key: Hashable, Sendable {
        /// RSA (RFC 8017) with a modulus of so many bits, within `KeyKind.rsaBits`.
        case rsa(bits: Int)
        /// ECDSA (RFC 5480).
        case p256
        case p384
        /// Ed25519 (RFC 8410).
        case ed25519
    }

    /// The DER encoding.
    public let encoded: [UInt8]
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
    /// SubjectPublicKeyInfo in DER (RFC 5280 §4.1).
    public let keyInfo: [UInt8]
    public let key: Key
    /// Start of the validity, in seconds since 1970.
    public let notBefore: Int64
    /// The last second of the validity, in seconds since 1970.
    public let notAfter: Int64

    /// Reads one certificate in DER, with nothing after it.
    public init(der bytes: [UInt8]) throws(CertificateError) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        ERR_clear_error()
        defer { ERR_clear_error() }
        var length = 0
        guard let certificate = unsafe Self.parse(bytes, &length) else { throw .malformed }
        defer { unsafe X509_free(certificate) }
        guard length == bytes.count else { throw .trailing }
        // Other encodings of the same content would have other thumbprints.
        guard unsafe Self.encode({ unsafe i2d_X509(certificate, $0) }) == bytes else {
            throw .malformed
        }
        guard let key = unsafe X509_get0_pubkey(certificate) else { throw .keyKind }
        encoded = bytes
        thumbprint = SHA256.digest(bytes)
        self.key = try unsafe Self.kind(of: key)
        guard let subject = unsafe Self.subject(certificate),
            let names = unsafe Self.alternativeNames(certificate),
            let info = unsafe Self.encode({
                unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), $0)
            }),
            let from = unsafe CertifiedKey.seconds(X509_get0_notBefore(certificate)),
            let until = unsafe CertifiedKey.seconds(X509_get0_notAfter(certificate))
        else { throw .malformed }
        self.subject = subject
        keyInfo = info
        notBefore = from
        notAfter = until
        func texts(_ kind: Int32) -> [String] {
            names.filter { $0.kind == kind && !$0.value.contains(0) }
                .map { String(decoding: $0.value, as: UTF8.self) }
        }
        dnsNames = texts(GEN_DNS)
        uris = texts(GEN_URI)
        emails = texts(GEN_EMAIL)
        addresses = names.filter { $0.kind == GEN_IPADD }.map(\.value)
    }

    /// Whether the time, in seconds since 1970, is within the validity.
    public func isValid(at seconds: Int64) -> Bool { seconds >= notBefore && seconds <= notAfter }

    /// OpenSSL's form of the certificate that the bytes begin with, and how many belong to it.
    static func parse(_ bytes: [UInt8], _ length: inout Int) -> OpaquePointer? {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return nil }
            var next: UnsafePointer<UInt8>? = unsafe start
            let parsed = unsafe d2i_X509(nil, &next, buffer.count)
            length = unsafe next.map { unsafe start.distance(to: $0) } ?? 0
            return unsafe parsed
        }
    }

    private static func kind(of key: OpaquePointer) throws(CertificateError) -> Key {
        switch unsafe EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA:
            let bits = Int(unsafe EVP_PKEY_get_bits(key))
            guard KeyKind.rsaBits.contains(bits) else { throw .rsaBits(bits) }
            guard unsafe KeyHandle.hasSoundExponent(key) else { throw .keyKind }
            return .rsa(bits: bits)
        case EVP_PKEY_EC:
            switch unsafe KeyHandle.namedCurve(of: key) {
            case "prime256v1": return .p256
            case "secp384r1": return .p384
            default: throw .keyKind
            }
        case EVP_PKEY_ED25519: return .ed25519
        default: throw .keyKind
        }
    }

    private static func subject(_ certificate: OpaquePointer) -> String? {
        guard let memory = unsafe BIO_new(BIO_s_mem()) else { return nil }
        defer { unsafe BIO_free(memory) }
        let name = unsafe X509_get_subject_name(certificate)
        guard unsafe X509_NAME_print_ex(memory, name, 0, beckon_x509_name_flags()) >= 0 else {
            return nil
        }
        var text: UnsafeMutablePointer<CChar>?
        let length = unsafe beckon_bio_memory(memory, &text)
        let bytes = unsafe UnsafeRawBufferPointer(start: text, count: max(0, length))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// Nil when they cannot be read.
    private static func alternativeNames(
        _ certificate: OpaquePointer
    ) -> [(kind: Int32, value: [UInt8])]? {
        var position: Int32 = 0
        guard let names = unsafe beckon_x509_names(certificate, &position) else {
            return position == -1 ? [] : nil
        }
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

    /// What a function of OpenSSL writes that first says how long it is.
    private static func encode(
        _ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
    ) -> [UInt8]? {
        let count = write(nil)
        guard count > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        let written = unsafe bytes.withUnsafeMutableBufferPointer { room in
            var start = room.baseAddress
            return unsafe write(&start)
        }
        return written == count ? bytes : nil
    }
}

/// Why a certificate is not taken.
public enum CertificateError: Error, Hashable, Sendable {
    /// It has more than `Certificate.longest` bytes.
    case tooLong
    /// The text is not one PEM block from its first to its last character.
    case notPEM
    /// A PEM block of another kind, with its label.
    case label(String)
    /// The text has more than one PEM block.
    case several
    /// There are bytes after the certificate.
    case trailing
    /// The bytes are not a certificate in DER.
    case malformed
    /// An RSA modulus of so many bits, outside `KeyKind.rsaBits`.
    case rsaBits(Int)
    /// A kind of key that is not supported.
    case keyKind
}

extension CertificateError: CustomStringConvertible {
    /// Completes "the certificate …". It contains nothing of the certificate but a label.
    public var description: String {
        switch self {
        case .tooLong: "is longer than \(Certificate.longest) bytes"
        case .notPEM: "is not one PEM block"
        case .label(let label): "is not one: the PEM block is a \(label.prefix(40))"
        case .several: "is not alone: the text has several PEM blocks"
        case .trailing: "is followed by other bytes"
        case .malformed: "is not valid DER"
        case .rsaBits(let bits):
            "has an RSA key of \(bits) bits; \(KeyKind.rsaBits.lowerBound) to "
                + "\(KeyKind.rsaBits.upperBound) are accepted"
        case .keyKind: "has a key that is neither RSA, nor on P-256 or P-384, nor Ed25519"
        }
    }
}

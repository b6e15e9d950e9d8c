import COpenSSL

/// Whether a server requests certificates from its peers.
public enum ClientCertificates: Hashable, Sendable {
    case off
    /// A certificate is not required, but must be valid if it is sent. `authorities` is a PEM file.
    case optional(authorities: String)
    case required(authorities: String)
    /// As `optional`, but one that no authority has issued is accepted too: its key is proven, and
    /// nothing else (RFC 8705 §2.2). Without `authorities` that is every certificate.
    case any(authorities: String?)
}

/// The TLS settings of a server.
public struct TLSSettings: Hashable, Sendable {
    /// PEM file of the server's certificate, followed by its chain.
    public var certificate: String
    /// PEM file of the certificate's key, not encrypted.
    public var key: String
    /// Whether peers need a certificate.
    public var clientCertificates: ClientCertificates
    /// PEM file of revocation lists (CRL), one for each authority that issues peers' certificates.
    /// A list that has expired refuses every certificate of its authority.
    public var clientRevocations: String?

    /// The files are read by `TLSContext`.
    public init(
        certificate: String,
        key: String,
        clientCertificates: ClientCertificates = .off,
        clientRevocations: String? = nil
    ) {
        self.certificate = certificate
        self.key = key
        self.clientCertificates = clientCertificates
        self.clientRevocations = clientRevocations
    }
}

/// The TLS settings of a client.
public struct TLSClientSettings: Hashable, Sendable {
    /// PEM file of the trusted authorities.
    public var authorities: String
    /// PEM file of the client's certificate chain.
    public var certificate: String?
    /// PEM file of the key of `certificate`.
    public var key: String?
    /// Whether TLS 1.3 is off, for tests of 1.2.
    public var isLimitedToTLS12: Bool

    /// The files are read by `TLSContext`.
    public init(
        authorities: String,
        certificate: String? = nil,
        key: String? = nil,
        isLimitedToTLS12: Bool = false
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.isLimitedToTLS12 = isLimitedToTLS12
    }
}

/// Certificate, key and settings, shared by all sessions that were started with it. The files are
/// read once, by `init`; for new files, make a new context.
@safe public final class TLSContext: @unchecked Sendable {
    // Invariant behind @unchecked: the SSL_CTX is not changed after init, and OpenSSL counts
    // references to it atomically.
    let context: OpaquePointer
    let isServer: Bool

    /// Reads the files. TLS 1.2 and 1.3 with forward secrecy and authenticated encryption; session
    /// tickets instead of a session cache, and none where certificates of peers are looked at.
    public init(server settings: TLSSettings) throws(TLSError) {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { throw .noMemory }
        unsafe self.context = context
        isServer = true
        try configure()
        try load(certificate: settings.certificate, key: settings.key)
        switch settings.clientCertificates {
        case .off: unsafe SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        case .optional(let authorities):
            try ask(authorities, mode: SSL_VERIFY_PEER)
        case .required(let authorities):
            try ask(authorities, mode: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
        case .any(let authorities):
            if let authorities { try trust(authorities) }
            // Peers are not told the names of the authorities: many would then send no other
            // certificate (RFC 8446 §4.2.4).
            unsafe beckon_ssl_accept_unknown_issuers(context)
            unsafe beckon_ssl_disable_tickets(context)
        }
        if settings.clientCertificates != .off, let path = settings.clientRevocations {
            ERR_clear_error()
            guard unsafe beckon_ssl_load_revocations(context, path) == 1 else {
                throw .unusableFile(path, reason: TLSError.takeReason())
            }
        }
    }

    /// Reads the files. The server's certificate must be issued by these authorities.
    public init(client settings: TLSClientSettings) throws(TLSError) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw .noMemory }
        unsafe self.context = context
        isServer = false
        try configure()
        if settings.isLimitedToTLS12 {
            unsafe beckon_ssl_set_max_proto(context, TLS1_2_VERSION)
        }
        try trust(settings.authorities)
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        if let certificate = settings.certificate {
            try load(certificate: certificate, key: settings.key ?? certificate)
        }
    }

    deinit { unsafe SSL_CTX_free(context) }

    private func configure() throws(TLSError) {
        unsafe beckon_ssl_set_min_proto(context, TLS1_2_VERSION)
        unsafe beckon_ssl_set_options(context)
        unsafe beckon_ssl_disable_session_cache(context)
        // Arrays may move between two attempts to write. Idle connections must not keep buffers.
        unsafe beckon_ssl_set_mode(
            context,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
                | Int(SSL_MODE_RELEASE_BUFFERS)
        )
        // One `recv` takes a whole record with its header.
        unsafe beckon_ssl_set_read_ahead(context, 1)
        // For TLS 1.2: forward secrecy and authenticated encryption. TLS 1.3 has nothing else.
        guard unsafe SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 else {
            throw .refused(reason: TLSError.takeReason())
        }
        guard unsafe beckon_ssl_set_groups(context) == 1 else {
            throw .refused(reason: TLSError.takeReason())
        }
    }

    private func load(certificate: String, key: String) throws(TLSError) {
        ERR_clear_error()
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            throw .unusableFile(certificate, reason: TLSError.takeReason())
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw .unusableFile(key, reason: TLSError.takeReason()) }
    }

    private func ask(_ authorities: String, mode: Int32) throws(TLSError) {
        try trust(authorities)
        guard let names = unsafe SSL_load_client_CA_file(authorities) else {
            throw .unusableFile(authorities, reason: TLSError.takeReason())
        }
        unsafe SSL_CTX_set_client_CA_list(context, names)
        unsafe SSL_CTX_set_verify(context, mode, nil)
        // A resumed session would not look at the certificate again, which may have expired or been
        // revoked since.
        unsafe beckon_ssl_disable_tickets(context)
    }

    private func trust(_ authorities: String) throws(TLSError) {
        ERR_clear_error()
        guard unsafe SSL_CTX_load_verify_file(context, authorities) == 1 else {
            throw .unusableFile(authorities, reason: TLSError.takeReason())
        }
    }
}

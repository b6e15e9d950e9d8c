internal import COpenSSL
public import Cryptography

/// One TLS connection: decrypts and encrypts the bytes of its carrier. It does no I/O itself and is
/// used by one thread at a time.
@safe public final class TLSSession {
    private let session: OpaquePointer
    private unowned let carrier: any ByteCarrier
    /// After a fatal error the protocol forbids `close_notify`.
    private var isBroken = false

    /// `carrier` must outlive the session. `hostName` is for clients: the certificate must be valid
    /// for it.
    public init(
        _ context: TLSContext,
        over carrier: any ByteCarrier,
        hostName: String? = nil
    ) throws(TLSError) {
        guard let session = unsafe SSL_new(context.context) else { throw .noMemory }
        guard let bio = unsafe BIO_new(Self.carrierMethod.method) else {
            unsafe SSL_free(session)
            throw .noMemory
        }
        unsafe self.session = session
        self.carrier = carrier
        // Unretained: the session owns the BIO, and so exists as long as the BIO is used.
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        unsafe SSL_set_bio(session, bio, bio)
        if context.isServer {
            unsafe SSL_set_accept_state(session)
        } else {
            unsafe SSL_set_connect_state(session)
            if let hostName {
                unsafe beckon_ssl_set_host_name(session, hostName)
                unsafe SSL_set1_host(session, hostName)
            }
        }
    }

    deinit { unsafe SSL_free(session) }

    /// Continues the handshake; `done` when it is complete.
    public func handshake() throws(TLSError) -> Step {
        ERR_clear_error()
        let code = unsafe SSL_do_handshake(session)
        return try code > 0 ? .done(1) : step(code)
    }

    /// Reads and decrypts into the front of `room`; `closed` after the peer's `close_notify`.
    public func receive(into room: UnsafeMutableRawBufferPointer) throws(TLSError) -> Step {
        ERR_clear_error()
        let count = unsafe SSL_read(session, room.baseAddress, Int32(clamping: room.count))
        return try count > 0 ? .done(Int(count)) : step(count)
    }

    /// Encrypts and sends bytes from the front of `bytes`, perhaps not all.
    ///
    /// After `wantRead` or `wantWrite`, the next call must pass the same bytes again, or more.
    public func send(_ bytes: UnsafeRawBufferPointer) throws(TLSError) -> Step {
        guard bytes.count > 0 else { return .done(0) }
        ERR_clear_error()
        let count = unsafe SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count))
        return try count > 0 ? .done(Int(count)) : step(count)
    }

    /// Whether bytes can be received although the carrier is not readable.
    public var hasPending: Bool { unsafe SSL_has_pending(session) == 1 }

    /// Sends `close_notify`, if the carrier takes it.
    public func close() {
        guard !isBroken, unsafe SSL_is_init_finished(session) == 1 else { return }
        isBroken = true
        ERR_clear_error()
        unsafe SSL_shutdown(session)
        ERR_clear_error()
    }

    /// Updates the key for sending and requests the same from the peer (TLS 1.3, RFC 8446 §4.6.3).
    /// For tests: no connection sends enough to need it.
    package func requestKeyUpdate() throws(TLSError) -> Step {
        ERR_clear_error()
        guard unsafe SSL_key_update(session, SSL_KEY_UPDATE_REQUESTED) == 1 else {
            throw .refused(reason: TLSError.takeReason())
        }
        return try handshake()
    }

    /// The certificate of the peer, whose key it has proven to hold; nil when it has sent none.
    ///
    /// - Throws: `TLSError.refused` for one that is too large or has a weak key. It must not be
    ///   mistaken for none.
    public func peerCertificate() throws(TLSError) -> Certificate? {
        guard let certificate = unsafe SSL_get1_peer_certificate(session) else { return nil }
        defer { unsafe X509_free(certificate) }
        var bytes = [UInt8](repeating: 0, count: Int(max(0, unsafe i2d_X509(certificate, nil))))
        unsafe bytes.withUnsafeMutableBufferPointer { room in
            var start = room.baseAddress
            _ = unsafe i2d_X509(certificate, &start)
        }
        do throws(CertificateError) {
            return try Certificate(der: bytes)
        } catch {
            throw .refused(reason: "the peer's certificate \(error)")
        }
    }

    /// Whether one of the context's authorities has issued the peer's certificate.
    public var isPeerVerified: Bool { unsafe SSL_get_verify_result(session) == X509_V_OK }

    /// `TLSv1.2` or `TLSv1.3`.
    public var version: String { unsafe String(cString: SSL_get_version(session)) }

    /// The error queue belongs to the thread, so clearing it, the call and this function must not
    /// be separated by a suspension.
    private func step(_ code: Int32) throws(TLSError) -> Step {
        switch unsafe SSL_get_error(session, code) {
        case SSL_ERROR_WANT_READ: return .wantRead
        case SSL_ERROR_WANT_WRITE: return .wantWrite
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL:
            isBroken = true
            return .closed
        default:
            isBroken = true
            throw .refused(reason: TLSError.takeReason())
        }
    }

    /// The BIO that passes OpenSSL's reads and writes to the carrier, so that the carrier knows
    /// what was read and written.
    @safe private struct CarrierMethod: @unchecked Sendable {
        // Invariant behind @unchecked: the method is not changed after init.
        let method: OpaquePointer?

        init() {
            unsafe method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "carrier")
            unsafe BIO_meth_set_read(method) { bio, room, count in
                let buffer = unsafe UnsafeMutableRawBufferPointer(start: room, count: Int(count))
                let step = unsafe TLSSession.of(bio)?.carrier.receive(into: buffer)
                return unsafe TLSSession.answer(bio, step ?? .closed, closed: 0)
            }
            unsafe BIO_meth_set_write(method) { bio, bytes, count in
                let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(count))
                let step = unsafe TLSSession.of(bio)?.carrier.send(buffer)
                return unsafe TLSSession.answer(bio, step ?? .closed, closed: -1)
            }
            unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in
                command == BIO_CTRL_FLUSH ? 1 : 0
            }
        }
    }

    private static let carrierMethod = CarrierMethod()

    private static func of(_ bio: OpaquePointer?) -> TLSSession? {
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue()
    }

    private static func answer(_ bio: OpaquePointer?, _ step: Step, closed: Int32) -> Int32 {
        unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
        switch step {
        case .done(let count): return Int32(clamping: count)
        case .wantRead:
            unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return -1
        case .wantWrite:
            unsafe BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
            return -1
        case .closed: return closed
        }
    }
}

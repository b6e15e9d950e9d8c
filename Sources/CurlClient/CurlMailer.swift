import CCurl
import HTTP
public import Mail
import Synchronization
import Threads

/// Hands messages to SMTP servers with libcurl, each on a connection and a thread of its own. The
/// caller limits how many at a time.
public struct CurlMailer: MailTransport {
    /// For name resolution, connection and TLS handshake, within the time limit of the server.
    private static let connectLimit = Duration.seconds(10)

    /// Nothing is loaded before the first message.
    public init() {}

    /// Cancelling the task ends the exchange within a second.
    public func send(_ envelope: MailEnvelope, by server: MailServer) async throws(MailError) {
        let isCancelled = Flag()
        let result: Result<Void, MailError> = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                do throws(WorkerThread.Unavailable) {
                    try WorkerThread.start {
                        waiter.resume(returning: Self.exchange(envelope, server, isCancelled))
                    }
                } catch {
                    waiter.resume(returning: .failure(.failed("\(error)")))
                }
            }
        } onCancel: {
            isCancelled.raise()
        }
        try result.get()
    }

    private static func exchange(
        _ envelope: MailEnvelope,
        _ server: MailServer,
        _ isCancelled: Flag
    ) -> Result<Void, MailError> {
        do throws(OutboundError) {
            try CurlHTTPClient.load()
            guard let handle = MailHandle(envelope.message, isCancelled) else {
                return .failure(.failed("no memory for a message"))
            }
            try handle.setUp(envelope, server, connectLimit: connectLimit)
            return handle.perform()
        } catch {
            return .failure(.failed(error.reason))
        }
    }
}

/// Raised by another thread to end an exchange.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
}

/// libcurl's easy handle for one message. Used on one thread.
@safe private final class MailHandle {
    private let pointer: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var recipients: UnsafeMutablePointer<curl_slist>?
    private let message: [UInt8]
    private var position = 0
    fileprivate let isCancelled: Flag

    /// Nil when memory is exhausted.
    init?(_ message: [UInt8], _ isCancelled: Flag) {
        guard let pointer = unsafe curl_easy_init() else { return nil }
        unsafe self.pointer = pointer
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        self.message = message
        self.isCancelled = isCancelled
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(recipients)
        unsafe errorText.deallocate()
    }

    func setUp(
        _ envelope: MailEnvelope,
        _ server: MailServer,
        connectLimit: Duration
    ) throws(OutboundError) {
        let scheme = server.security == .tls ? "smtps" : "smtp"
        let host = server.host.contains(":") ? "[\(server.host)]" : server.host
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_READDATA, CURLOPT_XFERINFODATA] {
            unsafe try check(beckon_curl_set_pointer(pointer, option, me))
        }
        unsafe try check(beckon_curl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText))
        unsafe try check(beckon_curl_set_read(pointer, giveMessage))
        unsafe try check(beckon_curl_set_progress(pointer, mayGoOn))
        unsafe try check(beckon_curl_set_write(pointer, CURLOPT_WRITEFUNCTION, ignoreAnswer))
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_NOPROGRESS, 0)
        try set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        try set(CURLOPT_URL, "\(scheme)://\(host):\(server.port)")
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_USE_SSL, server.security == .starttls ? Int(CURLUSESSL_ALL.rawValue) : 0)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        if let authorities = server.authorities {
            try set(CURLOPT_CAINFO, authorities)
            unsafe try check(beckon_curl_set_pointer(pointer, CURLOPT_CAPATH, nil))
        }
        if let user = server.user {
            try set(CURLOPT_USERNAME, user)
            try set(CURLOPT_PASSWORD, String(decoding: server.password(), as: UTF8.self))
        }
        try set(CURLOPT_MAIL_FROM, "<\(envelope.from)>")
        unsafe recipients = curl_slist_append(nil, "<\(envelope.to)>")
        guard unsafe recipients != nil else { throw .invalid("no memory for the recipient") }
        unsafe try check(beckon_curl_set_pointer(pointer, CURLOPT_MAIL_RCPT, recipients))
        try set(CURLOPT_UPLOAD, 1)
        try set(CURLOPT_TIMEOUT_MS, Self.milliseconds(server.timeLimit))
        try set(
            CURLOPT_CONNECTTIMEOUT_MS,
            Self.milliseconds(min(connectLimit, server.timeLimit))
        )
    }

    func perform() -> Result<Void, MailError> {
        let code = unsafe curl_easy_perform(pointer)
        guard code != CURLE_OK else { return .success(()) }
        var status = 0
        _ = unsafe beckon_curl_get_long(pointer, CURLINFO_RESPONSE_CODE, &status)
        let text = unsafe String(cString: errorText)
        guard (400...599).contains(status) else {
            let reason = unsafe text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
            return .failure(.failed(reason))
        }
        return .failure(
            text.hasPrefix("RCPT") ? .recipientRefused(code: status) : .refused(code: status)
        )
    }

    /// Copies the next part of the message to where libcurl wants it.
    fileprivate func give(_ target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(target.count, message.count - position)
        unsafe target.copyBytes(from: message[position..<position + count])
        position += count
        return count
    }

    fileprivate static func of(_ stored: UnsafeMutableRawPointer?) -> MailHandle? {
        guard let stored = unsafe stored else { return nil }
        return unsafe Unmanaged<MailHandle>.fromOpaque(stored).takeUnretainedValue()
    }

    private func set(_ option: CURLoption, _ value: Int) throws(OutboundError) {
        unsafe try check(beckon_curl_set_long(pointer, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(OutboundError) {
        // libcurl would stop at NUL.
        guard !value.utf8.contains(0) else { throw .invalid("a setting contains NUL") }
        let code = unsafe value.withCString { text in
            unsafe beckon_curl_set_pointer(pointer, option, text)
        }
        try check(code)
    }

    private func check(_ code: CURLcode) throws(OutboundError) {
        guard code != CURLE_OK else { return }
        throw .invalid(unsafe String(cString: curl_easy_strerror(code)))
    }

    /// At least 1: for libcurl, 0 means no limit.
    private static func milliseconds(_ span: Duration) -> Int {
        let parts = span.components
        return max(
            1,
            Int(min(max(parts.seconds, 0), 86_400)) * 1000
                + Int(parts.attoseconds / 1_000_000_000_000_000)
        )
    }
}

// Functions for libcurl. Each gets the handle, which outlives the exchange, unretained.

private func giveMessage(
    _ target: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ stored: UnsafeMutableRawPointer?
) -> Int {
    guard let handle = unsafe MailHandle.of(stored) else { return Int(CURL_READFUNC_ABORT) }
    return unsafe handle.give(UnsafeMutableRawBufferPointer(start: target, count: size * count))
}

private func mayGoOn(
    _ stored: UnsafeMutableRawPointer?,
    _ toReceive: curl_off_t,
    _ received: curl_off_t,
    _ toSend: curl_off_t,
    _ sent: curl_off_t
) -> Int32 {
    guard let handle = unsafe MailHandle.of(stored) else { return 1 }
    return handle.isCancelled.isRaised ? 1 : 0
}

private func ignoreAnswer(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ stored: UnsafeMutableRawPointer?
) -> Int {
    size * count
}

import CCurl
import HTTP

/// libcurl's easy handle: runs one transfer at a time and is reused for the next.
///
/// The loop drives the transfers. Used on the loop's thread only.
@safe final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private(set) var transfer: Transfer?

    /// The current settings, so that a transfer to the same destination changes less.
    private var destination: Destination?
    private var listed: [Field]?
    private var list: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>

    /// Nil when memory is exhausted.
    init?() {
        guard let pointer = unsafe curl_easy_init() else { return nil }
        unsafe self.pointer = pointer
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(list)
        unsafe curl_slist_free_all(connectTo)
        unsafe errorText.deallocate()
    }

    /// The handle of a libcurl handle.
    static func of(_ pointer: UnsafeMutableRawPointer?) -> EasyHandle? {
        guard let pointer = unsafe pointer else { return nil }
        var stored: UnsafeMutableRawPointer?
        _ = unsafe beckon_curl_get_pointer(pointer, CURLINFO_PRIVATE, &stored)
        return unsafe from(stored)
    }

    fileprivate static func from(_ stored: UnsafeMutableRawPointer?) -> EasyHandle? {
        guard let stored = unsafe stored else { return nil }
        return unsafe Unmanaged<EasyHandle>.fromOpaque(stored).takeUnretainedValue()
    }

    /// libcurl's description of the error.
    func explanation(_ code: CURLcode) -> String {
        let text = unsafe String(cString: errorText)
        return unsafe text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    }

    /// Releases its transfer.
    func release() { transfer = nil }

    // MARK: Setting up

    /// Prepares the handle for a transfer.
    ///
    /// - Throws: `OutboundError.invalid` when the request cannot be sent.
    func carry(
        _ transfer: Transfer,
        timeLimit: Duration,
        connectLimit: Duration
    ) throws(OutboundError) {
        let request = transfer.request
        try request.validate()
        if destination != request.destination { try reset(for: request.destination) }
        unsafe errorText.pointee = 0
        try set(transfer.route)
        try set(CURLOPT_URL, request.url)
        try setFields(request)
        try setMethod(request)
        let limit = Self.milliseconds(timeLimit)
        try set(CURLOPT_TIMEOUT_MS, limit)
        try set(CURLOPT_CONNECTTIMEOUT_MS, min(limit, Self.milliseconds(connectLimit)))
        self.transfer = transfer
    }

    private func reset(for destination: Destination) throws(OutboundError) {
        unsafe curl_easy_reset(pointer)
        self.destination = nil
        listed = nil
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        for option in [
            CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_OPENSOCKETDATA,
            CURLOPT_PREREQDATA,
        ] {
            unsafe try check(beckon_curl_set_pointer(pointer, option, me))
        }
        unsafe try check(beckon_curl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText))
        try setCallbacks()
        try setBehaviour()
        try set(destination)
        self.destination = destination
    }

    /// Sets what is the same for all transfers. Redirects, cookies, netrc, content decoding,
    /// alternative services and HTTP/0.9 are off by default in libcurl.
    private func setBehaviour() throws(OutboundError) {
        try set(CURLOPT_NOSIGNAL, 1)
        // Abandoning a transfer must not wait for a name server: one thread runs all transfers.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        try set(CURLOPT_PATH_AS_IS, 1)
        // Only HTTP/1.1 tells how much of a request was sent: streams of HTTP/2 share a connection,
        // and libcurl does not say which of them were sent.
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try set(CURLOPT_USERAGENT, "beckon")
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        // Most servers and proxies keep idle connections for at least 60 s. Closing first avoids
        // requests on a connection that is being closed.
        try set(CURLOPT_MAXAGE_CONN, 50)
        // So that changed DNS records and renewed certificates take effect.
        try set(CURLOPT_MAXLIFETIME_CONN, 600)
        try set(CURLOPT_CA_CACHE_TIMEOUT, 600)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
    }

    private func set(_ destination: Destination) throws(OutboundError) {
        if let authorities = destination.authorities {
            try set(CURLOPT_CAINFO, authorities)
            // Otherwise the system's directory would also be trusted.
            unsafe try check(beckon_curl_set_pointer(pointer, CURLOPT_CAPATH, nil))
        }
        if let identity = destination.identity {
            // libcurl compares the certificates of its connections, not the keys. A key is never
            // replaced alone, since a certificate is for one key.
            try set(CURLOPT_SSLCERT_BLOB, identity.certificate)
            try set(CURLOPT_SSLKEY_BLOB, identity.key)
        } else if let certificate = destination.certificate {
            try set(CURLOPT_SSLCERT, certificate)
            try set(CURLOPT_SSLKEY, destination.key ?? certificate)
        }
        if let proxy = destination.proxy { try set(CURLOPT_PROXY, proxy) }
        if destination.usesHTTP2 {
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        }
    }

    private func set(_ route: TransferRoute) throws(OutboundError) {
        switch route {
        case .free: return
        case .direct, .lookup:
            try set(CURLOPT_PROXY, "")
            try setConnectTo(nil)
        case .proxy(let proxy, let address):
            try set(CURLOPT_PROXY, proxy)
            // `no_proxy` was already applied.
            try set(CURLOPT_NOPROXY, "")
            try setConnectTo(address)
        }
        // With a pooled connection no address would be looked up.
        try set(CURLOPT_FRESH_CONNECT, route == .lookup ? 1 : 0)
    }

    /// Makes the proxy open a tunnel to an address. TLS and the request still use the URL's host.
    private func setConnectTo(_ address: InternetAddress?) throws(OutboundError) {
        var made: UnsafeMutablePointer<curl_slist>?
        if let address {
            let host = address.bytes.count == 4 ? "\(address)" : "[\(address)]"
            unsafe made = curl_slist_append(nil, "::\(host):")
            guard unsafe made != nil else { throw .invalid("no memory for the address") }
        }
        unsafe curl_slist_free_all(connectTo)
        unsafe connectTo = made
        unsafe try check(beckon_curl_set_pointer(pointer, CURLOPT_CONNECT_TO, made))
    }

    private func setFields(_ request: OutboundRequest) throws(OutboundError) {
        if listed == request.fields { return }
        try request.validateFields()
        var lines = ["Expect:"]
        // By default libcurl declares a body as a form.
        if request.fields.first("content-type") == nil { lines.append("Content-Type:") }
        for field in request.fields {
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        var made: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = unsafe curl_slist_append(made, line) else {
                unsafe curl_slist_free_all(made)
                throw .invalid("no memory for the fields")
            }
            unsafe made = longer
        }
        unsafe curl_slist_free_all(list)
        unsafe list = made
        unsafe try check(beckon_curl_set_pointer(pointer, CURLOPT_HTTPHEADER, made))
        listed = request.fields
    }

    private func setMethod(_ request: OutboundRequest) throws(OutboundError) {
        try set(CURLOPT_NOBODY, 0)
        unsafe try check(beckon_curl_set_pointer(pointer, CURLOPT_CUSTOMREQUEST, nil))
        switch request.method {
        case .get: try set(CURLOPT_HTTPGET, 1)
        case .head: try set(CURLOPT_NOBODY, 1)
        case .post: try set(body: request.body)
        case .put, .patch, .other:
            try set(body: request.body)
            try set(CURLOPT_CUSTOMREQUEST, request.method.name)
        case .delete, .options:
            if request.body.isEmpty {
                try set(CURLOPT_HTTPGET, 1)
            } else {
                try set(body: request.body)
            }
            try set(CURLOPT_CUSTOMREQUEST, request.method.name)
        }
    }

    private func set(body: [UInt8]) throws(OutboundError) {
        try set(CURLOPT_POST, 1)
        try set(CURLOPT_POSTFIELDSIZE, body.count)
        let code = unsafe body.withUnsafeBytes { bytes in
            // An empty array may have no address, and then libcurl would read the body from a
            // stream.
            unsafe beckon_curl_set_pointer(
                pointer,
                CURLOPT_COPYPOSTFIELDS,
                bytes.isEmpty ? UnsafeRawPointer(errorText) : bytes.baseAddress
            )
        }
        try check(code)
    }

    private func set(_ option: CURLoption, _ value: Int) throws(OutboundError) {
        unsafe try check(beckon_curl_set_long(pointer, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(OutboundError) {
        let code = unsafe value.withCString { text in
            unsafe beckon_curl_set_pointer(pointer, option, text)
        }
        try check(code)
    }

    /// libcurl makes a copy.
    private func set(_ option: CURLoption, _ bytes: [UInt8]) throws(OutboundError) {
        let code = unsafe bytes.withUnsafeBytes { bytes in
            unsafe beckon_curl_set_blob(pointer, option, bytes.baseAddress, bytes.count)
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
        let whole = min(max(parts.seconds, 0), 86_400) * 1000
        return max(1, Int(whole + parts.attoseconds / 1_000_000_000_000_000))
    }

    // MARK: Callbacks

    private func setCallbacks() throws(OutboundError) {
        unsafe try check(beckon_curl_set_write(pointer, CURLOPT_WRITEFUNCTION, takeBody))
        unsafe try check(beckon_curl_set_write(pointer, CURLOPT_HEADERFUNCTION, takeHeadLine))
        unsafe try check(beckon_curl_set_open_socket(pointer, openSocket))
        unsafe try check(beckon_curl_set_prerequest(pointer, begin))
    }
}

// Functions for libcurl. Each gets the handle, which outlives the transfer, unretained.

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ stored: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe EasyHandle.from(stored)?.transfer else { return 0 }
    let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe transfer.takeBody(buffer) ? size * count : 0
}

private func takeHeadLine(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ stored: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe EasyHandle.from(stored)?.transfer else { return 0 }
    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe line.withMemoryRebound(to: UInt8.self) { line in
        unsafe transfer.takeHeadLine(line.span)
    } ? size * count : 0
}

private func openSocket(
    _ stored: UnsafeMutableRawPointer?,
    _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let transfer = unsafe EasyHandle.from(stored)?.transfer, let address = unsafe address,
        let target = unsafe beckon_curl_address(address),
        transfer.mayOpen(unsafe InternetAddress(target))
    else { return CURL_SOCKET_BAD }
    return unsafe beckon_curl_open_socket(address)
}

private func begin(
    _ stored: UnsafeMutableRawPointer?,
    _ address: UnsafeMutablePointer<CChar>?,
    _ ownAddress: UnsafeMutablePointer<CChar>?,
    _ port: Int32,
    _ ownPort: Int32
) -> Int32 {
    guard let transfer = unsafe EasyHandle.from(stored)?.transfer, let address = unsafe address,
        transfer.mayBegin(connectedTo: unsafe String(cString: address))
    else { return CURL_PREREQFUNC_ABORT }
    return CURL_PREREQFUNC_OK
}

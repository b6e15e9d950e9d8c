import CCurl
import HTTP

/// How a transfer reaches its server, and who has checked the server's address.
enum TransferRoute: Hashable, Sendable {
    /// As the destination and the environment say; every address is allowed.
    case free
    /// Without a proxy; each address is checked right before the connection to it is opened.
    case direct
    /// Opens no connection: finds the addresses that `direct` would try.
    case lookup
    /// Through a proxy that gets the checked address, so that it resolves nothing. Without an
    /// address it gets the name, and is responsible for what it resolves that to.
    case proxy(String, InternetAddress?)
}

/// Scheme and host of a URL, as libcurl reads it: a check by other rules could be bypassed.
struct URLOrigin: Hashable, Sendable {
    let scheme: String
    /// An IPv6 address without its brackets.
    let host: String

    init(_ url: String) throws(OutboundError) {
        try CurlHTTPClient.load()
        let handle = unsafe curl_url()
        defer { unsafe curl_url_cleanup(handle) }
        let code = unsafe curl_url_set(handle, CURLUPART_URL, url, 0)
        guard unsafe handle != nil, code == CURLUE_OK,
            let scheme = unsafe Self.part(CURLUPART_SCHEME, of: handle),
            let host = unsafe Self.part(CURLUPART_HOST, of: handle)
        else { throw .invalid("the URL cannot be read") }
        self.scheme = scheme
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer?) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text = unsafe text
        else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }
}

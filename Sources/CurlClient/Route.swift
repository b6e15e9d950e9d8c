import CCurl
import HTTP

/// Which way a request takes, and who answers for the address at its end.
enum Route: Hashable, Sendable {
    /// As the destination and the environment say, to any address.
    case free
    /// Guarded and without a proxy: each address is judged when it is about to be connected to.
    case direct
    /// Opens no connection and learns which addresses `direct` would try.
    case lookup
    /// Guarded, through a proxy that is told the address, so that it resolves nothing. Without an
    /// address it is told the name, and answers for what it resolves that to.
    case proxy(String, InternetAddress?)
}

/// Where a URL leads, as libcurl reads it: whatever judged a URL by other rules could be deceived.
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

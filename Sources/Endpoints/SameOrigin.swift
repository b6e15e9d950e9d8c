import HTTP
import Texts

/// Whether a form was sent from our own page. The ticket in the address already protects the login;
/// this also protects it from other pages that have learned the address.
enum SameOrigin {
    /// `publicOrigin` is the origin that browsers see, as `origin(of:)` makes it, in case a proxy
    /// rewrites `Host`. Clients that send neither field are not browsers and are allowed.
    static func allows(_ request: Request, publicOrigin: String?) -> Bool {
        // Set by the browser (Fetch Metadata §2.2); `none` is a user action such as a reload.
        let sites = request.fields("sec-fetch-site")
        guard sites.allSatisfy({ $0.isASCII && ($0 == "same-origin" || $0 == "none") }),
            sites.count <= 1
        else {
            return false
        }
        let origins = request.fields("origin")
        guard let text = origins.first else { return true }
        // An origin is ASCII (RFC 6454 §6.2).
        guard origins.count == 1, text.isASCII else { return false }
        // A browser hides the origin of a page with `Referrer-Policy: no-referrer` (Fetch §3.2), but
        // still tells whether it is ours. Alone it may come from any sandboxed page.
        if text.isExactly("null") { return sites.first == "same-origin" }
        guard let origin = origin(of: text), hasNothingAfterAuthority(text) else { return false }
        if origin == publicOrigin { return true }
        // The scheme is not compared: it is unknown behind a proxy that terminates TLS.
        guard let host = request.field("host"), host.isASCII,
            let colon = origin.firstRange(of: "://"),
            let ours = Self.origin(of: origin[..<colon.upperBound] + host)
        else { return false }
        return origin == ours
    }

    /// The origin of an absolute URL, in lower case and without a default port (RFC 6454 §6.1).
    static func origin(of url: String) -> String? {
        guard let colon = url.firstRange(of: "://") else { return nil }
        let scheme = url[..<colon.lowerBound].lowercased()
        var authority = url[colon.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        for (name, port) in [("https", ":443"), ("http", ":80")]
        where scheme == name && authority.hasSuffix(port) {
            authority = authority.dropLast(port.utf8.count)
        }
        // A colon without a port stands for the default port (RFC 3986 §3.2.3).
        if authority.hasSuffix(":") { authority = authority.dropLast() }
        return authority.isEmpty ? nil : scheme + "://" + authority.lowercased()
    }

    private static func hasNothingAfterAuthority(_ origin: String) -> Bool {
        guard let colon = origin.firstRange(of: "://") else { return false }
        return !origin[colon.upperBound...].contains { $0 == "/" || $0 == "?" || $0 == "#" }
    }
}

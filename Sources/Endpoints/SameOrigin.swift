import HTTP
import Texts

/// Whether a form was sent from our own page. The ticket in the address already protects the login;
/// this also protects it from other pages that have learned the address.
enum SameOrigin {
    /// `publicOrigin` is the origin that browsers see, `https://host:port`, in case a proxy rewrites
    /// `Host`. Clients that send neither field are not browsers and are allowed.
    static func allows(_ request: Request, publicOrigin: String?) -> Bool {
        // Set by the browser (Fetch Metadata §2.2); `none` is a user action such as a reload.
        let sites = request.fields("sec-fetch-site")
        guard sites.allSatisfy({ $0.isASCII && ($0 == "same-origin" || $0 == "none") }),
            sites.count <= 1
        else {
            return false
        }
        let origins = request.fields("origin")
        guard let origin = origins.first else { return true }
        // An origin is ASCII (RFC 6454 §6.2).
        guard origins.count == 1, origin.isASCII else { return false }
        if let publicOrigin, origin.lowercased() == publicOrigin { return true }
        // The scheme is not compared: it is unknown behind a proxy that terminates TLS.
        guard let host = request.field("host")?.lowercased(), host.isASCII,
            let colon = origin.range(of: "://")
        else { return false }
        return origin[colon.upperBound...].lowercased() == host
    }

    /// The origin of an absolute URL (RFC 6454 §6.1, without dropping default ports).
    static func origin(of url: String) -> String? {
        guard let colon = url.range(of: "://") else { return nil }
        let authority = url[colon.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return authority.isEmpty ? nil : (url[..<colon.upperBound] + authority).lowercased()
    }
}

extension StringProtocol {
    /// The first occurrence of `other`.
    fileprivate func range(of other: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) {
                return start..<index(start, offsetBy: other.count)
            }
            formIndex(after: &start)
        }
        return nil
    }
}

import HTTP

/// Whether a form was sent from our own page. The ticket in the address is what keeps strangers
/// out; this also stops a page of theirs that has learned an address from deciding unseen.
enum SameOrigin {
    /// `publicOrigin` is ours as browsers know it, `https://host:port`, for when a proxy in front
    /// rewrites `Host`. Programs that send neither field are not browsers and pass.
    static func allows(_ request: Request, publicOrigin: String?) -> Bool {
        // Fetch Metadata §2.2: the browser's own word; `none` is the person's doing.
        let sites = request.fields("sec-fetch-site")
        guard sites.allSatisfy({ $0 == "same-origin" || $0 == "none" }), sites.count <= 1 else {
            return false
        }
        let origins = request.fields("origin")
        guard let origin = origins.first else { return true }
        guard origins.count == 1 else { return false }
        if let publicOrigin, origin.lowercased() == publicOrigin { return true }
        // The scheme is not compared: behind a proxy that ends TLS we do not know it.
        guard let host = request.field("host")?.lowercased(),
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
    /// Where `other` first occurs; the standard library has this for whole strings only.
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

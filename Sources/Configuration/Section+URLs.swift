public import HTTP

extension Section {
    /// An absolute `http` or `https` URL without user, fragment or trailing slash; nil when absent or
    /// wrong. `internalSwitch` is the key that allows internal addresses and plain `http`, and its
    /// value; nil allows internal addresses, and plain `http` to loopback addresses and in
    /// development. `pasted` has the segments of a path, or several of them with slashes in
    /// between, which show that more than the base of the URL was copied. `keepsSlash` is for
    /// identifiers that are compared exactly.
    public func url(
        _ key: String,
        internalSwitch: (key: String, value: Bool)? = nil,
        allowsQuery: Bool = false,
        pasted: Set<String> = [],
        keepsSlash: Bool = false,
        example: String,
        required isRequired: Bool = false,
        _ about: String
    ) -> String? {
        guard let text = text(key, example: example, required: isRequired, about),
            checkURL(text, key, internalSwitch, allowsQuery: allowsQuery)
        else { return nil }
        if !pasted.isEmpty { checkIsBase(text, key, without: pasted) }
        return text.hasSuffix("/") && !keepsSlash ? String(text.dropLast()) : text
    }

    /// A URL that is required and contains `{user}` once, where the percent-encoded user
    /// identifier goes.
    public func userURL(_ key: String, example: String, _ about: String) -> String {
        guard let template = text(key, example: example, required: true, about) else { return "" }
        let parts = template.split(separator: "{user}", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            problem(key, "must contain {user} once, where the user identifier goes")
            return template
        }
        // Braces are not URL characters; the check is made with a user in their place.
        let filled = parts.joined(separator: "user")
        guard checkURL(filled, key, nil, allowsQuery: true) else { return template }
        // A user identifier inside the host name would choose who gets our token.
        let afterScheme = parts[0].drop { $0 != ":" }.drop { $0 == ":" || $0 == "/" }
        if !afterScheme.contains(where: { $0 == "/" || $0 == "?" }) {
            problem(key, "must contain {user} in its path or its query")
        }
        return template
    }

    private func checkURL(
        _ text: String,
        _ key: String,
        _ internalSwitch: (key: String, value: Bool)?,
        allowsQuery: Bool
    ) -> Bool {
        guard let parts = HTTPAddress(text) else {
            problem(key, "must be an absolute https URL")
            return false
        }
        guard parts.userInformation == nil, parts.fragment == nil else {
            problem(key, "must not contain a user, a password or a fragment")
            return false
        }
        guard allowsQuery || parts.query == nil else {
            problem(key, "must not contain a query")
            return false
        }
        guard !Self.hasDotSegments(parts.path) else {
            problem(key, "must not contain a segment . or ..")
            return false
        }
        let host = HostScope(parts.host)
        if let reason = host.unusable {
            problem(key, reason)
            return false
        }
        if let internalSwitch, !internalSwitch.value, host.isInternal {
            problem(
                key,
                "leads to an internal address, which is refused without \(internalSwitch.key): true"
            )
            return false
        }
        let (switchKey, isAllowed) = internalSwitch ?? ("development", isDevelopment)
        guard parts.isSecure || isAllowed || (internalSwitch == nil && host.isLoopback) else {
            problem(
                key,
                "must be https; plain http is allowed "
                    + (internalSwitch == nil ? "for loopback addresses, and for others " : "")
                    + "with \(switchKey): true"
            )
            return false
        }
        if let internalSwitch, !internalSwitch.value, host.isProbablyInternal {
            warn(
                key,
                "looks like a name of an internal network; internal addresses are refused without "
                    + "\(internalSwitch.key): true"
            )
        }
        return true
    }

    /// Whether a path has a segment `.` or `..`, encoded or not (RFC 3986 §5.2.4): what is sent is
    /// another path.
    public static func hasDotSegments(_ path: String) -> Bool {
        path.split(separator: "/").contains {
            [".", ".."].contains($0.lowercased().replacing("%2e", with: "."))
        }
    }

    /// Notes a URL whose path goes on after the base that was asked for.
    public func checkIsBase(_ url: String, _ key: String, without pasted: Set<String>) {
        guard let path = HTTPAddress(url)?.path else { return }
        let segments = path.lowercased().split(separator: "/")
        let found = segments.indices.lazy.compactMap { index in
            let rest = segments[index...].joined(separator: "/") + "/"
            return pasted.first { rest.hasPrefix($0 + "/") }
        }
        guard let segment = found.first else { return }
        problem(
            key,
            "must be the base URL alone: Beckon adds the path that begins with \(segment) by itself"
        )
    }

    /// How another server is reached and trusted: the keys `ca`, `certificate` and `key`.
    public func destination(
        allowsInternal: Bool = true,
        proxyResolves: Bool = false
    ) -> Destination {
        let authorities = authorities(
            "ca",
            example: "tls/ca.pem",
            "PEM file of the certificate authorities to trust. Default: those of the system."
        )
        let certificate = file(
            "certificate",
            example: "tls/beckon-client.pem",
            "PEM file of the client certificate chain for mutual TLS."
        )
        let privateKey = file(
            "key",
            example: "tls/beckon-client.key",
            "PEM file of its private key, not encrypted."
        )
        if has("certificate") != has("key") {
            let absent = has("key") ? "certificate" : "key"
            problem(absent, "is missing: certificate and key must be set together")
        }
        if let certificate, let privateKey { checkCertifiedKey(certificate, key: privateKey) }
        return Destination(
            authorities: authorities,
            certificate: certificate,
            key: privateKey,
            allowsInternalAddresses: allowsInternal,
            proxyResolvesNames: proxyResolves
        )
    }
}

/// What the host of a URL says about where the URL leads, without resolving names.
public struct HostScope {
    private let name: String
    private let address: InternetAddress?

    /// The scope of the host of a URL.
    public init(_ host: String) {
        // `localhost.` is `localhost` (RFC 1034 §3.1).
        let host = host.lowercased()
        name = host.hasSuffix(".") ? String(host.dropLast()) : host
        address = InternetAddress(urlHost: name)
    }

    /// Why nothing should be sent there, whatever is allowed.
    var unusable: String? {
        guard let address else { return nil }
        if address.isNoServer { return "\(address) is not the address of one server" }
        if address.isLinkLocal {
            return "\(address) is a link-local address, where clouds serve a machine's credentials"
        }
        return nil
    }

    var isLoopback: Bool {
        address?.isLoopback ?? (name == "localhost" || name.hasSuffix(".localhost"))
    }

    /// Whether the address is certainly not public.
    public var isInternal: Bool { isLoopback || address.map { !$0.isPublic } ?? false }

    /// Whether the name is one that only a private network resolves (RFC 6762, RFC 8375, ICANN's
    /// `internal`), or a name without a domain.
    public var isProbablyInternal: Bool {
        guard address == nil else { return false }
        let ends = [".local", ".internal", ".home.arpa", ".lan"]
        return !name.contains(".") || ends.contains(where: name.hasSuffix)
    }
}

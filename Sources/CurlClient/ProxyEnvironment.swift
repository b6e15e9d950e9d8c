import Glibc
import HTTP

/// The proxy that the environment names, by libcurl's rules (curl(1), "Environment").
///
/// libcurl does the same by itself and does not say what came of it, which the guard has to know.
struct ProxyEnvironment {
    /// The value of a variable; nil when it is empty or not set.
    let variable: (String) -> String?

    /// The process's own.
    static var current: ProxyEnvironment {
        ProxyEnvironment { name in
            guard let text = unsafe getenv(name) else { return nil }
            return unsafe text.pointee == 0 ? nil : String(cString: text)
        }
    }

    /// Nil when nothing stands between us and the host.
    func proxy(to origin: URLOrigin) -> String? {
        if isExempt(origin.host) { return nil }
        let name = origin.scheme + "_proxy"
        // HTTP_PROXY is not read: a CGI program would have it from its client's "Proxy" field.
        let upper = origin.scheme == "http" ? nil : variable(name.uppercased())
        return variable(name) ?? upper ?? variable("all_proxy") ?? variable("ALL_PROXY")
    }

    private func isExempt(_ host: String) -> Bool {
        guard let list = variable("no_proxy") ?? variable("NO_PROXY") else { return false }
        if list == "*" { return true }
        let isAddress = InternetAddress(host) != nil
        let host = Self.bare(host)
        return list.split { $0 == "," || $0 == " " || $0 == "\t" }.contains { entry in
            if isAddress { return AddressRange(String(entry))?.contains(host) == true }
            let domain = Self.bare(String(entry.first == "." ? entry.dropFirst() : entry))
            return !domain.isEmpty && (host == domain || host.hasSuffix("." + domain))
        }
    }

    /// A name in lower case and without the dot that may end it.
    private static func bare(_ name: String) -> String {
        let name = name.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}

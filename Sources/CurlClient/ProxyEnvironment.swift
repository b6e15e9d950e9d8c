import Glibc
import HTTP

/// The proxy of the environment, by libcurl's rules (curl(1), "Environment").
///
/// libcurl does the same but does not report the result, which the address check needs.
struct ProxyEnvironment {
    /// The value of a variable; nil when it is empty or not set.
    let variable: (String) -> String?

    /// The environment of the process.
    static var current: ProxyEnvironment {
        ProxyEnvironment { name in
            guard let text = unsafe getenv(name) else { return nil }
            return unsafe text.pointee == 0 ? nil : String(cString: text)
        }
    }

    /// Nil when the host is reached without a proxy.
    func proxy(to origin: URLOrigin) -> String? {
        if isExempt(origin.host) { return nil }
        let name = origin.scheme + "_proxy"
        // HTTP_PROXY is not read: in a CGI program it is the client's "Proxy" field.
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

    /// A name in lower case without its final dot.
    private static func bare(_ name: String) -> String {
        let name = name.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}

import Cryptography
import HTTP
import JSON

/// Where a browser receives Web Push (RFC 8030), and the keys that messages are encrypted with
/// (RFC 8291). It comes from a device, so nothing in it is trusted.
struct PushSubscription: Hashable, Sendable {
    /// A URL of a push service: https, without a user and a fragment. Secret: whoever knows it can send.
    let endpoint: String
    /// Scheme, host and, unless it is 443, port of the endpoint (RFC 6454 §6.2).
    let origin: String
    /// The host of the endpoint in small letters.
    let host: String
    /// The browser's key of P-256.
    let key: PublicKey
    /// 16 bytes that only the browser and Beckon know.
    let secret: [UInt8]

    /// Bytes of a subscription as JSON.
    static let longest = 4096

    /// Reads what `PushSubscription.toJSON()` of a browser returns; nil for anything else.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longest, let value = try? JSONValue(Array(text.utf8)),
            let endpoint = value["endpoint"]?.string,
            let point = value["keys"]?["p256dh"]?.string.flatMap({ Base64URL.decode($0) }),
            let secret = value["keys"]?["auth"]?.string.flatMap({ Base64URL.decode($0) }),
            point.count == 65, point[0] == 4, secret.count == 16,
            let key = try? PublicKey(.p256(x: Array(point[1...32]), y: Array(point[33...])))
        else { return nil }
        guard let address = HTTPAddress(endpoint), address.isSecure,
            address.userInformation == nil, address.fragment == nil, !address.path.isEmpty
        else { return nil }
        self.endpoint = endpoint
        host = address.host.lowercased()
        let literal = host.contains(":") ? "[\(host)]" : host
        let port = address.port.map { $0 == 443 ? "" : ":\($0)" } ?? ""
        origin = "https://\(literal)\(port)"
        self.key = key
        self.secret = secret
    }
}

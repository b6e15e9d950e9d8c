import Cryptography
import HTTP

/// Authenticates a client by `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1).
enum ClientAuthentication {
    static func client(
        of request: Request,
        _ form: Form,
        among clients: [SimulatedClient]
    ) throws(OAuthProblem) -> SimulatedClient {
        let header = request.field("authorization")
        let problem = OAuthProblem.invalidClient(usedBasic: header != nil)
        let id: String?
        let secret: String?
        if let header {
            // Only one method is allowed (RFC 6749 §2.3).
            guard form["client_secret"] == nil, let pair = basic(header) else { throw problem }
            if let claimed = form["client_id"], claimed != pair.id { throw problem }
            (id, secret) = pair
        } else {
            (id, secret) = (form["client_id"], form["client_secret"])
        }
        guard let secret, let client = clients.first(where: { $0.id == id }),
            ConstantTime.equal(Array(secret.utf8), Array(client.secret.utf8))
        else { throw problem }
        return client
    }

    /// Both halves are form-encoded before they are joined.
    private static func basic(_ header: String) -> (id: String, secret: String)? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let decoded = Base64.decode(String(parts[1])),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":")),
            let id = PercentEncoding.decode(decoded[..<colon], plusIsSpace: true),
            let secret = PercentEncoding.decode(decoded[(colon + 1)...], plusIsSpace: true)
        else { return nil }
        return (id, secret)
    }

    /// The bearer token; nil if there is none.
    static func bearer(of request: Request) -> String? {
        guard let header = request.field("authorization") else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}

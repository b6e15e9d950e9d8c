import Cryptography
public import JOSE
import JSON
import Logins
import Threads

/// Identifies Beckon to push services (RFC 8292). A token is made once in 12 hours for each service, so
/// that a message costs no signature.
public final class VAPID: Sendable {
    /// RFC 8292 §2 allows 24 hours.
    static let lifetime = Duration.seconds(24 * 3600 - 600)
    static let reuse = Duration.seconds(12 * 3600)
    /// Far more services than there are.
    static let mostTokens = 1000

    /// The public key as subscriptions name it (`applicationServerKey`), in base64url.
    public let publicKey: String
    private let key: SigningKey
    private let contact: String
    private let tokens = Locked<[String: (text: String, until: Timestamp)]>([:])

    /// Nil unless the key is of P-256 and `contact` is one that services accept; see `isContact`.
    public init?(_ key: SigningKey, contact: String) {
        guard key.algorithm == .es256, Self.isContact(contact),
            let point = key.verificationKey.publicKey.flatMap(PushEncryption.point)
        else { return nil }
        publicKey = Base64URL.encode(point)
        self.key = key
        self.contact = contact
    }

    /// Whether a contact is `https:` or `mailto:` with an address that services accept: they refuse
    /// reserved domains, and spaces.
    public static func isContact(_ text: String) -> Bool {
        let host: Substring
        if text.hasPrefix("mailto:") {
            let parts = text.dropFirst("mailto:".count).split(
                separator: "@",
                omittingEmptySubsequences: false
            )
            guard parts.count == 2, !parts[0].isEmpty else { return false }
            host = parts[1]
        } else if text.hasPrefix("https://") {
            host = text.dropFirst("https://".count).prefix { $0 != "/" && $0 != ":" }
        } else {
            return false
        }
        let labels = host.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        let reserved = ["localhost", "local", "invalid", "test", "internal", "lan"]
        return text.utf8.allSatisfy { (0x21...0x7E).contains($0) } && labels.count >= 2
            && labels.allSatisfy { !$0.isEmpty } && !reserved.contains(String(labels.last ?? ""))
    }

    /// The value of `Authorization` for a push service.
    ///
    /// - Throws: `KeyError` if OpenSSL fails.
    func authorization(for origin: String, at now: Timestamp) throws(KeyError) -> String {
        if let token = tokens.withLock({ $0[origin] }), now < token.until {
            return field(token.text)
        }
        let expires = (now + Self.lifetime).milliseconds / 1000
        let claims = JSONValue.members([
            "aud": .string(origin), "exp": .integer(expires), "sub": .string(contact),
        ])
        let text: String
        do {
            text = try JWS.sign(
                payload: claims.bytes,
                header: JSONObject([JSONObject.Member(name: "typ", value: .string("JWT"))]),
                key: key
            )
        } catch {
            throw .openSSL
        }
        tokens.withLock { tokens in
            if tokens.count >= Self.mostTokens { tokens.removeAll() }
            tokens[origin] = (text, now + Self.reuse)
        }
        return field(text)
    }

    private func field(_ token: String) -> String { "vapid t=\(token), k=\(publicKey)" }
}

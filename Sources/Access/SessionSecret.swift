import Cryptography

/// The secret of a session, as the browser's cookie has it: 256 random bits in base64url.
public struct SessionSecret: Sendable {
    private let bytes: [UInt8]

    /// Nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 43, let bytes = Base64URL.decode(text), bytes.count == 32 else {
            return nil
        }
        self.bytes = bytes
    }

    /// The cookie that has it. The prefix makes browsers accept it only over TLS (or from this
    /// machine), for this host alone and for all paths (RFC 6265bis §4.1.3.2).
    public static func cookieName(_ application: SignInApplication) -> String {
        "__Host-beckon-" + application.rawValue
    }

    /// What the store has: SHA-256.
    public var digest: [UInt8] { SHA256.digest(bytes) }

    /// The token that each form of a page of the session must have, so that no other site can send
    /// one. It does not reveal the secret.
    public var formToken: String {
        Base64URL.encode(HMAC.sha256(key: bytes, Array("beckon-form-v1".utf8)))
    }

    /// Whether a form has the token. In constant time.
    public func isFormToken(_ text: String) -> Bool {
        ConstantTime.equal(Array(text.utf8), Array(formToken.utf8))
    }
}

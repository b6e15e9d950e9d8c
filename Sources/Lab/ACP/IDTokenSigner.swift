import JOSE
import JSON

/// Signs ID tokens with ES256 and a key of this process (OpenID Connect Core §2).
struct IDTokenSigner: Sendable {
    private let key: SigningKey

    init() {
        guard let key = try? SigningKey.generate(.es256, id: "sim-1") else {
            preconditionFailure("OpenSSL makes a key on P-256")
        }
        self.key = key
    }

    /// A compact JWS (RFC 7515 §7.1).
    func sign(_ claims: JSONValue) -> String {
        let header = JSONObject([.init(name: "typ", value: .string("JWT"))])
        guard let token = try? JWS.sign(payload: claims.bytes, header: header, key: key) else {
            preconditionFailure("OpenSSL signs with a key that it made")
        }
        return token
    }

    /// The public key as a JWK set (RFC 7517 §5).
    var keys: JSONValue { keySet.json }

    /// The public key, to verify its own tokens.
    var keySet: JWKSet { JWKSet([key.verificationKey]) }
}

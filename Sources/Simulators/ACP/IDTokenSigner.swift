import Cryptography
import JSON

/// Makes ID tokens (OpenID Connect Core §2) with ES256 and a key that lives as long as the process.
struct IDTokenSigner: Sendable {
    private let key: PrivateKey
    private let keyID = "sim-1"

    init() {
        guard let key = try? PrivateKey.generate(.p256) else {
            preconditionFailure("OpenSSL makes a key on P-256")
        }
        self.key = key
    }

    /// A compact JWS (RFC 7515 §7.1).
    func sign(_ claims: JSONValue) -> String {
        let header = JSONValue.members([
            "alg": .string("ES256"), "typ": .string("JWT"), "kid": .string(keyID),
        ])
        let input = [header, claims].map { Base64URL.encode($0.bytes) }.joined(separator: ".")
        guard let signature = try? key.sign(Array(input.utf8), by: .ecdsaP256) else {
            preconditionFailure("OpenSSL signs with a key that it made")
        }
        return input + "." + Base64URL.encode(signature)
    }

    /// The public key as a JWK set (RFC 7517 §5).
    var keys: JSONValue {
        guard case .p256(let x, let y) = key.publicKey.numbers else {
            preconditionFailure("a key on P-256 has coordinates")
        }
        return .members([
            "keys": .array([
                .members([
                    "kty": .string("EC"), "crv": .string("P-256"), "use": .string("sig"),
                    "alg": .string("ES256"), "kid": .string(keyID),
                    "x": .string(Base64URL.encode(x)),
                    "y": .string(Base64URL.encode(y)),
                ])
            ])
        ])
    }
}

import Cryptography
public import JOSE
public import JSON
public import Logins

/// Reads the public keys that clients are registered with.
///
/// A text with a private key is refused, whatever else it has: the private key of a client never
/// leaves the client.
public enum PublicKeyText {
    static let privateKey = APIClientProblem(
        member: "keys",
        rule: "must be public keys: a private key was sent. It is not stored; replace it, because "
            + "others have seen it"
    )

    /// A key as PEM (a public key, or a certificate that has it) or JWK.
    ///
    /// - Throws: `APIClientProblem` for a private key, a weak one, and anything else.
    public static func read(_ text: String) throws(APIClientProblem) -> VerificationKey {
        // Also of a text that is damaged, or has a certificate and its private key.
        guard !text.utf8.contains(subsequence: "PRIVATE KEY-----") else { throw privateKey }
        if text.drop(while: \.isWhitespace).first == "{" {
            guard let value = try? JSONValue(Array(text.utf8)) else {
                throw APIClientProblem(member: "keys", rule: "must be PEM or JWK")
            }
            return try read(value)
        }
        do throws(KeyError) {
            return VerificationKey(try PublicKey(pem: text))
        } catch .label("CERTIFICATE") {
            do { return VerificationKey(try PublicKey(certificatePEM: text)) } catch {
                throw problem(error)
            }
        } catch {
            throw problem(error)
        }
    }

    /// A key as JWK (RFC 7517 §4).
    ///
    /// - Throws: `APIClientProblem`.
    public static func read(_ jwk: JSONValue) throws(APIClientProblem) -> VerificationKey {
        do {
            let parsed = try JWK(jwk)
            guard !parsed.isPrivate else { throw JOSEError.privateKey }
            guard parsed.isForSignatures else {
                throw APIClientProblem(member: "keys", rule: "must be for signatures")
            }
            return try parsed.verificationKey()
        } catch let error as APIClientProblem {
            throw error
        } catch JOSEError.privateKey {
            throw privateKey
        } catch JOSEError.key(let error) {
            throw problem(error)
        } catch {
            throw APIClientProblem(member: "keys", rule: "must be public keys: \(error)")
        }
    }

    private static func problem(_ error: KeyError) -> APIClientProblem {
        APIClientProblem(member: "keys", rule: "must be public keys: the key \(error)")
    }
}

extension APIClientKey {
    /// A key for registration, named by `id`, else as the key is, else by its thumbprint.
    ///
    /// - Throws: `APIClientProblem`.
    public init(
        registering key: VerificationKey,
        id: String?,
        at now: Timestamp
    ) throws(APIClientProblem) {
        guard let publicKey = key.publicKey else { throw PublicKeyText.privateKey }
        let name = id ?? key.id ?? Thumbprint.sha256(of: publicKey)
        guard name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw APIClientProblem(member: "kid", rule: "must have no control characters")
        }
        try self.init(
            id: name,
            key: VerificationKey(publicKey, id: name, algorithm: key.algorithm),
            addedAt: now
        )
    }

    /// SHA-256 thumbprint (RFC 7638) in base64url.
    public var thumbprint: String { key.publicKey.map { Thumbprint.sha256(of: $0) } ?? "" }

    /// `kty` (RFC 7518 §6.1, RFC 8037 §2).
    public var type: String {
        switch key.publicKey?.kind {
        case .rsa: "RSA"
        case .p256: "EC"
        case .ed25519, nil: "OKP"
        }
    }

    /// The size of an RSA modulus, else of the curve.
    public var bits: Int {
        if case .rsa(let bits) = key.publicKey?.kind { bits } else { 256 }
    }
}

extension String.UTF8View {
    fileprivate func contains(subsequence text: StaticString) -> Bool {
        let wanted = Array(text.description.utf8)
        let bytes = Array(self)
        guard bytes.count >= wanted.count else { return false }
        return (0...bytes.count - wanted.count).contains { start in
            bytes[start] == wanted[0] && bytes[start..<start + wanted.count].elementsEqual(wanted)
        }
    }
}

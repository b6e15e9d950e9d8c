public import Cryptography
public import JSON
import Texts

/// A parsed JSON Web Key (RFC 7517 §4). Its form is checked, its strength is not.
public struct JWK: Sendable {
    /// Members that only a private or secret key has.
    private static let privateNames: Set<ExactText> = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

    private let object: JSONObject
    /// `kid`.
    public let id: String?
    /// `alg`, if it is supported.
    public let algorithm: SignatureAlgorithm?
    /// Whether `use` and `key_ops` allow verifying signatures.
    public let isForSignatures: Bool

    /// Parses a JWK.
    ///
    /// - Throws: `JOSEError`.
    public init(bytes: [UInt8]) throws(JOSEError) {
        guard bytes.count <= JOSELimits.keySet else { throw .tooLong(limit: JOSELimits.keySet) }
        let limits = JSONLimits(depth: JOSELimits.depth)
        guard let value = try? JSONValue(bytes, limits: limits) else { throw .notJSONObject }
        try self.init(value)
    }

    /// The same from a tree.
    ///
    /// - Throws: `JOSEError`, with `.unsupportedKey` for an `alg` that is not supported.
    public init(_ value: JSONValue) throws(JOSEError) {
        guard let object = value.object else { throw .notJSONObject }
        self.object = object
        id = try object.text("kid")
        guard id.map({ !$0.isEmpty && $0.utf8.count <= JOSELimits.keyID }) ?? true else {
            throw .malformed("kid")
        }
        if let name = try object.text("alg") {
            guard let known = SignatureAlgorithm(exactly: name) else { throw .unsupportedKey }
            algorithm = known
        } else {
            algorithm = nil
        }
        var operations: [JSONValue]?
        if let member = object["key_ops"] {
            guard let values = member.array else { throw .malformed("key_ops") }
            operations = values
        }
        let uses = operations.map { $0.contains(.string("verify")) || $0.contains(.string("sign")) }
        isForSignatures = (try object.text("use") ?? "sig").isExactly("sig") && uses ?? true
    }

    /// Whether it has members of a private or secret key.
    public var isPrivate: Bool {
        object.members.contains { Self.privateNames.contains($0.name.exact) }
    }

    /// The public key.
    ///
    /// - Throws: `JOSEError`, with `.privateKey` when the JWK has a private key: its sender has
    ///   disclosed it.
    public func verificationKey() throws(JOSEError) -> VerificationKey {
        guard !isPrivate else { throw .privateKey }
        let key: PublicKey
        let numbers = try publicNumbers()
        do { key = try PublicKey(numbers) } catch { throw .key(error) }
        if let algorithm {
            guard let scheme = algorithm.scheme, scheme.fits(key.kind) else { throw .algorithm }
        }
        return VerificationKey(key, id: id, algorithm: algorithm)
    }

    /// The private key.
    ///
    /// - Throws: `JOSEError`, with `.missing` when it is a public key.
    public func privateKey() throws(JOSEError) -> PrivateKey {
        let numbers: PrivateKeyNumbers
        switch try publicNumbers() {
        case .rsa(let modulus, let exponent):
            // More than two primes (RFC 7518 §6.3.2.7).
            guard object["oth"] == nil else { throw .unsupportedKey }
            numbers = .rsa(
                PrivateKeyNumbers.RSA(
                    modulus: modulus,
                    exponent: exponent,
                    privateExponent: try number("d"),
                    firstPrime: try number("p"),
                    secondPrime: try number("q"),
                    firstExponent: try number("dp"),
                    secondExponent: try number("dq"),
                    coefficient: try number("qi")
                )
            )
        case .p256(let x, let y): numbers = .p256(x: x, y: y, d: try number("d", width: 32))
        case .ed25519(let x): numbers = .ed25519(x: x, d: try number("d", width: 32))
        }
        do { return try PrivateKey(numbers) } catch { throw .key(error) }
    }

    /// The secret of an `oct` key (RFC 7518 §6.4).
    ///
    /// - Throws: `JOSEError`.
    public func secret() throws(JOSEError) -> SharedSecret {
        guard try object.text("kty")?.exact == "oct" else { throw .unsupportedKey }
        return try SharedSecret(number("k"))
    }

    private func publicNumbers() throws(JOSEError) -> PublicKeyNumbers {
        guard let type = try object.text("kty") else { throw .missing("kty") }
        switch (type.exact, try object.text("crv")?.exact) {
        case ("RSA", _):
            let (modulus, exponent) = (try number("n"), try number("e"))
            // Numbers must be in canonical form, or one key would have several thumbprints.
            guard modulus.first != 0 else { throw .malformed("n") }
            guard exponent.first != 0 else { throw .malformed("e") }
            return .rsa(modulus: modulus, exponent: exponent)
        case ("EC", "P-256"):
            return .p256(x: try number("x", width: 32), y: try number("y", width: 32))
        case ("OKP", "Ed25519"): return .ed25519(try number("x", width: 32))
        default: throw .unsupportedKey
        }
    }

    /// A number in base64url, with exactly `width` bytes if that is given.
    private func number(_ name: String, width: Int? = nil) throws(JOSEError) -> [UInt8] {
        guard let text = try object.text(name) else { throw .missing(name) }
        guard let bytes = Base64URL.decode(text), !bytes.isEmpty,
            bytes.count <= KeyKind.rsaBits.upperBound / 8, width.map({ $0 == bytes.count }) ?? true
        else { throw .malformed(name) }
        return bytes
    }
}

extension JSONObject {
    /// A member that must be a string if it is present.
    func text(_ name: String) throws(JOSEError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw .malformed(name) }
        return text
    }
}

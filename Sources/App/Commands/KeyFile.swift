import Commands
import Configuration
import Cryptography
import Glibc
import JOSE
import JSON

/// Files with keys, for the commands.
enum KeyFile {
    /// The public part of the key in a file, with a name. Warns if other users can read a private
    /// key.
    static func read(
        _ path: String,
        warningTo terminal: any Terminal
    ) throws(CommandFailure) -> VerificationKey {
        let bytes: [UInt8]
        switch Environment.real(directory: ".").read(path) {
        case .success(let contents): bytes = contents
        case .failure(let problem): throw CommandFailure(.failed, "\(path) \(problem.reason)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(.failed, "\(path) is not a key: neither PEM nor JWK")
        }
        let key: (public: VerificationKey, isPrivate: Bool)
        do {
            key = try parse(text)
        } catch {
            throw CommandFailure(.failed, "\(path): \(error)")
        }
        if key.isPrivate, isOpen(path) {
            terminal.error(
                "beckon: others can read the private key in \(path); use chmod 600"
            )
        }
        return key.public
    }

    /// The keys of a public JWK Set in a file; at least one.
    static func set(_ path: String) throws(CommandFailure) -> JWKSet {
        let bytes: [UInt8]
        switch Environment.real(directory: ".").read(path) {
        case .success(let contents): bytes = contents
        case .failure(let problem): throw CommandFailure(.failed, "\(path) \(problem.reason)")
        }
        let set: JWKSet
        do { set = try JWKSet(bytes: bytes) } catch {
            throw CommandFailure(.failed, "\(path) is not a JWK Set: \(error)")
        }
        guard !set.keys.isEmpty else {
            throw CommandFailure(.failed, "\(path) has no key that can verify signatures")
        }
        return set
    }

    private static func parse(
        _ text: String
    ) throws(JOSEError) -> (public: VerificationKey, isPrivate: Bool) {
        if text.drop(while: \.isWhitespace).first == "{" {
            let jwk = try JWK(bytes: Array(text.utf8))
            guard !jwk.isPrivate else { return (try SigningKey(text: text).verificationKey, true) }
            let key = try jwk.verificationKey()
            guard let publicKey = key.publicKey else { throw .unsupportedKey }
            return (named(publicKey, id: key.id, algorithm: key.algorithm), false)
        }
        do {
            return (named(try PrivateKey(pem: text).publicKey), true)
        } catch KeyError.label("PUBLIC KEY"), KeyError.label("RSA PUBLIC KEY") {
            do { return (named(try PublicKey(pem: text)), false) } catch { throw .key(error) }
        } catch {
            throw .key(error)
        }
    }

    /// PEM has no algorithm, and RSA has two: then none is published, so that both are accepted.
    private static func named(
        _ key: PublicKey,
        id: String? = nil,
        algorithm: SignatureAlgorithm? = nil
    ) -> VerificationKey {
        let only: SignatureAlgorithm? =
            switch key.kind {
            case .rsa: nil
            case .p256: .es256
            case .ed25519: .edDSA
            }
        return VerificationKey(
            key,
            id: id ?? Thumbprint.sha256(of: key),
            algorithm: algorithm ?? only
        )
    }

    /// The public part of a key, in lines.
    static func describe(_ key: VerificationKey) -> [String] {
        guard let publicKey = key.publicKey, let jwk = key.jwk else { return [] }
        let kind =
            switch publicKey.kind {
            case .rsa(let bits): "RSA, \(bits) bits"
            case .p256: "EC, P-256"
            case .ed25519: "OKP, Ed25519"
            }
        return [
            "kind        \(kind)",
            "algorithm   \(key.algorithm?.rawValue ?? "PS256 or RS256")",
            "kid         \(inert(key.id ?? "none"))",
            "thumbprint  \(Thumbprint.sha256(of: publicKey))",
            "public      \(text(jwk))",
        ]
    }

    /// JSON for a terminal.
    static func text(_ value: JSONValue) -> String {
        inert(String(decoding: value.bytes, as: UTF8.self))
    }

    /// A name comes from outside: characters that control a terminal become JSON escapes.
    private static func inert(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                String(scalar).utf16.map { unit in
                    let digits = String(unit, radix: 16)
                    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }.joined()
            default: String(scalar)
            }
        }.joined()
    }

    /// Writes a new file that only its owner can read. Removes it if that fails.
    static func create(_ path: String, _ text: String) throws(CommandFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = errno == EEXIST ? "already exists" : "cannot be created: \(why(errno))"
            throw CommandFailure(.failed, "\(path) \(reason)")
        }
        var rest = Array(text.utf8)[...]
        var isWritten = true
        while isWritten, !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            isWritten = count > 0
            rest = rest.dropFirst(max(count, 0))
        }
        isWritten = isWritten && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isWritten else {
            unlink(path)
            throw CommandFailure(.failed, "\(path) cannot be written: \(why(code))")
        }
    }

    private static func why(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func isOpen(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o077 != 0
    }
}

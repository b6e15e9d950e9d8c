public import Cryptography

/// A secret, and the file to read it from again.
public struct SecretSource: Sendable {
    /// As it was when the configuration was read.
    public let secret: Secret
    /// Nil for what cannot change: an environment variable, a text.
    public let file: String?

    /// Editors end a file with a line break that nobody means to be part of the secret.
    public static func bytes(inFile contents: [UInt8]) -> [UInt8] {
        var bytes = contents[...]
        if bytes.last == 0x0A { bytes = bytes.dropLast() }
        if bytes.last == 0x0D { bytes = bytes.dropLast() }
        return Array(bytes)
    }
}

extension Section {
    /// A secret: `{ file: "…" }`, `{ env: "…" }`, or in development a text. Nil when absent or
    /// wrong. `example` is as it is written in a file.
    public func secret(
        _ key: String,
        example: String,
        required isRequired: Bool = false,
        _ about: String
    ) -> Secret? {
        secretSource(key, example: example, required: isRequired, about)?.secret
    }

    /// A secret that can be read again: the file it is in, if it is in one, besides its value.
    public func secretSource(
        _ key: String,
        example: String,
        required isRequired: Bool = false,
        _ about: String
    ) -> SecretSource? {
        node(key, example: example, required: isRequired, about).flatMap {
            secret($0, at: path(of: key), allowsText: isDevelopment)
        }
    }

    /// Several secrets, for rotation.
    public func secrets(
        _ key: String,
        example: String,
        required isRequired: Bool = false,
        _ about: String
    ) -> [Secret] {
        elements(key, example: example, required: isRequired, about).compactMap { position, node in
            secret(node, at: "\(path(of: key))[\(position)]", allowsText: isDevelopment)?.secret
        }
    }

    /// A hash made by `beckon hash-secret`: a text, or a file or variable that contains it.
    public func secretHash(
        _ key: String,
        example: String,
        required isRequired: Bool = false,
        _ about: String
    ) -> SecretHash? {
        node(key, example: example, required: isRequired, about).flatMap {
            secretHash($0, at: path(of: key))
        }
    }

    /// Several hashes, for rotation.
    public func secretHashes(
        _ key: String,
        example: String,
        required isRequired: Bool = false,
        _ about: String
    ) -> [SecretHash] {
        elements(key, example: example, required: isRequired, about).compactMap { position, node in
            secretHash(node, at: "\(path(of: key))[\(position)]")
        }
    }

    private func secretHash(_ node: ConfigurationNode, at path: String) -> SecretHash? {
        guard let source = secret(node, at: path, allowsText: true) else { return nil }
        let hash = source.secret.withText { SecretHash($0) }
        if hash == nil {
            shared.notes.problem(
                path,
                node.line,
                "is not a hash of the form sha256:salt:digest; make one with beckon hash-secret"
            )
        }
        return hash
    }

    private func secret(
        _ node: ConfigurationNode,
        at path: String,
        allowsText: Bool
    ) -> SecretSource? {
        func problem(_ reason: String) -> SecretSource? {
            shared.notes.problem(path, node.line, reason)
            return nil
        }
        func source(_ bytes: [UInt8], _ what: String, file: String? = nil) -> SecretSource? {
            guard !bytes.isEmpty else { return problem("\(what) is empty") }
            return SecretSource(secret: Secret(bytes), file: file)
        }
        if case .string(let text) = node.value {
            guard allowsText else {
                return problem(
                    "must not be written here; use { file: \"…\" } or { env: \"…\" } "
                        + "(a text is allowed with development: true)"
                )
            }
            return source(Array(text.utf8), "the text")
        }
        guard case .object(let members) = node.value, members.count == 1,
            let member = members.first, case .string(let name) = member.node.value,
            member.name == "file" || member.name == "env"
        else { return problem("must be { file: \"…\" } or { env: \"…\" }") }
        if member.name == "env" {
            guard let value = environment.variable(name) else {
                return problem("the environment variable \(name) is not set")
            }
            return source(Array(value.utf8), "the variable \(name)")
        }
        let file = environment.resolve(name)
        switch environment.read(file) {
        case .failure(let failure): return problem("\(file) \(failure.reason)")
        case .success(let bytes):
            if let warning = environment.warning(private: file) {
                shared.notes.warn(path, node.line, "\(file) \(warning)")
            }
            return source(SecretSource.bytes(inFile: bytes), file, file: file)
        }
    }
}

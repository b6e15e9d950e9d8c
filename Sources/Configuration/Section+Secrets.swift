import Cryptography

extension Section {
    /// A secret: `{ file: "…" }`, `{ env: "…" }`, or in development a text.
    func secret(_ key: String, development: Bool) -> Secret? {
        guard let node = node(key) else { return nil }
        return secret(node, at: path(of: key), development: development)
    }

    func requiredSecret(_ key: String, development: Bool) -> Secret {
        let secret = secret(key, development: development)
        if secret == nil, !has(key) { missing(key) }
        return secret ?? Secret("")
    }

    /// A secret that can be read again: the file it is in, if it is in one, besides its value.
    func secretSource(
        _ key: String,
        development: Bool
    ) -> ClientAuthenticationSettings.Source? {
        guard let node = node(key),
            let secret = secret(node, at: path(of: key), development: development)
        else { return nil }
        var file: String?
        if case .object(let members) = node.value, let member = members.first,
            member.name == "file", case .string(let name) = member.node.value
        {
            file = surroundings.resolve(name)
        }
        return .init(secret: secret, file: file)
    }

    /// Editors end a file with a line break that nobody means to be part of the secret.
    static func secretBytes(inFile bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes[...]
        if bytes.last == 0x0A { bytes = bytes.dropLast() }
        if bytes.last == 0x0D { bytes = bytes.dropLast() }
        return Array(bytes)
    }

    /// Several secrets, for while one replaces another.
    func secrets(_ key: String, development: Bool) -> [Secret] {
        elements(key).compactMap { position, node in
            secret(node, at: "\(path(of: key))[\(position)]", development: development)
        }
    }

    /// A hash made by `beckon hash-secret`: a text, or a file or variable that holds it.
    func secretHash(_ key: String) -> SecretHash? {
        guard let node = node(key) else { return nil }
        return secretHash(node, at: path(of: key))
    }

    func secretHashes(_ key: String) -> [SecretHash] {
        elements(key).compactMap { position, node in
            secretHash(node, at: "\(path(of: key))[\(position)]")
        }
    }

    private func secretHash(_ node: JSON5Node, at path: String) -> SecretHash? {
        guard let secret = secret(node, at: path, development: true) else { return nil }
        let hash = secret.withText { SecretHash($0) }
        if hash == nil {
            notes.problem(
                path,
                node.line,
                "is not a hash of the form sha256:salt:digest; make one with beckon hash-secret"
            )
        }
        return hash
    }

    private func secret(_ node: JSON5Node, at path: String, development: Bool) -> Secret? {
        if case .string(let text) = node.value {
            guard development else {
                notes.problem(
                    path,
                    node.line,
                    "must not stand here; write { file: \"…\" } or { env: \"…\" } "
                        + "(a text is taken with development: true)"
                )
                return nil
            }
            return nonEmpty(Array(text.utf8), at: path, node.line, "the text")
        }
        guard case .object(let members) = node.value, members.count == 1,
            let member = members.first, case .string(let name) = member.node.value,
            member.name == "file" || member.name == "env"
        else {
            notes.problem(path, node.line, "must be { file: \"…\" } or { env: \"…\" }")
            return nil
        }
        if member.name == "env" {
            guard let value = surroundings.variable(name) else {
                notes.problem(path, node.line, "the environment variable \(name) is not set")
                return nil
            }
            return nonEmpty(Array(value.utf8), at: path, node.line, "the variable \(name)")
        }
        let file = surroundings.resolve(name)
        switch surroundings.read(file) {
        case .failure(let problem):
            notes.problem(path, node.line, "\(file) \(problem.reason)")
            return nil
        case .success(let bytes):
            return nonEmpty(Self.secretBytes(inFile: bytes), at: path, node.line, file)
        }
    }

    private func nonEmpty(
        _ bytes: [UInt8],
        at path: String,
        _ line: Int,
        _ what: String
    ) -> Secret? {
        guard !bytes.isEmpty else {
            notes.problem(path, line, "\(what) is empty")
            return nil
        }
        return Secret(bytes)
    }
}

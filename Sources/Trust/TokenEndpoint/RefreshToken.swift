import Cryptography

/// A refresh token as the client has it: the identifier of its family, a secret of 256 bits, and a
/// keyed hash that says that it is one of ours, so that an old one is told from a made-up one.
struct RefreshToken: Sendable {
    /// Bytes of each part.
    private static let (family, secret, seal) = (16, 32, 16)

    let text: String
    /// The identifier of the family.
    let familyID: String
    private let bytes: [UInt8]

    /// What the store has: SHA-256.
    var digest: [UInt8] { SHA256.digest(Array(text.utf8)) }

    fileprivate init(family: [UInt8], secret: [UInt8], key: [UInt8]) {
        let content = family + secret
        bytes = content + Self.seal(of: content, key)
        text = Base64URL.encode(bytes)
        familyID = Base64URL.encode(family)
    }

    /// Nil for anything that `RefreshTokens` did not make.
    fileprivate init?(_ text: String, key: [UInt8]) {
        let length = Self.family + Self.secret
        guard text.utf8.count <= 128, let bytes = Base64URL.decode(text),
            bytes.count == length + Self.seal,
            ConstantTime.equal(
                Self.seal(of: Array(bytes[..<length]), key),
                Array(bytes[length...])
            )
        else { return nil }
        self.bytes = bytes
        self.text = text
        familyID = Base64URL.encode(Array(bytes[..<Self.family]))
    }

    private static func seal(of content: [UInt8], _ key: [UInt8]) -> [UInt8] {
        Array(HMAC.sha256(key: key, Array("seal".utf8) + content).prefix(seal))
    }

    /// The one token that follows. It is the same each time, so that a lost answer can be given again
    /// although nothing but digests is stored.
    fileprivate func successor(_ key: [UInt8]) -> RefreshToken {
        RefreshToken(
            family: Array(bytes[..<Self.family]),
            secret: HMAC.sha256(key: key, Array("next".utf8) + bytes),
            key: key
        )
    }
}

/// Makes and reads refresh tokens and codes.
struct RefreshTokens: Sendable {
    private let key: [UInt8]

    /// The key is derived from one that is used for other things too.
    init(secret: [UInt8]) {
        key = HMAC.sha256(key: secret, Array("beckon-refresh-v1".utf8))
    }

    /// The family that a code leads to. It follows from the code, so that a code that is shown again
    /// finds what it gave.
    static func familyID(of code: String) -> String { Base64URL.encode(family(of: code)) }

    private static func family(of code: String) -> [UInt8] {
        Array(SHA256.digest(Array(("beckon-family-v1 " + code).utf8)).prefix(16))
    }

    /// The first token of the family of a code.
    func first(of code: String) -> RefreshToken {
        RefreshToken(family: Self.family(of: code), secret: Random.bytes(32), key: key)
    }

    func read(_ text: String) -> RefreshToken? { RefreshToken(text, key: key) }

    func successor(of token: RefreshToken) -> RefreshToken { token.successor(key) }
}

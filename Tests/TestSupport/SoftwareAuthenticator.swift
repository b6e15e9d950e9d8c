public import Cryptography

/// A passkey and the browser around it, for tests: made of bytes, without the code that they judge.
public struct SoftwareAuthenticator: Sendable {
    /// Bits of the flags (WebAuthn §6.1).
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let present = Flags(rawValue: 0x01)
        public static let verified = Flags(rawValue: 0x04)
        public static let backupEligible = Flags(rawValue: 0x08)
        public static let backedUp = Flags(rawValue: 0x10)
        public static let attested = Flags(rawValue: 0x40)
        public static let extended = Flags(rawValue: 0x80)
    }

    public let key: PrivateKey
    public var id: [UInt8]
    public var relyingParty = "login.bank.example"
    public var origin = "https://login.bank.example"
    public var flags: Flags = [.present, .verified]
    public var counter: UInt32 = 0
    /// The type that the client data name; nil for the right one.
    public var type: String?
    /// More members of the client data, each with a comma before it.
    public var more = ""
    /// Outputs of extensions in CBOR, with the flag `extended`.
    public var extensions: [UInt8] = []

    public init(_ kind: KeyKind = .p256, id: [UInt8] = Random.bytes(32)) throws {
        key = try .generate(kind)
        self.id = id
    }

    public struct Registration: Sendable {
        public let id: [UInt8]
        public var clientData, attestation: [UInt8]
    }

    public struct Assertion: Sendable {
        public let id: [UInt8]
        public var clientData, authenticatorData, signature: [UInt8]
    }

    /// A new passkey's answer, attested by itself if wanted.
    public func registration(
        _ challenge: [UInt8],
        isSelfAttested: Bool = false
    ) throws
        -> Registration
    {
        let client = clientData(type ?? "webauthn.create", challenge)
        let data = authenticatorData(flags.union(.attested), attestedCredential)
        var statement = CBORText.map([])
        if isSelfAttested {
            let signature = try sign(data + SHA256.digest(client))
            statement = CBORText.map([
                (CBORText.text("alg"), CBORText.integer(algorithm)),
                (CBORText.text("sig"), CBORText.bytes(signature)),
            ])
        }
        return Registration(
            id: id,
            clientData: client,
            attestation: Self.attestationObject(
                isSelfAttested ? "packed" : "none",
                statement,
                data
            )
        )
    }

    public static func attestationObject(
        _ format: String,
        _ statement: [UInt8],
        _ data: [UInt8]
    )
        -> [UInt8]
    {
        CBORText.map([
            (CBORText.text("fmt"), CBORText.text(format)),
            (CBORText.text("attStmt"), statement),
            (CBORText.text("authData"), CBORText.bytes(data)),
        ])
    }

    /// A use of the passkey.
    public func assertion(_ challenge: [UInt8]) throws -> Assertion {
        let client = clientData(type ?? "webauthn.get", challenge)
        let data = authenticatorData(flags, flags.contains(.attested) ? attestedCredential : [])
        return Assertion(
            id: id,
            clientData: client,
            authenticatorData: data,
            signature: try sign(data + SHA256.digest(client))
        )
    }

    public func clientData(_ type: String, _ challenge: [UInt8]) -> [UInt8] {
        Array(
            """
            {"type":"\(type)","challenge":"\(Base64URL.encode(challenge))","origin":"\(origin)"\(more)}
            """.utf8
        )
    }

    public func authenticatorData(_ flags: Flags, _ credential: [UInt8]) -> [UInt8] {
        SHA256.digest(Array(relyingParty.utf8)) + [flags.rawValue]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: counter >> $0) } + credential
            + (flags.contains(.extended) ? extensions : [])
    }

    public var attestedCredential: [UInt8] {
        [UInt8](repeating: 7, count: 16) + [UInt8(id.count >> 8), UInt8(id.count & 255)] + id
            + publicKey
    }

    /// The COSE_Key.
    public var publicKey: [UInt8] {
        func member(_ label: Int, _ value: [UInt8]) -> ([UInt8], [UInt8]) {
            (CBORText.integer(label), value)
        }
        let start = { (type: Int) in
            [member(1, CBORText.integer(type)), member(3, CBORText.integer(algorithm))]
        }
        return switch key.publicKey.numbers {
        case .p256(let x, let y):
            CBORText.map(
                start(2) + [
                    member(-1, [1]), member(-2, CBORText.bytes(x)), member(-3, CBORText.bytes(y)),
                ]
            )
        case .ed25519(let x):
            CBORText.map(start(1) + [member(-1, [6]), member(-2, CBORText.bytes(x))])
        case .rsa(let modulus, let exponent):
            CBORText.map(
                start(3) + [
                    member(-1, CBORText.bytes(modulus)), member(-2, CBORText.bytes(exponent)),
                ]
            )
        }
    }

    private var algorithm: Int {
        switch key.kind {
        case .p256: -7
        case .ed25519: -8
        case .rsa: -257
        }
    }

    public func sign(_ message: [UInt8]) throws -> [UInt8] {
        switch key.kind {
        case .p256:
            ECDSASignature.der(try key.sign(message, by: .ecdsaP256)) ?? []
        case .ed25519: try key.sign(message, by: .ed25519)
        case .rsa: try key.sign(message, by: .rsaPKCS1)
        }
    }
}

/// Writes CBOR.
public enum CBORText {
    public static func head(_ major: UInt8, _ count: Int) -> [UInt8] {
        switch count {
        case 0..<24: [major << 5 | UInt8(count)]
        case 24..<256: [major << 5 | 24, UInt8(count)]
        default: [major << 5 | 25, UInt8(count >> 8), UInt8(count & 255)]
        }
    }

    public static func integer(_ value: Int) -> [UInt8] {
        value < 0 ? head(1, -1 - value) : head(0, value)
    }

    public static func bytes(_ bytes: [UInt8]) -> [UInt8] { head(2, bytes.count) + bytes }
    public static func text(_ text: String) -> [UInt8] { head(3, text.utf8.count) + text.utf8 }

    public static func map(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
        head(5, entries.count) + entries.flatMap { $0.key + $0.value }
    }
}

internal import Cryptography
internal import Texts

/// What a browser returns of a new passkey (WebAuthn §5.2.1).
public struct PasskeyRegistration: Hashable, Sendable {
    /// `rawId`.
    public let id: [UInt8]
    /// `clientDataJSON`, as the browser wrote it.
    public let clientData: [UInt8]
    /// `attestationObject`, CBOR.
    public let attestation: [UInt8]

    /// A registration that nobody has judged.
    public init(id: [UInt8], clientData: [UInt8], attestation: [UInt8]) {
        self.id = id
        self.clientData = clientData
        self.attestation = attestation
    }
}

/// A passkey as it is stored.
public struct Passkey: Hashable, Sendable {
    /// Its id, 1 to 1023 bytes.
    public let id: [UInt8]
    /// Its public key.
    public let key: CredentialKey
    /// The greatest counter received.
    public var counter: UInt32
    /// Whether it may exist on several devices, which never changes.
    public let isBackupEligible: Bool
    /// Whether it did, last time.
    public var isBackedUp: Bool
    /// A passkey.
    public init(
        id: [UInt8],
        key: CredentialKey,
        counter: UInt32,
        isBackupEligible: Bool,
        isBackedUp: Bool
    ) {
        self.id = id
        self.key = key
        self.counter = counter
        self.isBackupEligible = isBackupEligible
        self.isBackedUp = isBackedUp
    }
}

extension PasskeyRules {
    /// Judges a registration (WebAuthn Level 3 §7.1). The caller makes sure that nobody has the id
    /// already (step 26), and that the challenge is used once.
    ///
    /// - Throws: `PasskeyRefusal`.
    public func register(
        _ registration: PasskeyRegistration,
        challenge: [UInt8]
    ) throws(PasskeyRefusal) -> Passkey {
        guard let object = try? CBOR(registration.attestation, order: .any),
            let format = object["fmt"]?.text, let statement = object["attStmt"],
            statement.entries != nil, let bytes = object["authData"]?.bytes,
            object.entries?.count == 3
        else { throw .attestationObject }
        let data = try Self.parsed(bytes)
        try check(
            registration.clientData,
            data,
            type: "webauthn.create",
            challenge: challenge
        )
        guard let credential = data.credential, credential.id == registration.id else {
            throw .credential
        }
        try check(
            statement,
            format: format,
            by: credential.key,
            over: bytes + SHA256.digest(registration.clientData)
        )
        return Passkey(
            id: credential.id,
            key: credential.key,
            counter: data.counter,
            isBackupEligible: data.isBackupEligible,
            isBackedUp: data.isBackedUp
        )
    }

    /// Judges an attestation statement: `none` (WebAuthn §8.7), `packed` by the key itself (§8.2), and
    /// others as the rules say.
    private func check(
        _ statement: CBOR,
        format: String,
        by key: CredentialKey,
        over message: [UInt8]
    ) throws(PasskeyRefusal) {
        switch format.exact {
        case "none":
            guard statement.entries?.isEmpty ?? false else { throw .attestationStatement }
        case "packed" where statement["x5c"] == nil:
            guard statement.entries?.count == 2,
                statement["alg"]?.integer == key.algorithm.rawValue,
                let signature = statement["sig"]?.bytes, key.verify(signature, of: message)
            else { throw .attestationStatement }
        default:
            guard attestation == .ignored else { throw .attestationFormat(format) }
        }
    }
}

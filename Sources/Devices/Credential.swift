public import Cryptography
public import JOSE
public import Logins

/// A public key with which a user can decide.
public struct Credential: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The key of an enrolled device. `pin` is the hash of the device's PIN; nil if it has none.
        case deviceKey(pin: PINHash?)
        case passkey(Passkey)
    }

    /// What is known of a passkey besides its key (WebAuthn Level 3 §6.1).
    public struct Passkey: Hashable, Sendable {
        /// The credential ID that the authenticator chose, at most 1023 bytes.
        public let rawID: [UInt8]
        /// The signature counter of the last assertion; zero if the authenticator has none.
        public var counter: UInt32
        /// Whether it can be backed up (BE). Never changes.
        public let isBackupEligible: Bool
        /// Whether it is backed up (BS), as of the last assertion.
        public var isBackedUp: Bool
        /// How the authenticator can be reached (`transports`), as the browser said.
        public let transports: [String]

        public init(
            rawID: [UInt8],
            counter: UInt32,
            isBackupEligible: Bool,
            isBackedUp: Bool,
            transports: [String] = []
        ) {
            self.rawID = rawID
            self.counter = counter
            self.isBackupEligible = isBackupEligible
            self.isBackedUp = isBackedUp
            self.transports = transports
        }
    }

    /// Of a device's key its thumbprint (RFC 7638); of a passkey the raw credential ID's SHA-256, in
    /// base64url.
    public let id: CredentialID
    public let user: UserID
    /// The device whose key it is; nil for a passkey, which may be on many.
    public let device: DeviceID?
    public var kind: Kind
    /// P-256 or Ed25519; of a passkey also RSA.
    public let publicKey: PublicKey
    /// The only algorithm that signatures may have.
    public let algorithm: SignatureAlgorithm
    /// How its user recognises it, at most `Device.longestName` characters.
    public let name: String
    public let createdAt: Timestamp
    /// The last decision or assertion with it.
    public let lastUsedAt: Timestamp?

    public init(
        id: CredentialID,
        user: UserID,
        device: DeviceID?,
        kind: Kind,
        publicKey: PublicKey,
        algorithm: SignatureAlgorithm,
        name: String,
        createdAt: Timestamp,
        lastUsedAt: Timestamp? = nil
    ) {
        self.id = id
        self.user = user
        self.device = device
        self.kind = kind
        self.publicKey = publicKey
        self.algorithm = algorithm
        self.name = name
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }

    /// The identifier of a device's key.
    public static func id(ofDeviceKey key: PublicKey) -> CredentialID? {
        CredentialID(Thumbprint.sha256(of: key))
    }

    /// The identifier of a passkey.
    public static func id(ofPasskey rawID: [UInt8]) -> CredentialID? {
        CredentialID(Base64URL.encode(SHA256.digest(rawID)))
    }

    /// The passkey's own data; nil for a device's key.
    public var passkey: Passkey? {
        if case .passkey(let passkey) = kind { passkey } else { nil }
    }

    /// The hash of the device's PIN, if it has one.
    public var pin: PINHash? {
        if case .deviceKey(let pin) = kind { pin } else { nil }
    }

    /// The key as tokens and signed decisions are verified with it.
    public var verificationKey: VerificationKey {
        VerificationKey(publicKey, algorithm: algorithm)
    }
}

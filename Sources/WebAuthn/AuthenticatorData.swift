/// What the authenticator says and signs (WebAuthn Level 3 §6.1).
public struct AuthenticatorData: Hashable, Sendable {
    /// SHA-256 of the relying party's id, 32 bytes.
    public let relyingPartyHash: [UInt8]
    /// UP: someone touched it.
    public let isUserPresent: Bool
    /// UV: it recognised its user, by a PIN or a fingerprint.
    public let isUserVerified: Bool
    /// BE: the key may exist on several devices.
    public let isBackupEligible: Bool
    /// BS: it does.
    public let isBackedUp: Bool
    /// Counts signatures; always zero if the authenticator does not count.
    public let counter: UInt32
    /// The new credential; nil except at registration.
    public let credential: AttestedCredential?
    /// Outputs of extensions, a map with texts as keys; nil if there are none.
    public let extensions: CBOR?

    /// A new credential (WebAuthn §6.5.2).
    public struct AttestedCredential: Hashable, Sendable {
        /// The model of the authenticator, 16 bytes; zeros if it does not say.
        public let model: [UInt8]
        /// 1 to 1023 bytes.
        public let id: [UInt8]
        /// Its public key.
        public let key: CredentialKey

        /// The most bytes of an id (WebAuthn §4, Credential ID).
        public static let longestID = 1023
    }

    /// Reads all of the bytes.
    ///
    /// - Throws: `AuthenticatorDataError`.
    public init(_ bytes: [UInt8]) throws(AuthenticatorDataError) {
        guard bytes.count >= 37 else { throw .tooShort }
        let flags = bytes[32]
        relyingPartyHash = Array(bytes[..<32])
        isUserPresent = flags & 0x01 != 0
        isUserVerified = flags & 0x04 != 0
        isBackupEligible = flags & 0x08 != 0
        isBackedUp = flags & 0x10 != 0
        counter = bytes[33..<37].reduce(0) { $0 << 8 | UInt32($1) }
        guard isBackupEligible || !isBackedUp else { throw .backedUpButNotEligible }
        var offset = 37
        if flags & 0x40 != 0 {
            (credential, offset) = try Self.credential(in: bytes, from: offset)
        } else {
            credential = nil
        }
        if flags & 0x80 != 0 {
            (extensions, offset) = try Self.extensions(in: bytes, from: offset)
        } else {
            extensions = nil
        }
        guard offset == bytes.count else { throw .trailingBytes }
    }

    private static func credential(
        in bytes: [UInt8],
        from start: Int
    ) throws(AuthenticatorDataError) -> (AttestedCredential, end: Int) {
        guard bytes.count >= start + 18 else { throw .tooShort }
        let length = Int(bytes[start + 16]) << 8 | Int(bytes[start + 17])
        guard (1...AttestedCredential.longestID).contains(length) else { throw .credentialID }
        let keyStart = start + 18 + length
        guard bytes.count > keyStart else { throw .tooShort }
        var decoder = CBORDecoder(bytes, from: keyStart)
        let value: CBOR
        do {
            value = try decoder.value()
        } catch {
            throw .notCBOR(error)
        }
        do {
            let credential = AttestedCredential(
                model: Array(bytes[start..<start + 16]),
                id: Array(bytes[start + 18..<keyStart]),
                key: try CredentialKey(value)
            )
            return (credential, decoder.offset)
        } catch {
            throw .key(error)
        }
    }

    private static func extensions(
        in bytes: [UInt8],
        from start: Int
    ) throws(AuthenticatorDataError) -> (CBOR, end: Int) {
        var decoder = CBORDecoder(bytes, from: start)
        let value: CBOR
        do {
            value = try decoder.value()
        } catch {
            throw .notCBOR(error)
        }
        guard let entries = value.entries, entries.allSatisfy({ $0.key.text != nil }) else {
            throw .extensions
        }
        return (value, decoder.offset)
    }
}

/// Why bytes are not authenticator data.
public enum AuthenticatorDataError: Error, Hashable, Sendable {
    /// The bytes end within a part that the flags promise.
    case tooShort
    /// Something after the last part.
    case trailingBytes
    /// BS without BE, which means nothing (WebAuthn §6.1.3).
    case backedUpButNotEligible
    /// A credential id that is empty or too long.
    case credentialID
    /// A key or extensions that are not CBOR.
    case notCBOR(CBORError)
    /// A public key that is not taken.
    case key(COSEError)
    /// Extensions that are not a map with texts as keys.
    case extensions
}

extension AuthenticatorDataError: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .tooShort: "the authenticator data end too early"
        case .trailingBytes: "there is something after the authenticator data"
        case .backedUpButNotEligible: "a passkey is backed up that cannot be"
        case .credentialID: "the id of the passkey is empty or too long"
        case .notCBOR(let error): error.description
        case .key(let error): "the key of the passkey \(error)"
        case .extensions: "the outputs of extensions have no names"
        }
    }
}

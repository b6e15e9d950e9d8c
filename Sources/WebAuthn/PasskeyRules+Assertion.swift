internal import Cryptography

/// What a browser returns of a passkey's use (WebAuthn §5.2.2).
public struct PasskeyAssertion: Hashable, Sendable {
    /// `rawId`.
    public let id: [UInt8]
    /// `userHandle`; nil if the authenticator did not return it.
    public let userHandle: [UInt8]?
    /// What is signed, with the signature.
    public let proof: PasskeyProof

    /// An assertion that nobody has judged.
    public init(id: [UInt8], userHandle: [UInt8]?, proof: PasskeyProof) {
        self.id = id
        self.userHandle = userHandle
        self.proof = proof
    }
}

/// What an accepted assertion says about its passkey.
public struct PasskeyUse: Hashable, Sendable {
    /// The passkey with the counter and the backup state to be stored.
    public let passkey: Passkey
    /// Whether the counter did not grow: the key may have been copied.
    public let isSuspect: Bool
}

extension PasskeyRules {
    /// Judges an assertion by a passkey of the user whose handle this is (WebAuthn Level 3 §7.2). The
    /// caller has found the passkey by the assertion's id among those of the user, and makes sure
    /// that the challenge is used once.
    ///
    /// - Throws: `PasskeyRefusal`.
    public func verify(
        _ assertion: PasskeyAssertion,
        by passkey: Passkey,
        of userHandle: [UInt8],
        challenge: [UInt8]
    ) throws(PasskeyRefusal) -> PasskeyUse {
        guard assertion.id == passkey.id else { throw .credential }
        if let handle = assertion.userHandle, handle != userHandle { throw .user }
        let proof = assertion.proof
        let data = try Self.parsed(proof.authenticatorData)
        try check(proof.clientData, data, type: "webauthn.get", challenge: challenge)
        guard data.credential == nil else { throw .credential }
        guard data.isBackupEligible == passkey.isBackupEligible else { throw .backup }
        guard proof.isSigned(by: passkey.key) else { throw .signature }
        let isSuspect =
            (data.counter != 0 || passkey.counter != 0) && data.counter <= passkey.counter
        guard !isSuspect || counter == .mark else {
            throw .counter(stored: passkey.counter, received: data.counter)
        }
        var used = passkey
        used.counter = max(data.counter, passkey.counter)
        used.isBackedUp = data.isBackedUp
        return PasskeyUse(passkey: used, isSuspect: isSuspect)
    }
}

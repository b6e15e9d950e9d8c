/// The key with which a user asks for a change of a login. A store judges it in the transaction of the
/// change.
public struct KeyUse: Hashable, Sendable {
    /// The key of a device, or a passkey.
    public let credential: CredentialID
    /// The proof of the request; nil if it was used up before, or there is none.
    public let proof: OneUse?

    public init(_ credential: CredentialID, proof: OneUse? = nil) {
        self.credential = credential
        self.proof = proof
    }

    /// Why a key does not count.
    public enum Objection: Hashable, Sendable {
        /// It is registered no more.
        case removed
        /// Its proof was used before.
        case proofUsed
    }
}

/// What counts once.
public struct OneUse: Hashable, Sendable {
    public let digest: [UInt8]
    /// Until when a store must remember it.
    public let until: Timestamp

    public init(digest: [UInt8], until: Timestamp) {
        self.digest = digest
        self.until = until
    }
}

public import Access
public import Cryptography
public import Logins

/// Durable storage of devices, credentials and enrolments. Every store passes the same
/// conformance suite. A call that throws has written nothing.
public protocol DeviceStore: Sendable {
    /// Makes all changes durable at once, or none of them.
    ///
    /// - Returns: nil, or why nothing was changed.
    func commit(_ changes: [DeviceChange]) async throws(StoreError) -> AccessRefusal?

    /// Uses up the enrolment that a code finds, together with `changes`, in one transaction: either all
    /// are durable or none. The code of an enrolment works once. A wrong one counts, durably; the last
    /// one that `Enrolment.mostTries` allows ends the enrolment, with an entry in the audit.
    ///
    /// `changes` makes the changes from the enrolment, and may be called again.
    func redeem(
        _ code: EnrolmentCode,
        at now: Timestamp,
        _ changes: @escaping @Sendable (Enrolment) -> [DeviceChange]
    ) async throws(StoreError) -> Redemption

    func device(_ id: DeviceID) async throws(StoreError) -> Device?
    /// The devices of a user, or of all users for nil, that follow the device `after` in the order of
    /// their identifiers, at most `limit`.
    func devices(
        of user: UserID?,
        after: DeviceID?,
        limit: Int
    ) async throws(StoreError) -> [Device]

    func credential(_ id: CredentialID) async throws(StoreError) -> Credential?
    /// A credential of a device with what `question` asks for, read at one moment; nil for a passkey.
    func deviceKey(
        _ id: CredentialID,
        _ question: DeviceQuestion
    ) async throws(StoreError) -> DeviceReading?
    /// The credentials of a user in the order of their creation, at most `limit`.
    func credentials(of user: UserID, limit: Int) async throws(StoreError) -> [Credential]

    /// Whether `redeem` would find an enrolment for this code now. It counts nothing, so whoever has
    /// asked also calls `redeem`.
    func isWaiting(_ code: EnrolmentCode, at now: Timestamp) async throws(StoreError) -> Bool
}

extension DeviceStore {
    /// A credential of a device and its device; nil for a passkey.
    public func deviceKey(_ id: CredentialID) async throws(StoreError) -> DeviceReading? {
        try await deviceKey(id, DeviceQuestion())
    }
}

/// What is asked of a device's key, so that it takes one look-up.
public struct DeviceQuestion: Sendable {
    /// The logins of the device's user that are wanted.
    public var logins: [LoginKey]
    /// The key as a request has proven it. If it is the stored one, no other is made of what is stored.
    public var proven: PublicKey?

    public init(logins: [LoginKey] = [], proven: PublicKey? = nil) {
        self.logins = logins
        self.proven = proven
    }
}

/// A device's key, and what was asked with it.
public struct DeviceReading: Sendable {
    public let key: Credential
    public let device: Device
    /// Those of the logins asked for that exist and are the user's.
    public let logins: [StoredLogin]
    /// Failed proofs of the user.
    public let standing: FailureStanding

    public init(
        key: Credential,
        device: Device,
        logins: [StoredLogin],
        standing: FailureStanding
    ) {
        self.key = key
        self.device = device
        self.logins = logins
        self.standing = standing
    }
}

/// A change of the store.
public enum DeviceChange: Hashable, Sendable {
    /// Refused as `exists`.
    case addDevice(Device)
    /// Replaces what can change of a device. Refused as `missing`.
    case changeDevice(Device)
    /// Removes a channel from a device, if it still has that address there. Not worth a refusal.
    case endChannel(DeviceID, Device.Channel)
    /// Notes a request of a device. Not worth a refusal.
    case noteSeen(DeviceID, at: Timestamp)
    /// Removes a device of that user with its credentials, at once and for good. Refused as `missing`.
    case removeDevice(DeviceID, of: UserID)
    /// Refused as `exists` for a key that is registered already, and as `missing` without its device.
    case addCredential(Credential)
    /// Notes a use. Not worth a refusal.
    case noteUse(CredentialID, at: Timestamp)
    /// Notes an assertion of a passkey, whose counter was `over` before. Refused as `missing`, or as
    /// `changed` if it is another one by now.
    case usePasskey(
        CredentialID,
        counter: UInt32,
        over: UInt32,
        isBackedUp: Bool,
        at: Timestamp
    )
    /// Refused as `missing` unless that user has it.
    case renameCredential(CredentialID, of: UserID, name: String)
    /// Refused as `missing` unless that user has it.
    case removeCredential(CredentialID, of: UserID)
    /// Refused as `exists` while the locator is in use. An enrolment whose time is over is removed, and
    /// the oldest of the user's if there are more than `Enrolment.mostWaiting`.
    case addEnrolment(Enrolment)
    /// Replaces the key of a device by another one of the same device. Refused as `changed` if the old
    /// one is not its key any more, and as `exists` for a key that is registered already.
    case replaceKey(CredentialID, by: Credential)
    /// Replaces the PIN of a device's key. Refused as `missing`, or as `changed` if its PIN is not `over`
    /// any more.
    case changePIN(CredentialID, to: PINHash, over: PINHash)
    /// Appends to the audit.
    case audit(AuditEvent)
}

/// What came of an enrolment code.
public enum Redemption: Hashable, Sendable {
    case done(Enrolment)
    /// No enrolment waits for this code: wrong, used, expired or tried too often. They look alike.
    case unknown
    /// The changes were refused, and the enrolment still waits.
    case refused(AccessRefusal)
}

public import Access
public import Devices
import JSON
public import Logins

/// The passkeys that users have registered, as users and administrators manage them. Works also while
/// nobody can use one.
public struct RegisteredPasskeys: Sendable {
    private let devices: any DeviceStore
    private let clock: any WallClock

    /// Those in a store.
    public init(_ devices: any DeviceStore, clock: any WallClock) {
        self.devices = devices
        self.clock = clock
    }

    /// The passkeys of a user, in the order of their creation.
    public func passkeys(of user: UserID) async throws(StoreError) -> [Credential] {
        // Device keys are credentials, too.
        try await devices.credentials(of: user, limit: PasskeyDesk.mostOfUser + 100)
            .filter { $0.passkey != nil }
    }

    /// Removes a passkey of a user, at once and for good.
    public func remove(
        _ id: CredentialID,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(PasskeyDesk.Refusal) {
        try await change(.removeCredential(id, of: user), "passkey.removed", id, user, author)
    }

    /// Gives a passkey of a user another name.
    public func rename(
        _ id: CredentialID,
        to name: String,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(PasskeyDesk.Refusal) {
        let change = DeviceChange.renameCredential(id, of: user, name: name)
        try await self.change(change, "passkey.renamed", id, user, author)
    }

    private func change(
        _ change: DeviceChange,
        _ kind: String,
        _ id: CredentialID,
        _ user: UserID,
        _ author: AuditAuthor
    ) async throws(PasskeyDesk.Refusal) {
        let event = author.event(
            kind,
            at: clock.now(),
            ["user": .string(user.value), "credential": .string(id.value)]
        )
        do {
            // What is named may be a device's key, which belongs to its device.
            guard let found = try await devices.credential(id), found.user == user,
                found.passkey != nil,
                try await devices.commit([change, .audit(event)]) == nil
            else { throw PasskeyDesk.Refusal.unknown }
        } catch let error as StoreError {
            throw .store(error)
        } catch {
            throw .unknown
        }
    }
}

public import Access
import Cryptography
public import Devices
import JSON
public import Logins

/// What operators, backends and users do with devices: issue codes, list and revoke. It needs the store
/// only, so that commands use it, too.
public struct DeviceRegistry: Sendable {
    private let devices: any DeviceStore

    /// Of the devices in a store, which tells whoever waits for one that it has ended.
    public init(_ devices: any DeviceStore) { self.devices = devices }

    /// A code with which the user enrols one device. It is shown once and never stored.
    ///
    /// - Throws: `tooMany`, or `store`.
    public func issueCode(
        to user: UserID,
        by author: AuditAuthor,
        at now: Timestamp
    ) async throws(DeviceDesk.Refusal) -> (code: EnrolmentCode, enrolment: Enrolment) {
        do {
            let known = try await devices.devices(
                of: user,
                after: nil,
                limit: DeviceDesk.mostOfUser
            )
            guard known.count < DeviceDesk.mostOfUser else { throw DeviceDesk.Refusal.tooMany }
            // Another enrolment may have the same locator, which is one of a million.
            for _ in 0..<8 {
                let code = EnrolmentCode()
                let enrolment = Enrolment(
                    locator: code.locator,
                    digest: code.digest,
                    user: user,
                    createdAt: now,
                    endsAt: now + Enrolment.lifetime
                )
                let event = author.event(
                    "enrolment.issued",
                    at: now,
                    ["user": .string(user.value)]
                )
                if try await devices.commit([.addEnrolment(enrolment), .audit(event)]) == nil {
                    return (code, enrolment)
                }
            }
            throw DeviceDesk.Refusal.busy
        } catch let error as StoreError {
            throw .store(error)
        } catch let error as DeviceDesk.Refusal {
            throw error
        } catch {
            throw .busy
        }
    }

    /// A device and what is known of its key.
    public struct Entry: Hashable, Sendable {
        public let device: Device
        public let hasPIN: Bool
        /// The thumbprint of its key.
        public let key: CredentialID?
    }

    /// The devices of a user with their keys.
    public func entries(of user: UserID) async throws(StoreError) -> [Entry] {
        let found = try await devices.devices(of: user, after: nil, limit: DeviceDesk.mostOfUser)
        let keys = try await devices.credentials(
            of: user,
            limit: DeviceDesk.mostOfUser + PasskeyDesk.mostOfUser
        )
        let byDevice = Dictionary(
            keys.compactMap { key in key.device.map { ($0, key) } },
            uniquingKeysWith: { first, _ in first }
        )
        return found.map { device in
            let key = byDevice[device.id]
            return Entry(device: device, hasPIN: key?.pin != nil, key: key?.id)
        }
    }

    /// The device with that identifier, whoever's it is.
    public func device(_ id: DeviceID) async throws(StoreError) -> Device? {
        try await devices.device(id)
    }

    /// Revokes a device of a user, at once and for good.
    ///
    /// - Throws: `unknownDevice`, or `store`.
    public func revoke(
        _ device: DeviceID,
        of user: UserID,
        by author: AuditAuthor,
        at now: Timestamp
    ) async throws(DeviceDesk.Refusal) {
        let event = author.event(
            "device.revoked",
            at: now,
            ["user": .string(user.value), "device": .string(device.value)]
        )
        let refusal: AccessRefusal?
        do {
            refusal = try await devices.commit([.removeDevice(device, of: user), .audit(event)])
        } catch {
            throw .store(error)
        }
        if refusal != nil { throw .unknownDevice }
    }
}

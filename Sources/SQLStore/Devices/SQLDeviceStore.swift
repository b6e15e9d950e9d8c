public import Access
import Cryptography
public import Devices
public import Logins

/// The devices in the same file as the logins (`SQLLoginStore.devices`), closed with that store.
public final class SQLDeviceStore: DeviceStore {
    private let file: OpenStore

    init(_ file: OpenStore) { self.file = file }

    public func commit(_ changes: [DeviceChange]) async throws(StoreError) -> AccessRefusal? {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.apply(changes)
        }
    }

    public func redeem(
        _ code: EnrolmentCode,
        at now: Timestamp,
        _ changes: @escaping @Sendable (Enrolment) -> [DeviceChange]
    ) async throws(StoreError) -> Redemption {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.redeem(code, at: now, changes)
        }
    }

    public func device(_ id: DeviceID) async throws(StoreError) -> Device? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.device(id)
        }
    }

    public func devices(
        of user: UserID?,
        after: DeviceID?,
        limit: Int
    ) async throws(StoreError) -> [Device] {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(
                user == nil ? DeviceRow.page : DeviceRow.ofUser
            )
            select.bind(after?.value ?? "", at: 1)
            select.bind(Int64(max(limit, 0)), at: 2)
            if let user { select.bind(user.value, at: 3) }
            defer { select.reset() }
            var devices: [Device] = []
            while try select.step() { devices.append(try DeviceRow.read(select)) }
            return devices
        }
    }

    public func credential(_ id: CredentialID) async throws(StoreError) -> Credential? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.credential(id)
        }
    }

    public func deviceKey(
        _ id: CredentialID,
        _ question: DeviceQuestion
    ) async throws(StoreError) -> DeviceReading? {
        try await file.readers.read { [index = file.index] (connection) throws(StoreError) in
            guard let key = try connection.credential(id, proven: question.proven),
                let device = key.device,
                // A device and its keys are removed together, so none is found without the other.
                let found = try connection.device(device)
            else { return nil }
            var logins: [StoredLogin] = []
            for wanted in question.logins {
                guard let login = try index.login(wanted, connection),
                    login.login.details.user == key.user
                else { continue }
                logins.append(login)
            }
            return DeviceReading(
                key: key,
                device: found,
                logins: logins,
                standing: try connection.failures(of: key.user)
            )
        }
    }

    public func credentials(
        of user: UserID,
        limit: Int
    ) async throws(StoreError) -> [Credential] {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(CredentialRow.ofUser)
            select.bind(user.value, at: 1)
            select.bind(Int64(max(limit, 0)), at: 2)
            defer { select.reset() }
            var credentials: [Credential] = []
            while try select.step() { credentials.append(try CredentialRow.read(select)) }
            return credentials
        }
    }

    public func isWaiting(
        _ code: EnrolmentCode,
        at now: Timestamp
    ) async throws(StoreError) -> Bool {
        try await file.readers.read { (connection) throws(StoreError) in
            guard let enrolment = try connection.enrolment(code.locator) else { return false }
            return enrolment.isWaiting(at: now)
                && ConstantTime.equal(code.digest, enrolment.digest)
        }
    }
}

extension DatabaseConnection {
    func enrolment(_ locator: String) throws(StoreError) -> Enrolment? {
        let select = try statement(EnrolmentRow.byLocator)
        select.bind(locator, at: 1)
        defer { select.reset() }
        return try select.step() ? try EnrolmentRow.read(select) : nil
    }

    func device(_ id: DeviceID) throws(StoreError) -> Device? {
        let select = try statement(DeviceRow.byID)
        select.bind(id.value, at: 1)
        defer { select.reset() }
        return try select.step() ? try DeviceRow.read(select) : nil
    }

    fileprivate func credential(
        _ id: CredentialID,
        proven: PublicKey? = nil
    ) throws(StoreError) -> Credential? {
        let select = try statement(CredentialRow.byID)
        select.bind(id.value, at: 1)
        defer { select.reset() }
        return try select.step() ? try CredentialRow.read(select, proven: proven) : nil
    }
}

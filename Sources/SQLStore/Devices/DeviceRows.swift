import Cryptography
import Devices
import JOSE
import Logins

/// How a device is stored.
enum DeviceRow {
    enum Column: Int32, TableColumn {
        case id, userID, name, platform, languages, protection, channels, createdAt, lastSeenAt
    }

    static let byID = SQL("SELECT \(Column.names) FROM device WHERE id = ?")
    static let ofUser = SQL(
        "SELECT \(Column.names) FROM device WHERE user_id = ?3 AND id > ?1 ORDER BY id LIMIT ?2"
    )
    static let page = SQL(
        "SELECT \(Column.names) FROM device WHERE id > ?1 ORDER BY id LIMIT ?2"
    )
    static let insert = SQL(
        """
        INSERT INTO device (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT DO NOTHING RETURNING 1
        """
    )
    static let update = SQL(
        """
        UPDATE device SET \(Column.assignments([.name, .languages, .protection, .channels]))
        WHERE id = ?\(Column.id.parameter) RETURNING 1
        """
    )

    static func bind(_ device: Device, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.id, device.id)
        row.set(.userID, device.user)
        row.set(.platform, device.platform.rawValue)
        row.set(.createdAt, device.createdAt)
        row.set(.lastSeenAt, device.lastSeenAt)
        bindChanging(device, to: row)
    }

    static func bindUpdate(_ device: Device, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.id, device.id)
        bindChanging(device, to: row)
    }

    private static func bindChanging(_ device: Device, to row: RowWriter<Column>) {
        row.set(.name, device.name)
        row.set(.languages, StoredLists.text(device.languages))
        row.set(.protection, device.protection.rawValue)
        row.set(
            .channels,
            StoredLists.text(device.channels.flatMap { [$0.channel.value, $0.address] })
        )
    }

    /// The device in the current row. Throws `damaged` for what is never written.
    static func read(_ statement: any Statement) throws(StoreError) -> Device {
        let row = Row<Column>(statement)
        guard let platform = Device.Platform(rawValue: try row.requiredText(.platform)) else {
            throw row.damaged(.platform)
        }
        guard let protection = Device.Protection(rawValue: try row.requiredText(.protection))
        else { throw row.damaged(.protection) }
        let parts = try StoredLists.strings(row.requiredText(.channels))
        guard parts.count.isMultiple(of: 2) else { throw row.damaged(.channels) }
        var channels: [Device.Channel] = []
        for index in stride(from: 0, to: parts.count, by: 2) {
            guard let id = ChannelID(parts[index]) else { throw row.damaged(.channels) }
            channels.append(Device.Channel(channel: id, address: parts[index + 1]))
        }
        return Device(
            id: try row.identifier(.id),
            user: try row.identifier(.userID),
            name: try row.requiredText(.name),
            platform: platform,
            languages: try StoredLists.strings(row.requiredText(.languages)),
            protection: protection,
            channels: channels,
            createdAt: try row.timestamp(.createdAt),
            lastSeenAt: try row.timestamp(.lastSeenAt)
        )
    }
}

/// How a credential is stored.
enum CredentialRow {
    enum Column: Int32, TableColumn {
        case id, userID, device, publicKey, algorithm, name, pin, rawID, counter, backup, transports
        case createdAt, lastUsedAt
    }

    static let byID = SQL("SELECT \(Column.names) FROM credential WHERE id = ?")
    static let ofUser = SQL(
        """
        SELECT \(Column.names) FROM credential WHERE user_id = ? ORDER BY created_at, id LIMIT ?
        """
    )
    static let insert = SQL(
        """
        INSERT INTO credential (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT DO NOTHING RETURNING 1
        """
    )

    /// - Throws: `unavailable` for a key that OpenSSL cannot write.
    static func bind(_ credential: Credential, to statement: any Statement) throws(StoreError) {
        guard let info = credential.publicKey.info else {
            throw StoreError.unavailable("a public key cannot be written")
        }
        let row = RowWriter<Column>(statement)
        row.set(.id, credential.id)
        row.set(.userID, credential.user)
        row.set(.device, credential.device)
        row.set(.publicKey, info)
        row.set(.algorithm, credential.algorithm.rawValue)
        row.set(.name, credential.name)
        row.set(.pin, credential.pin?.text)
        if let passkey = credential.passkey {
            row.set(.rawID, passkey.rawID)
            row.set(.counter, Int64(passkey.counter))
            row.set(.backup, backup(passkey.isBackupEligible, passkey.isBackedUp))
            row.set(.transports, StoredLists.text(passkey.transports))
        }
        row.set(.createdAt, credential.createdAt)
        row.set(.lastUsedAt, credential.lastUsedAt)
    }

    private static func backup(_ isEligible: Bool, _ isBackedUp: Bool) -> Int64 {
        (isEligible ? 1 : 0) | (isBackedUp ? 2 : 0)
    }

    /// The credential in the current row. If its key is `proven`, that is the one it has: making a key
    /// takes OpenSSL a fifth of a verification. Throws `damaged` for what is never written.
    static func read(
        _ statement: any Statement,
        proven: PublicKey? = nil
    ) throws(StoreError) -> Credential {
        let row = Row<Column>(statement)
        guard let key = row.bytes(.publicKey).flatMap({ publicKey($0, proven) }) else {
            throw row.damaged(.publicKey)
        }
        guard let algorithm = SignatureAlgorithm(rawValue: try row.requiredText(.algorithm)) else {
            throw row.damaged(.algorithm)
        }
        let device: DeviceID? = try row.optionalIdentifier(.device)
        return Credential(
            id: try row.identifier(.id),
            user: try row.identifier(.userID),
            device: device,
            kind: try kind(row),
            publicKey: key,
            algorithm: algorithm,
            name: try row.requiredText(.name),
            createdAt: try row.timestamp(.createdAt),
            lastUsedAt: statement.integer(Column.lastUsedAt.rawValue)
                .map(Timestamp.init(milliseconds:))
        )
    }

    private static func publicKey(_ info: [UInt8], _ proven: PublicKey?) -> PublicKey? {
        if let proven, proven.info == info { return proven }
        return try? PublicKey(info: info)
    }

    private static func kind(_ row: Row<Column>) throws(StoreError) -> Credential.Kind {
        guard let rawID = row.bytes(.rawID) else {
            guard let text = try row.text(.pin) else { return .deviceKey(pin: nil) }
            guard let pin = PINHash(text) else { throw row.damaged(.pin) }
            return .deviceKey(pin: pin)
        }
        let backup = try row.number(.backup)
        return .passkey(
            Credential.Passkey(
                rawID: rawID,
                counter: UInt32(clamping: try row.number(.counter)),
                isBackupEligible: backup & 1 != 0,
                isBackedUp: backup & 2 != 0,
                transports: try StoredLists.strings(row.requiredText(.transports))
            )
        )
    }
}

/// How an enrolment is stored.
enum EnrolmentRow {
    enum Column: Int32, TableColumn {
        case locator, digest, userID, wrongTries, createdAt, endsAt
    }

    static let byLocator = SQL("SELECT \(Column.names) FROM enrolment WHERE locator = ?")
    static let insert = SQL(
        """
        INSERT INTO enrolment (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT DO NOTHING RETURNING 1
        """
    )

    static func bind(_ enrolment: Enrolment, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.locator, enrolment.locator)
        row.set(.digest, enrolment.digest)
        row.set(.userID, enrolment.user)
        row.set(.wrongTries, Int64(enrolment.wrongTries))
        row.set(.createdAt, enrolment.createdAt)
        row.set(.endsAt, enrolment.endsAt)
    }

    static func read(_ statement: any Statement) throws(StoreError) -> Enrolment {
        let row = Row<Column>(statement)
        guard let digest = row.bytes(.digest) else { throw row.damaged(.digest) }
        return Enrolment(
            locator: try row.requiredText(.locator),
            digest: digest,
            user: try row.identifier(.userID),
            wrongTries: Int(clamping: try row.number(.wrongTries)),
            createdAt: try row.timestamp(.createdAt),
            endsAt: try row.timestamp(.endsAt)
        )
    }
}

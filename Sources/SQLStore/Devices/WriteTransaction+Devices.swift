import Access
import Cryptography
import Devices
import JSON
import Logins
import Texts

/// Changes of devices, credentials and enrolments.
extension WriteTransaction {
    /// Enrolments whose time is over that a new one removes at most.
    private static let swept: Int64 = 16

    /// Applies the changes in their order, or none of them.
    func apply(_ changes: [DeviceChange]) throws(StoreError) -> AccessRefusal? {
        try allOrNothing { () throws(StoreError) in
            for change in changes {
                if let refusal = try apply(change) { return refusal }
            }
            return nil
        }
    }

    func redeem(
        _ code: EnrolmentCode,
        at now: Timestamp,
        _ changes: (Enrolment) -> [DeviceChange]
    ) throws(StoreError) -> Redemption {
        guard let enrolment = try connection.enrolment(code.locator),
            enrolment.isWaiting(at: now)
        else { return .unknown }
        guard ConstantTime.equal(code.digest, enrolment.digest) else {
            let update = try connection.statement(
                "UPDATE enrolment SET wrong_tries = wrong_tries + 1 WHERE locator = ?"
            )
            update.bind(enrolment.locator, at: 1)
            try update.run()
            if enrolment.wrongTries + 1 == Enrolment.mostTries {
                let event = AuditEvent(
                    "enrolment.blocked",
                    at: now,
                    ["user": .string(enrolment.user.value)]
                )
                _ = try apply([DeviceChange.audit(event)])
            }
            return .unknown
        }
        if let refusal = try apply(changes(enrolment)) { return .refused(refusal) }
        let delete = try connection.statement("DELETE FROM enrolment WHERE locator = ?")
        delete.bind(enrolment.locator, at: 1)
        try delete.run()
        return .done(enrolment)
    }

    /// Whoever gets the user's identifier later has none of the user's devices, passkeys and codes.
    func removeKeys(of user: UserID) throws(StoreError) {
        let devices = try connection.statement("DELETE FROM device WHERE user_id = ? RETURNING id")
        devices.bind(user.value, at: 1)
        while try devices.step() {
            if let device = try devices.text(0).flatMap({ DeviceID($0) }) { noteEnded(device) }
        }
        let statements: [StaticString] = [
            "DELETE FROM credential WHERE user_id = ?", "DELETE FROM enrolment WHERE user_id = ?",
        ]
        for sql in statements {
            let delete = try connection.statement(sql)
            delete.bind(user.value, at: 1)
            try delete.run()
        }
    }

    /// Uses up the proof of a key. The objection, if the key does not count.
    func use(_ key: KeyUse) throws(StoreError) -> KeyUse.Objection? {
        if let proof = key.proof,
            try apply([AccessChange.use(key: proof.digest, until: proof.until)]) != nil
        {
            return .proofUsed
        }
        let select = try connection.statement("SELECT 1 FROM credential WHERE id = ?")
        select.bind(key.credential.value, at: 1)
        return try select.hasRow() ? nil : .removed
    }

    private func apply(_ change: DeviceChange) throws(StoreError) -> AccessRefusal? {
        switch change {
        case .addDevice(let device):
            let insert = try connection.statement(DeviceRow.insert)
            DeviceRow.bind(device, to: insert)
            return try insert.hasRow() ? nil : .exists
        case .changeDevice(let device):
            let update = try connection.statement(DeviceRow.update)
            DeviceRow.bindUpdate(device, to: update)
            return try update.hasRow() ? nil : .missing
        case .endChannel(let id, let channel):
            guard var device = try connection.device(id) else { return nil }
            device.channels.removeAll { $0.isExactly(channel) }
            return try apply(DeviceChange.changeDevice(device))
        case .noteSeen(let id, let at):
            return try run(
                "UPDATE device SET last_seen_at = max(last_seen_at, ?2) WHERE id = ?1",
                id.value,
                at: at
            )
        case .removeDevice(let id, let user):
            noteEnded(id)
            return try remove(
                "DELETE FROM device WHERE id = ? AND user_id = ? RETURNING 1",
                id.value,
                user
            )
        case .addCredential(let credential): return try add(credential)
        case .noteUse(let id, let at):
            return try run(
                """
                UPDATE credential SET last_used_at = max(coalesce(last_used_at, ?2), ?2)
                WHERE id = ?1
                """,
                id.value,
                at: at
            )
        case .usePasskey(let id, let counter, let over, let isBackedUp, let at):
            return try use(id, counter: counter, over: over, isBackedUp, at)
        case .renameCredential(let id, let user, let name):
            let update = try connection.statement(
                "UPDATE credential SET name = ?3 WHERE id = ?1 AND user_id = ?2 RETURNING 1"
            )
            update.bind(id.value, at: 1)
            update.bind(user.value, at: 2)
            update.bind(name, at: 3)
            return try update.hasRow() ? nil : .missing
        case .removeCredential(let id, let user):
            return try remove(
                "DELETE FROM credential WHERE id = ? AND user_id = ? RETURNING 1",
                id.value,
                user
            )
        case .addEnrolment(let enrolment): return try add(enrolment)
        case .replaceKey(let old, let new): return try replace(old, by: new)
        case .changePIN(let id, let new, let old): return try changePIN(of: id, to: new, over: old)
        case .audit(let event):
            try append(event)
            return nil
        }
    }

    private func run(
        _ sql: StaticString,
        _ id: String,
        at moment: Timestamp
    ) throws(StoreError) -> AccessRefusal? {
        let update = try connection.statement(sql)
        update.bind(id, at: 1)
        update.bind(moment.milliseconds, at: 2)
        try update.run()
        return nil
    }

    private func remove(
        _ sql: StaticString,
        _ id: String,
        _ user: UserID
    ) throws(StoreError) -> AccessRefusal? {
        let delete = try connection.statement(sql)
        delete.bind(id, at: 1)
        delete.bind(user.value, at: 2)
        return try delete.hasRow() ? nil : .missing
    }

    private func add(_ credential: Credential) throws(StoreError) -> AccessRefusal? {
        if let device = credential.device {
            let select = try connection.statement(
                "SELECT 1 FROM device WHERE id = ? AND user_id = ?"
            )
            select.bind(device.value, at: 1)
            select.bind(credential.user.value, at: 2)
            guard try select.hasRow() else { return .missing }
        }
        let insert = try connection.statement(CredentialRow.insert)
        try CredentialRow.bind(credential, to: insert)
        return try insert.hasRow() ? nil : .exists
    }

    private func use(
        _ id: CredentialID,
        counter: UInt32,
        over: UInt32,
        _ isBackedUp: Bool,
        _ moment: Timestamp
    ) throws(StoreError) -> AccessRefusal? {
        let select = try connection.statement(
            "SELECT counter FROM credential WHERE id = ? AND raw_id IS NOT NULL"
        )
        select.bind(id.value, at: 1)
        let current = try select.step() ? select.integer(0) : nil
        select.reset()
        guard let current else { return .missing }
        guard current == Int64(over) else { return .changed }
        let update = try connection.statement(
            """
            UPDATE credential SET counter = ?2, backup = (backup & 1) | ?3,
                last_used_at = max(coalesce(last_used_at, ?4), ?4)
            WHERE id = ?1
            """
        )
        update.bind(id.value, at: 1)
        update.bind(Int64(counter), at: 2)
        update.bind(isBackedUp ? 2 : 0, at: 3)
        update.bind(moment.milliseconds, at: 4)
        try update.run()
        return nil
    }

    /// The old one goes first, so that a device never has two keys.
    private func replace(
        _ old: CredentialID,
        by new: Credential
    ) throws(StoreError) -> AccessRefusal? {
        guard let device = new.device else { return .missing }
        let delete = try connection.statement(
            "DELETE FROM credential WHERE id = ? AND device = ? RETURNING 1"
        )
        delete.bind(old.value, at: 1)
        delete.bind(device.value, at: 2)
        guard try delete.hasRow() else { return .changed }
        noteEnded(device)
        return try add(new)
    }

    private func changePIN(
        of id: CredentialID,
        to new: PINHash,
        over old: PINHash
    ) throws(StoreError) -> AccessRefusal? {
        let select = try connection.statement(
            "SELECT pin FROM credential WHERE id = ? AND device IS NOT NULL"
        )
        select.bind(id.value, at: 1)
        let isThere = try select.step()
        let current = isThere ? try select.text(0) : nil
        select.reset()
        guard isThere else { return .missing }
        guard current.map(old.text.isExactly) ?? false else { return .changed }
        let update = try connection.statement("UPDATE credential SET pin = ?2 WHERE id = ?1")
        update.bind(id.value, at: 1)
        update.bind(new.text, at: 2)
        try update.run()
        return nil
    }

    /// Of a user's codes that were not used yet the newest ones count.
    private func limitEnrolments(of user: UserID) throws(StoreError) {
        let delete = try connection.statement(
            """
            DELETE FROM enrolment WHERE locator IN (
                SELECT locator FROM enrolment WHERE user_id = ?1
                ORDER BY created_at DESC, locator LIMIT 9223372036854775807 OFFSET ?2)
            """
        )
        delete.bind(user.value, at: 1)
        delete.bind(Int64(Enrolment.mostWaiting - 1), at: 2)
        try delete.run()
    }

    private func add(_ enrolment: Enrolment) throws(StoreError) -> AccessRefusal? {
        let sweep = try connection.statement(
            """
            DELETE FROM enrolment WHERE locator IN (
                SELECT locator FROM enrolment WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2)
            """
        )
        sweep.bind(enrolment.createdAt.milliseconds, at: 1)
        sweep.bind(Self.swept, at: 2)
        try sweep.run()
        try limitEnrolments(of: enrolment.user)
        let insert = try connection.statement(EnrolmentRow.insert)
        EnrolmentRow.bind(enrolment, to: insert)
        return try insert.hasRow() ? nil : .exists
    }
}

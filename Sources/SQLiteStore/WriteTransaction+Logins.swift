import Logins

/// What can be written about logins, each within the transaction under way.
extension WriteTransaction {
    func insert(
        _ login: PendingLogin,
        limits: LoginLimits
    ) throws(StoreError) -> Insertion {
        guard role == .service else {
            throw StoreError.unavailable("only the service takes logins")
        }
        let keyHash = hash.of(login.key)
        for number in keys.numbers(keyHash) {
            if let known = try stored(number, with: login.key) { return .known(known) }
        }
        for number in try keys.stored(keyHash, connection) {
            if let known = try stored(number, with: login.key) { return .known(known) }
        }
        var login = login
        let failure = limits.broken(by: try usage(by: login, limits))
        // A refused login takes nobody's place, and reporting it would reach the other's consent.
        let rule = failure == nil ? limits.sameConsent : .keepFirst
        if try isConsentTaken(from: login, by: nil, rule) {
            try? login.apply(.unusable(.consentBusy), at: login.terms.receivedAt)
        } else if let failure {
            // One that arrived too late is over already, and stays so.
            try? login.apply(.unusable(failure), at: login.terms.receivedAt)
        } else {
            noteStart(of: login, limits)
        }
        let number = try takeNumber()
        let insert = try connection.statement(LoginRow.insert)
        try LoginRow.bindAll(number, login, to: insert)
        try insert.run()
        try keys.add(hash: keyHash, number: number.rawValue, connection)
        try note(number, login, before: nil, after: login.phase)
        let stored = StoredLogin(number: number, login: login)
        noteChange(stored)
        return .inserted(stored)
    }

    /// The login of that number, if it has that key.
    private func stored(_ number: Int64, with key: LoginKey) throws(StoreError) -> StoredLogin? {
        guard let found = try connection.login(LoginNumber(number)) else { return nil }
        return found.login.key == key ? found : nil
    }

    func update(
        _ number: LoginNumber,
        at now: Timestamp,
        _ body: (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? {
        guard let found = try connection.login(number) else { return nil }
        var login = found.login
        do {
            try body(&login)
        } catch {
            return .failure(error)
        }
        guard login != found.login else { return .success(found) }
        guard login.key == found.login.key, login.details == found.login.details else {
            throw StoreError.unavailable("an update may only apply events")
        }
        // A stranded report that is tried again would reach the consent of the other's prompt.
        if found.login.dueAt == nil, try isConsentTaken(from: login, by: number, .keepFirst) {
            return .failure(.consentBusy)
        }
        // Some servers tell which consent a login is about only when they are asked.
        if found.login.consentID == nil,
            try isConsentTaken(from: login, by: number, .keepFirst)
        {
            login = found.login
            try? login.apply(.unusable(.consentBusy), at: now)
        }
        try write(number, login, before: found.login)
        return .success(StoredLogin(number: number, login: login))
    }

    private func write(
        _ number: LoginNumber,
        _ login: PendingLogin,
        before: PendingLogin
    ) throws(StoreError) {
        let update = try connection.statement(LoginRow.update)
        try LoginRow.bindUpdate(number, login, to: update)
        try update.run()
        try note(number, login, before: before.phase, after: login.phase)
        noteChange(StoredLogin(number: number, login: login))
    }

    /// Whether another login that owes something is about the same consent. Under `supersede` the
    /// others are closed first, those excepted that have an outcome already.
    private func isConsentTaken(
        from login: PendingLogin,
        by number: LoginNumber?,
        _ rule: LoginLimits.SameConsent
    ) throws(StoreError) -> Bool {
        guard let consent = login.consentID, login.dueAt != nil else { return false }
        let select = try connection.statement(
            "SELECT number FROM login WHERE consent_key = ? AND due_at IS NOT NULL"
        )
        select.bind(consent.value, at: 1)
        var others: [LoginNumber] = []
        while try select.step() { others.append(LoginRow.number(select)) }
        var superseded: [(number: LoginNumber, before: PendingLogin, closed: PendingLogin)] = []
        for other in others where other != number {
            guard let before = try readable(other)?.login,
                before.key.server == login.key.server,
                before.key.tenant == login.key.tenant
            else { continue }
            var closed = before
            guard rule == .supersede,
                (try? closed.apply(.unusable(.superseded), at: login.terms.receivedAt)) != nil
            else { return true }
            superseded.append((other, before, closed))
        }
        // None is closed unless all can be: otherwise nobody would be left.
        for (number, before, closed) in superseded { try write(number, closed, before: before) }
        return false
    }

    /// Nil also for a damaged row, on which nobody can work: it stands in nobody's way.
    private func readable(_ number: LoginNumber) throws(StoreError) -> StoredLogin? {
        do throws(StoreError) { return try connection.login(number) } catch {
            guard case .damaged = error else { throw error }
            return nil
        }
    }

    /// Interrupts the next reporting logins after a number. Nil for the last number when there are
    /// no more. Damaged rows are passed over: they are not lost, and they stop nobody else.
    func interrupt(
        after: LoginNumber,
        at now: Timestamp,
        limit: Int
    ) throws(StoreError) -> (count: Int, last: LoginNumber?) {
        let select = try connection.statement(
            """
            SELECT number FROM login WHERE phase = 'reporting' AND number > ?
            ORDER BY number LIMIT ?
            """
        )
        select.bind(after.rawValue, at: 1)
        select.bind(Int64(limit), at: 2)
        var numbers: [LoginNumber] = []
        while try select.step() { numbers.append(LoginRow.number(select)) }
        var count = 0
        for number in numbers {
            do throws(StoreError) {
                let outcome = try update(number, at: now) { (login) throws(PendingLogin.Refusal) in
                    try login.apply(.interrupted, at: now)
                }
                if case .success = outcome { count += 1 }
            } catch {
                guard case .damaged = error else { throw error }
            }
        }
        return (count, numbers.last)
    }

    func redact(settledBefore moment: Timestamp, limit: Int) throws(StoreError) -> Int {
        let update = try connection.statement(
            """
            UPDATE login SET
                redacted = 1, user_id = NULL, client_name = NULL, scopes = '[]',
                acr_values = '[]', binding_message = NULL, consent_id = NULL, state = NULL,
                unknown_members = NULL, consent = NULL, accounts = NULL, consent_key = NULL,
                selected = CASE WHEN selected IS NULL THEN NULL ELSE '[]' END,
                tickets = x'', revision = revision + 1
            WHERE number IN (
                SELECT number FROM login
                WHERE redacted = 0 AND settled_at IS NOT NULL AND settled_at < ?
                ORDER BY settled_at LIMIT ?)
            RETURNING 1
            """
        )
        update.bind(moment.milliseconds, at: 1)
        update.bind(Int64(limit), at: 2)
        var count = 0
        while try update.step() { count += 1 }
        return count
    }

    /// Deletes by columns, without reading the logins: damaged ones must go too. Of one whose key is
    /// no longer what it was, an entry of the key's index stays behind; it leads nowhere, since no
    /// number is given twice.
    func delete(settledBefore moment: Timestamp, limit: Int) throws(StoreError) -> Int {
        var count = 0
        for redacted in [Int64(1), 0] where count < limit {
            let delete = try connection.statement(
                """
                DELETE FROM login WHERE number IN (
                    SELECT number FROM login
                    WHERE redacted = ? AND settled_at IS NOT NULL AND settled_at < ?
                    ORDER BY settled_at LIMIT ?)
                RETURNING number, server, tenant, login_id, outcome
                """
            )
            delete.bind(redacted, at: 1)
            delete.bind(moment.milliseconds, at: 2)
            delete.bind(Int64(limit - count), at: 3)
            var gone: [(number: Int64, hash: Int64, outcome: String)] = []
            while try delete.step() {
                var key = SipHash(hash.key)
                key.combine(delete.bytes(1))
                key.combine(delete.bytes(2))
                key.combine(delete.bytes(3))
                let outcome = String(decoding: delete.bytes(4) ?? [], as: UTF8.self)
                gone.append((delete.integer(0) ?? 0, key.finalize(), outcome))
            }
            for login in gone {
                try keys.remove(hash: login.hash, number: login.number, connection)
                noteDeleted(outcome: login.outcome)
            }
            count += gone.count
            if let highest = gone.map(\.number).max() { try noteHighestDeleted(highest) }
        }
        return count
    }

    /// Makes the commit write a page. There and back again, because a row that is overwritten with
    /// what it holds is not written at all.
    func probe() throws(StoreError) {
        try connection.statement("UPDATE meta SET deleted_up_to = deleted_up_to + 1").run()
        try connection.statement("UPDATE meta SET deleted_up_to = deleted_up_to - 1").run()
    }

    private func noteHighestDeleted(_ number: Int64) throws(StoreError) {
        let update = try connection.statement(
            "UPDATE meta SET deleted_up_to = max(deleted_up_to, ?)"
        )
        update.bind(number, at: 1)
        try update.run()
    }
}

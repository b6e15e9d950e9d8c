import Access
import Logins

/// What can be written about logins, each within the current transaction.
extension WriteTransaction {
    func insert(
        _ login: PendingLogin,
        limits: LoginLimits
    ) throws(StoreError) -> Insertion {
        guard role == .service else {
            throw StoreError.unavailable("only the service inserts logins")
        }
        if let known = try index.login(login.key, connection) { return .known(known) }
        var login = login
        let failure = try brokenLimit(by: login, limits)
        // A login that fails closes no other, and reporting it would reach the other's consent.
        let fails = failure != nil || login.phase.name != .preparing
        if try isConsentTaken(from: login, by: nil, fails ? .keepFirst : limits.sameConsent) {
            login = PendingLogin(key: login.key, terms: login.terms, details: login.details)
            try? login.apply(.unusable(.consentBusy), at: login.terms.receivedAt)
        } else if let failure {
            // One that arrived too late has ended already, and stays so.
            try? login.apply(.unusable(failure), at: login.terms.receivedAt)
        } else if !fails {
            for other in try logins(replacedBy: login, limits) {
                try end(other, as: .replaced, at: login.terms.receivedAt)
            }
            try noteStart(of: login, limits)
        }
        let stored = StoredLogin(number: try takeNumber(), login: login)
        let insert = try connection.statement(LoginRow.insert)
        try LoginRow.bindInsert(stored.number, login, to: insert)
        try insert.insertRow()
        try index.added(stored, connection)
        try note(stored, before: nil)
        return .inserted(stored)
    }

    func update(
        _ number: LoginNumber,
        at now: Timestamp,
        asWork: Bool = false,
        _ body: (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? {
        guard let found = try index.login(number, connection) else { return nil }
        let before = found.login
        var login = before
        do {
            try body(&login)
        } catch {
            return .failure(error)
        }
        guard login != before else { return .success(found) }
        guard login.key == before.key, login.details == before.details else {
            throw StoreError.unavailable("an update must not change key or details")
        }
        // A stranded report that is retried would reach the consent of the other login's prompt.
        if before.dueAt == nil, try isConsentTaken(from: login, by: number, .keepFirst) {
            return .failure(.consentBusy)
        }
        // For some servers the consent is known only once it is fetched.
        if before.consentID == nil, try isConsentTaken(from: login, by: number, .keepFirst) {
            login = before
            try? login.apply(.unusable(.consentBusy), at: now)
        }
        if let failure = try excess(login, before: before, at: now) {
            login = before
            try? login.apply(.unusable(failure), at: now)
        }
        if let until = try block(of: login, before: before, at: now) {
            return .failure(.userBlocked(until: until))
        }
        return .success(try write(number, login, before: before, at: now, asWork: asWork))
    }

    @discardableResult
    func write(
        _ number: LoginNumber,
        _ login: PendingLogin,
        before: PendingLogin,
        at now: Timestamp,
        keepsInterruptions: Bool = false,
        asWork: Bool = false
    ) throws(StoreError) -> StoredLogin {
        let update = try connection.statement(LoginRow.update)
        try LoginRow.bindUpdate(number, login, to: update)
        let keeps = keepsInterruptions || Self.isBeforeWork(login, before)
        update.bind(keeps ? 1 : 0, at: LoginColumn.interruptions.parameter)
        try update.run()
        let stored = StoredLogin(number: number, login: login)
        try note(stored, before: before, asWork: asWork)
        for event in AuditEvent.events(of: stored, before: before, at: now) { try append(event) }
        try oweNotice(stored, before: before, at: now)
        try noteConduct(stored, before: before, at: now)
        return stored
    }

    /// Whether a change is stored before the work that it is for: a ticket, or that a report begins.
    private static func isBeforeWork(_ login: PendingLogin, _ before: PendingLogin) -> Bool {
        if case .reporting(_, let report) = login.phase, report.isUnderWay { return true }
        return login.phase == before.phase
    }

    /// Whether another login with the same consent owes something. Under `supersede` such logins are
    /// closed first, unless one has an outcome already.
    private func isConsentTaken(
        from login: PendingLogin,
        by number: LoginNumber?,
        _ rule: LoginLimits.SameConsent
    ) throws(StoreError) -> Bool {
        guard let consent = login.consentID, login.dueAt != nil else { return false }
        var superseded: [(number: LoginNumber, before: PendingLogin, closed: PendingLogin)] = []
        for other in try index.owing(consent.value, connection) where other != number {
            // A damaged row blocks nobody: no work can be done for it.
            guard let before = try connection.readableLogin(other)?.login,
                before.key.sharesConsents(with: login.key)
            else { continue }
            var closed = before
            guard rule == .supersede,
                (try? closed.apply(.unusable(.superseded), at: login.terms.receivedAt)) != nil
            else { return true }
            superseded.append((other, before, closed))
        }
        // None is closed unless all can be: otherwise no login would be left.
        let now = login.terms.receivedAt
        for (number, before, closed) in superseded {
            try write(number, closed, before: before, at: now)
        }
        return false
    }

    /// Interrupts the next reporting logins after a number; where processes share the work only those on
    /// which none works. Skips damaged rows. The last number is nil when there are no more.
    func interrupt(
        after: LoginNumber,
        unclaimed: Bool,
        at now: Timestamp,
        limit: Int
    ) throws(StoreError) -> (count: Int, last: LoginNumber?) {
        let select =
            unclaimed
            ? try connection.statement(
                """
                SELECT number FROM login WHERE phase = 'reporting' AND number > ?
                    AND NOT EXISTS (SELECT 1 FROM claim WHERE claim.number = login.number)
                ORDER BY number LIMIT ?
                """
            )
            : try connection.statement(
                """
                SELECT number FROM login WHERE phase = 'reporting' AND number > ?
                ORDER BY number LIMIT ?
                """
            )
        select.bind(after.rawValue, at: 1)
        select.bind(Int64(limit), at: 2)
        let numbers = try select.loginNumbers()
        var count = 0
        for number in numbers {
            guard let before = try connection.readableLogin(number)?.login else { continue }
            var login = before
            guard (try? login.apply(.interrupted, at: now)) != nil else { continue }
            if login != before {
                try write(number, login, before: before, at: now, keepsInterruptions: true)
            }
            count += 1
        }
        return (count, numbers.last)
    }

    /// How often in a row the process may die while it works on a login.
    private static let mostInterruptions = 2

    /// Counts that the process died while it worked on these logins. One for which that has happened
    /// twice in a row fails, or is stranded if its report was the work, so that a login which kills
    /// the process is not worked on for ever.
    func countInterrupted(
        _ numbers: Set<LoginNumber>,
        at now: Timestamp
    ) throws(StoreError) {
        for number in numbers {
            let count = try connection.statement(
                """
                UPDATE login SET interruptions = coalesce(interruptions, 0) + 1
                WHERE number = ? AND due_at IS NOT NULL RETURNING interruptions
                """
            )
            count.bind(number.rawValue, at: 1)
            let interruptions = try count.step() ? count.integer(0) ?? 0 : 0
            count.reset()
            guard interruptions >= Self.mostInterruptions,
                let before = try connection.readableLogin(number)?.login
            else { continue }
            var login = before
            let event: PendingLogin.Event =
                before.phase.outcome == nil
                ? .unusable(.interrupted) : .reportRefused("the process died twice during the work")
            if (try? login.apply(event, at: now)) != nil {
                try write(number, login, before: before, at: now)
            }
        }
    }

    func redact(settledBefore moment: Timestamp, limit: Int) throws(StoreError) -> Int {
        let select = try connection.statement(
            """
            SELECT number, user_id FROM login
            WHERE redacted = 0 AND settled_at IS NOT NULL AND settled_at < ?
            ORDER BY settled_at LIMIT ?
            """
        )
        select.bind(moment.milliseconds, at: 1)
        select.bind(Int64(limit), at: 2)
        var erased: [(number: LoginNumber, user: [UInt8]?)] = []
        while try select.step() { erased.append((select.loginNumber, select.bytes(1))) }
        for login in erased { try removeHistory(login.number, login.user) }
        let update = try connection.statement(
            """
            UPDATE login SET
                redacted = 1, user_id = NULL, client = NULL, client_name = NULL, scopes = '[]',
                acr_values = '[]', binding_message = NULL, matching = NULL, consent_id = NULL, state = NULL,
                authorization_details = NULL,
                unknown_members = NULL, context = NULL, consent = NULL, accounts = NULL, consent_key = NULL,
                address = NULL, deliveries = NULL, attempts = NULL, stranding = NULL, stranding_reason = NULL,
                granted = CASE WHEN granted IS NULL THEN NULL ELSE '[]' END,
                selected = CASE WHEN selected IS NULL THEN NULL ELSE '[]' END,
                tickets = ?
            WHERE number IN (
                SELECT number FROM login
                WHERE redacted = 0 AND settled_at IS NOT NULL AND settled_at < ?
                ORDER BY settled_at LIMIT ?)
            RETURNING number
            """
        )
        update.bind([UInt8](), at: 1)
        update.bind(moment.milliseconds, at: 2)
        update.bind(Int64(limit), at: 3)
        return try update.loginNumbers().count
    }

    private func removeHistory(_ number: LoginNumber, _ user: [UInt8]?) throws(StoreError) {
        guard let user else { return }
        try index.erased(number, user: user, connection)
    }

    /// Deletes without reading the logins, so that damaged ones go too. If such a one's key has
    /// changed, its entry stays in the index; it leads nowhere, because no number is used twice.
    func delete(settledBefore moment: Timestamp, limit: Int) throws(StoreError) -> Int {
        var count = 0
        for redacted in [Int64(1), 0] where count < limit {
            let delete = try connection.statement(
                """
                DELETE FROM login WHERE number IN (
                    SELECT number FROM login
                    WHERE redacted = ? AND settled_at IS NOT NULL AND settled_at < ?
                    ORDER BY settled_at LIMIT ?)
                RETURNING number, server, login_id, outcome, user_id
                """
            )
            delete.bind(redacted, at: 1)
            delete.bind(moment.milliseconds, at: 2)
            delete.bind(Int64(limit - count), at: 3)
            var deleted: [DeletedLogin] = []
            while try delete.step() { deleted.append(DeletedLogin(delete)) }
            for login in deleted {
                try index.deleted(
                    login.number,
                    server: login.server,
                    login: login.id,
                    connection
                )
                try removeHistory(login.number, login.user)
                noteDeleted(outcome: login.outcome)
            }
            count += deleted.count
            guard let highest = deleted.map(\.number).max() else { continue }
            let update = try connection.statement(
                "UPDATE meta SET deleted_up_to = max(deleted_up_to, ?)"
            )
            update.bind(highest.rawValue, at: 1)
            try update.run()
        }
        return count
    }

    /// Makes the commit write a page. It takes two changes, because a row that is overwritten with
    /// the same values is not written.
    func probe() throws(StoreError) {
        try connection.statement("UPDATE meta SET deleted_up_to = deleted_up_to + 1").run()
        try connection.statement("UPDATE meta SET deleted_up_to = deleted_up_to - 1").run()
    }
}

/// What is left of a login whose row was deleted. By bytes, because the row may be damaged.
private struct DeletedLogin {
    let number: LoginNumber
    let server: [UInt8]?
    let id: [UInt8]?
    let outcome: String
    let user: [UInt8]?

    init(_ row: any Statement) {
        number = row.loginNumber
        server = row.bytes(1)
        id = row.bytes(2)
        outcome = String(decoding: row.bytes(3) ?? [], as: UTF8.self)
        user = row.bytes(4)
    }
}

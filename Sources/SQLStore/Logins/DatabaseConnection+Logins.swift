import Logins

/// What can be read about logins, on the writer's connection or a reader's.
extension DatabaseConnection {
    func login(_ number: LoginNumber) throws(StoreError) -> StoredLogin? {
        let select = try statement(LoginRow.byNumber)
        select.bind(number.rawValue, at: 1)
        defer { select.reset() }
        return try select.step() ? try LoginRow.read(select) : nil
    }

    /// The digests of a login's tickets, without the rest of its row.
    func tickets(of number: LoginNumber) throws(StoreError) -> [PendingLogin.TicketDigest] {
        let select = try statement("SELECT tickets FROM login WHERE number = ?")
        select.bind(number.rawValue, at: 1)
        defer { select.reset() }
        return try select.step() ? LoginRow.tickets(select.bytes(0) ?? []) : []
    }

    /// The same, but nil for a damaged row too.
    func readableLogin(
        _ number: LoginNumber,
        whenDamaged: (LoginNumber, StoreError) -> Void = { _, _ in }
    ) throws(StoreError) -> StoredLogin? {
        do throws(StoreError) {
            return try login(number)
        } catch {
            guard case .damaged = error else { throw error }
            whenDamaged(number, error)
            return nil
        }
    }

    /// The login with that key among those with these numbers.
    func login(
        _ key: LoginKey,
        among numbers: [Int64]
    ) throws(StoreError) -> StoredLogin? {
        for number in numbers {
            if let found = try login(LoginNumber(number)), found.login.key.isSame(as: key) {
                return found
            }
        }
        return nil
    }

    func logins(
        in phase: PendingLogin.PhaseName,
        after: LoginNumber?,
        limit: Int,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> [StoredLogin] {
        let select = try statement(LoginRow.byPhase)
        select.bind(phase.storedName, at: 1)
        select.bind(after?.rawValue ?? Int64.min, at: 2)
        select.bind(Int64(max(limit, 0)), at: 3)
        defer { select.reset() }
        return try LoginRow.readAll(select, whenDamaged: whenDamaged)
    }

    /// The live logins of a user.
    func liveLogins(
        of user: UserID,
        limit: Int,
        _ index: any LoginIndex,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> [StoredLogin] {
        let numbers = try index.live(of: user, self)
        var logins: [StoredLogin] = []
        for number in numbers.sorted(by: >) where logins.count < limit {
            let stored = try readableLogin(number, whenDamaged: whenDamaged)
            guard let stored, stored.login.details.user == user, stored.login.phase.isLive
            else { continue }
            logins.append(stored)
        }
        return logins
    }

    /// The logins of a user that have an outcome.
    func pastLogins(
        of user: UserID,
        before: LoginNumber?,
        limit: Int,
        _ index: any LoginIndex,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> [StoredLogin] {
        // Most numbers lead to a login that is wanted.
        let step = limit + 16
        var bound = before?.rawValue ?? .max
        var logins: [StoredLogin] = []
        while logins.count < limit {
            let numbers = try index.history(of: user, before: bound, limit: step, self)
            guard let last = numbers.last else { break }
            for number in numbers where logins.count < limit {
                let found = try readableLogin(number, whenDamaged: whenDamaged)
                guard let found, found.login.details.user == user,
                    found.login.phase.outcome != nil
                else { continue }
                logins.append(found)
            }
            bound = last.rawValue
        }
        return logins
    }

    func census() throws(StoreError) -> [Census] {
        let select = try statement(
            "SELECT phase, outcome, count FROM census WHERE count > 0 ORDER BY phase, outcome"
        )
        defer { select.reset() }
        var census: [Census] = []
        while try select.step() {
            guard let name = try select.text(0),
                let phase = PendingLogin.PhaseName(storedName: name)
            else { throw StoreError.damaged("invalid phase in census") }
            let outcome = try select.text(1) ?? ""
            census.append(
                Census(
                    phase: phase,
                    outcome: outcome.isEmpty ? nil : outcome,
                    count: Int(select.integer(2) ?? 0)
                )
            )
        }
        return census
    }
}

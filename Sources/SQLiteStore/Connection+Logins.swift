import Logins

/// What can be read about logins, on the writer's connection or a reader's.
extension Connection {
    func login(_ number: LoginNumber) throws(StoreError) -> StoredLogin? {
        let select = try statement(LoginRow.byNumber)
        select.bind(number.rawValue, at: 1)
        defer { select.reset() }
        return try select.step() ? try LoginRow.read(select) : nil
    }

    /// The login with that key among those numbers.
    func login(_ key: LoginKey, among numbers: [Int64]) throws(StoreError) -> StoredLogin? {
        for number in numbers {
            if let found = try login(LoginNumber(number)), found.login.key == key { return found }
        }
        return nil
    }

    /// Looks through the rows above the mark, whose keys the service may have in its memory only.
    func loginNotMerged(_ key: LoginKey) throws(StoreError) -> StoredLogin? {
        let select = try statement(
            """
            SELECT number FROM login
            WHERE number > (SELECT keys_merged FROM meta) AND login_id = ? AND server = ?
            """
        )
        select.bind(key.login.value, at: 1)
        select.bind(key.server.value, at: 2)
        var numbers: [Int64] = []
        while try select.step() { numbers.append(select.integer(0) ?? 0) }
        return try login(key, among: numbers)
    }

    func logins(
        in phase: PendingLogin.PhaseName,
        after: LoginNumber?,
        limit: Int,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> [StoredLogin] {
        let select = try statement(LoginRow.byPhase)
        select.bind(StoredNames.name(phase), at: 1)
        select.bind(after?.rawValue ?? Int64.min, at: 2)
        select.bind(Int64(max(limit, 0)), at: 3)
        defer { select.reset() }
        var logins: [StoredLogin] = []
        while try select.step() {
            do throws(StoreError) {
                logins.append(try LoginRow.read(select))
            } catch {
                guard case .damaged = error else { throw error }
                whenDamaged(LoginRow.number(select), error)
            }
        }
        return logins
    }

    /// Due logins that nobody has, claimed one by one as they are found.
    ///
    /// A claim is taken before the row is known to be fresh: the row is then looked at again, so
    /// that work which ended in between is not handed out a second time.
    func claim(
        at now: Timestamp,
        limit: Int,
        _ claims: Claims,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> [Claim] {
        var found: [(claim: Claim, revision: Int64)] = []
        do throws(StoreError) {
            let select = try statement(LoginRow.byDue)
            select.bind(now.milliseconds, at: 1)
            defer { select.reset() }
            while found.count < limit, try select.step() {
                let number = LoginRow.number(select)
                guard let taken = claims.duties(of: number) else { continue }
                do throws(StoreError) {
                    let stored = try LoginRow.read(select)
                    guard let duty = stored.login.duty(at: now), !taken.contains(duty),
                        claims.take(number, duty)
                    else { continue }
                    let claim = Claim(stored: stored, duty: duty)
                    found.append((claim, LoginRow.revision(select)))
                } catch {
                    guard case .damaged = error else { throw error }
                    whenDamaged(number, error)
                }
            }
            var fresh: [Claim] = []
            // The cursor's snapshot ends here; what follows sees the present.
            select.reset()
            for (claim, revision) in found {
                if let claim = try refresh(claim, revision, at: now, claims) { fresh.append(claim) }
            }
            return fresh
        } catch {
            for (claim, _) in found { claims.release(claim.stored.number, claim.duty) }
            throw error
        }
    }

    private func refresh(
        _ claim: Claim,
        _ revision: Int64,
        at now: Timestamp,
        _ claims: Claims
    ) throws(StoreError) -> Claim? {
        let number = claim.stored.number
        let select = try statement("SELECT revision FROM login WHERE number = ?")
        select.bind(number.rawValue, at: 1)
        let present = try select.step() ? select.integer(0) : nil
        select.reset()
        if present == revision { return claim }
        if let stored = try login(number), stored.login.duty(at: now) == claim.duty {
            return Claim(stored: stored, duty: claim.duty)
        }
        claims.release(number, claim.duty)
        return nil
    }

    /// When the next unclaimed login owes something. Of a login whose duty is claimed, only its end
    /// is left to wait for.
    ///
    /// What a login owes is told as `claim` tells it, by the time it is: a moment that has passed is
    /// returned only for work that `claim` gives, or whoever waits for it would never rest.
    func nextDue(at now: Timestamp, _ claims: Claims) throws(StoreError) -> Timestamp? {
        let select = try statement(
            """
            SELECT number, due_at, phase, prompt_ends, report_ends FROM login
            WHERE due_at IS NOT NULL ORDER BY due_at, number
            """
        )
        defer { select.reset() }
        var next: Timestamp?
        while try select.step() {
            let due = Timestamp(milliseconds: select.integer(1) ?? 0)
            if let next, next <= due { return next }
            guard let taken = claims.duties(of: LoginRow.number(select)) else { continue }
            if taken.isEmpty { return due }
            let phase = try select.text(2)
            let end = Timestamp(
                milliseconds: select.integer(phase == "reporting" ? 4 : 3) ?? 0
            )
            let duty: PendingLogin.Duty =
                if max(due, now) >= end {
                    .end
                } else {
                    switch phase {
                    case "preparing": .prepare
                    case "waiting": .notify
                    default: .report
                    }
                }
            let moment: Timestamp? =
                if !taken.contains(duty) {
                    due
                } else if !taken.contains(.end) {
                    max(due, end)
                } else {
                    nil
                }
            if let moment { next = min(next ?? moment, moment) }
        }
        return next
    }

    func census() throws(StoreError) -> [Census] {
        let select = try statement(
            "SELECT phase, outcome, count FROM census WHERE count > 0 ORDER BY phase, outcome"
        )
        defer { select.reset() }
        var census: [Census] = []
        while try select.step() {
            guard let name = try select.text(0), let phase = StoredNames.phase(name) else {
                throw StoreError.damaged("the census")
            }
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

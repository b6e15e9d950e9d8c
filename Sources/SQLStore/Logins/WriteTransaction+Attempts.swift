import Logins

/// Reserved attempts at proofs: each is in the table until it is settled.
extension WriteTransaction {
    func beginAttempt(
        of user: UserID,
        at now: Timestamp
    ) throws(StoreError) -> ProofAttempt.Start {
        try countUnsettled(of: user, at: now)
        let standing = try failures(of: user)
        if standing.isBlocked(at: now) { return .blocked(standing) }
        let select = try connection.statement(
            "SELECT count(*) FROM proof_attempt WHERE user_id = ?"
        )
        select.bind(user.value, at: 1)
        let open = try select.step() ? Int(clamping: select.integer(0) ?? 0) : 0
        select.reset()
        guard open < standing.left else { return .busy }
        let insert = try connection.statement(
            "INSERT INTO proof_attempt (user_id, began_at) VALUES (?1, ?2) RETURNING id"
        )
        insert.bind(user.value, at: 1)
        insert.bind(now.milliseconds, at: 2)
        var id: Int64?
        while try insert.step() { id = insert.integer(0) }
        guard let id else { throw StoreError.damaged("proof_attempt has no id") }
        return .begun(ProofAttempt(id: id, user: user))
    }

    func succeeded(_ attempt: ProofAttempt, at now: Timestamp) throws(StoreError) -> Bool {
        try countUnsettled(of: attempt.user, at: now)
        guard try end(attempt), !(try failures(of: attempt.user).isBlocked(at: now)) else {
            return false
        }
        try noteSuccess(of: attempt.user, at: now)
        return true
    }

    func failed(_ attempt: ProofAttempt, at now: Timestamp) throws(StoreError) -> FailureStanding {
        try countUnsettled(of: attempt.user, at: now)
        guard try end(attempt) else { return try failures(of: attempt.user) }
        return try noteFailure(of: attempt.user, at: now)
    }

    /// Counts attempts as failures that nobody has settled in time, as when a process has died.
    private func countUnsettled(of user: UserID, at now: Timestamp) throws(StoreError) {
        let limit = Timestamp(milliseconds: now.milliseconds) - ProofAttempt.longest
        for _ in 0..<(try endAttempts(of: user, begunBefore: limit)) {
            try noteFailure(of: user, at: now)
        }
    }

    /// Removes attempts, and returns how many there were.
    func endAttempts(of user: UserID, begunBefore limit: Timestamp) throws(StoreError) -> Int {
        let delete = try connection.statement(
            "DELETE FROM proof_attempt WHERE user_id = ?1 AND began_at < ?2 RETURNING 1"
        )
        delete.bind(user.value, at: 1)
        delete.bind(limit.milliseconds, at: 2)
        var count = 0
        while try delete.step() { count += 1 }
        return count
    }

    /// False if it was settled before.
    private func end(_ attempt: ProofAttempt) throws(StoreError) -> Bool {
        let delete = try connection.statement(
            "DELETE FROM proof_attempt WHERE id = ?1 AND user_id = ?2 RETURNING 1"
        )
        delete.bind(attempt.id, at: 1)
        delete.bind(attempt.user.value, at: 2)
        return try delete.hasRow()
    }
}

import Logins

extension WriteTransaction {
    /// Gives up the claims of a process whose lease has ended, and counts for each login that the process
    /// ended while it worked on it.
    func bury(_ replica: Int64, at now: Timestamp) throws(StoreError) {
        let select = try connection.statement(
            "SELECT 1 FROM replica WHERE id = ? AND until < clock_timestamp() FOR UPDATE"
        )
        select.bind(replica, at: 1)
        // Another process may have done it, or it lives after all.
        guard try select.hasRow() else { return }
        let claims = try connection.statement("SELECT number FROM claim WHERE replica = ?")
        claims.bind(replica, at: 1)
        try countInterrupted(Set(claims.loginNumbers()), at: now)
        let delete = try connection.statement("DELETE FROM replica WHERE id = ?")
        delete.bind(replica, at: 1)
        try delete.run()
    }

    /// Notes that a report was cut off, of which this process has just taken the claim. Nil if the login
    /// does not owe the report any more.
    func interrupt(_ claim: Claim, at now: Timestamp) throws(StoreError) -> Claim? {
        guard let before = try connection.readableLogin(claim.stored.number)?.login else {
            return nil
        }
        var login = before
        guard (try? login.apply(.interrupted, at: now)) != nil else { return nil }
        var stored = StoredLogin(number: claim.stored.number, login: login)
        if login != before {
            stored = try write(
                stored.number,
                login,
                before: before,
                at: now,
                keepsInterruptions: true
            )
        }
        guard login.duty(at: now) == claim.duty else { return nil }
        return Claim(stored: stored, duty: claim.duty)
    }
}

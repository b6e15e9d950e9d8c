import Logins

/// How much of the limits is in use, counted within the transaction that inserts.
extension WriteTransaction {
    /// The limit that one more login would break, if any.
    func brokenLimit(
        by login: PendingLogin,
        _ limits: LoginLimits
    ) throws(StoreError) -> Failure? {
        if let failure = try abuse(by: login, limits) { return failure }
        var usage = LoginLimits.Usage()
        let now = login.terms.receivedAt
        if let limit = limits.liveLoginsOfUser {
            // Those that it replaces do not count.
            let replaced = try logins(replacedBy: login, limits).count
            usage.liveLoginsOfUser =
                try liveLogins(of: login.details.user, upTo: limit + replaced) - replaced
        }
        if limits.startsOfUserAMinute != nil {
            usage.startsOfUser = try starts.starts(of: .user(login.details.user), at: now)
        }
        if let client = ClientKey(login) {
            if limits.liveLoginsOfClient != nil {
                usage.liveLoginsOfClient = try liveLogins(of: client)
            }
            if limits.startsOfClientAMinute != nil {
                usage.startsOfClient = try starts.starts(of: .client(client), at: now)
            }
        }
        return limits.broken(by: usage)
    }

    /// Counts the start of a login that is within its limits.
    func noteStart(of login: PendingLogin, _ limits: LoginLimits) throws(StoreError) {
        let now = login.terms.receivedAt
        try noteUser(of: login, limits)
        if limits.startsOfUserAMinute != nil { try starts.note(.user(login.details.user), at: now) }
        if limits.startsOfClientAMinute != nil, let client = ClientKey(login) {
            try starts.note(.client(client), at: now)
        }
    }

    /// Exact up to `limit`, beyond which it does not matter.
    func liveLogins(of user: UserID, upTo limit: Int) throws(StoreError) -> Int {
        let numbers = try index.live(of: user, connection)
        // Some may be of other logins.
        guard numbers.count >= limit else { return numbers.count }
        var count = 0
        for number in numbers where count < limit {
            let select = try connection.statement(
                """
                SELECT 1 FROM login WHERE number = ? AND user_id = ?
                    AND phase IN ('preparing', 'waiting')
                """
            )
            select.bind(number.rawValue, at: 1)
            select.bind(user.value, at: 2)
            if try select.step() { count += 1 }
            select.reset()
        }
        return count
    }

    private func liveLogins(of client: ClientKey) throws(StoreError) -> Int {
        let select = try connection.statement(
            "SELECT count FROM client_live WHERE server = ?1 AND tenant = ?2 AND client = ?3"
        )
        select.bind(client)
        defer { select.reset() }
        let stored = try select.step() ? Int(select.integer(0) ?? 0) : 0
        return stored + clientChanges[client, default: 0]
    }
}

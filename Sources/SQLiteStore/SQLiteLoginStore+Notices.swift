public import Logins

extension SQLiteLoginStore: NoticeStore {
    public func dueNotices(
        at now: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [OwedNotice] {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(
                """
                SELECT number, attempts FROM notice WHERE next_at <= ? ORDER BY next_at LIMIT ?
                """
            )
            select.bind(now.milliseconds, at: 1)
            select.bind(Int64(limit), at: 2)
            var due: [(number: LoginNumber, attempts: Int)] = []
            while try select.step() {
                due.append((LoginNumber(select.integer(0) ?? 0), Int(select.integer(1) ?? 0)))
            }
            select.reset()
            var owed: [OwedNotice] = []
            for (number, attempts) in due {
                let stored = try connection.readableLogin(number)
                owed.append(OwedNotice(login: number, stored: stored, attempts: attempts))
            }
            return owed
        }
    }

    public func noteNotice(
        _ login: LoginNumber,
        next: Timestamp?
    ) async throws(StoreError) {
        try await file.writer.submit { (transaction) throws(StoreError) in
            guard let next else {
                let delete = try transaction.connection.statement(
                    "DELETE FROM notice WHERE number = ?"
                )
                delete.bind(login.rawValue, at: 1)
                return try delete.run()
            }
            let update = try transaction.connection.statement(
                "UPDATE notice SET next_at = ?2, attempts = attempts + 1 WHERE number = ?1"
            )
            update.bind(login.rawValue, at: 1)
            update.bind(next.milliseconds, at: 2)
            try update.run()
        }
    }
}

extension WriteTransaction {
    /// Owes the user a notice if this change is a decision that a client took for them.
    func oweNotice(
        _ stored: StoredLogin,
        before: PendingLogin,
        at now: Timestamp
    ) throws(StoreError) {
        guard before.phase.outcome == nil,
            stored.login.phase.outcome?.decision?.evidence.delegate != nil
        else { return }
        let insert = try connection.statement(
            "INSERT INTO notice (number, next_at, attempts) VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
        )
        insert.bind(stored.number.rawValue, at: 1)
        insert.bind(now.milliseconds, at: 2)
        try insert.run()
    }
}

public import Logins

extension SQLLoginStore: NoticeStore {
    public func dueNotices(
        at now: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [OwedNotice] {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            guard try file.database.leads(connection) else { return [] }
            let logins = try connection.statement(
                """
                SELECT number, attempts, next_at, since FROM notice
                WHERE next_at <= ? ORDER BY next_at LIMIT ?
                """
            )
            logins.bind(now.milliseconds, at: 1)
            logins.bind(Int64(limit), at: 2)
            var due: [(next: Int64, notice: OwedNotice)] = []
            while try logins.step() {
                let notice = OwedNotice(
                    .login(LoginNumber(logins.integer(0) ?? 0), nil),
                    since: Timestamp(milliseconds: logins.integer(3) ?? 0),
                    attempts: Int(logins.integer(1) ?? 0)
                )
                due.append((logins.integer(2) ?? 0, notice))
            }
            logins.reset()
            for (index, entry) in due.enumerated() {
                guard case .login(let number, _) = entry.notice.cause else { continue }
                due[index].notice = OwedNotice(
                    .login(number, try connection.readableLogin(number)),
                    since: entry.notice.since,
                    attempts: entry.notice.attempts
                )
            }
            let blocks = try connection.statement(
                """
                SELECT user_id, since, attempts, next_at FROM block_notice
                WHERE next_at <= ? ORDER BY next_at LIMIT ?
                """
            )
            blocks.bind(now.milliseconds, at: 1)
            blocks.bind(Int64(limit), at: 2)
            while try blocks.step() {
                let text = String(decoding: blocks.bytes(0) ?? [], as: UTF8.self)
                guard let user = UserID(text) else { continue }
                let notice = OwedNotice(
                    .block(of: user),
                    since: Timestamp(milliseconds: blocks.integer(1) ?? 0),
                    attempts: Int(blocks.integer(2) ?? 0)
                )
                due.append((blocks.integer(3) ?? 0, notice))
            }
            blocks.reset()
            return due.sorted { $0.next < $1.next }.prefix(limit).map(\.notice)
        }
    }

    public func noteNotice(
        _ notice: OwedNotice,
        next: Timestamp?
    ) async throws(StoreError) {
        try await file.writer.submit { (transaction) throws(StoreError) in
            switch notice.cause {
            case .login(let number, _):
                let change = try transaction.connection.statement(
                    next == nil
                        ? "DELETE FROM notice WHERE number = ?1"
                        : "UPDATE notice SET next_at = ?2, attempts = attempts + 1 WHERE number = ?1"
                )
                change.bind(number.rawValue, at: 1)
                if let next { change.bind(next.milliseconds, at: 2) }
                try change.run()
            // A later block has a notice of its own.
            case .block(let user):
                let change = try transaction.connection.statement(
                    next == nil
                        ? "DELETE FROM block_notice WHERE user_id = ?1 AND since = ?2"
                        : """
                        UPDATE block_notice SET next_at = ?3, attempts = attempts + 1
                        WHERE user_id = ?1 AND since = ?2
                        """
                )
                change.bind(user.value, at: 1)
                change.bind(notice.since.milliseconds, at: 2)
                if let next { change.bind(next.milliseconds, at: 3) }
                try change.run()
            }
        }
    }
}

extension WriteTransaction {
    /// Owes the user a notice if this change is a decision that a client took for them, or the end of a
    /// login after too many wrong numbers.
    func oweNotice(
        _ stored: StoredLogin,
        before: PendingLogin,
        at now: Timestamp
    ) throws(StoreError) {
        guard before.phase.outcome == nil, let outcome = stored.login.phase.outcome,
            outcome.decision?.evidence.delegate != nil || outcome.suspicion == .wrongNumbers
        else { return }
        try oweNotice(about: stored.number, at: now)
    }

    /// Owes the user a notice about a login.
    func oweNotice(about number: LoginNumber, at now: Timestamp) throws(StoreError) {
        let insert = try connection.statement(
            """
            INSERT INTO notice (number, since, next_at, attempts) VALUES (?1, ?2, ?2, 0)
            ON CONFLICT DO NOTHING
            """
        )
        insert.bind(number.rawValue, at: 1)
        insert.bind(now.milliseconds, at: 2)
        try insert.run()
    }

    /// Owes a user a notice about a block that begins now.
    func oweNotice(ofBlockOf user: UserID, at now: Timestamp) throws(StoreError) {
        let upsert = try connection.statement(
            """
            INSERT INTO block_notice (user_id, since, next_at, attempts) VALUES (?1, ?2, ?2, 0)
            ON CONFLICT (user_id) DO UPDATE SET since = ?2, next_at = ?2, attempts = 0
            """
        )
        upsert.bind(user.value, at: 1)
        upsert.bind(now.milliseconds, at: 2)
        try upsert.run()
    }
}

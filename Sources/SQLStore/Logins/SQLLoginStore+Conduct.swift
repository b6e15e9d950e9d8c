public import Access
public import Logins

extension SQLLoginStore: FailureCounter {
    public func failures(of user: UserID) async throws(StoreError) -> FailureStanding {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.failures(of: user)
        }
    }

    public func noteFailure(of user: UserID) async throws(StoreError) -> FailureStanding {
        let now = file.clock.now()
        return try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.noteFailure(of: user, at: now)
        }
    }

    public func noteSuccess(of user: UserID) async throws(StoreError) {
        let now = file.clock.now()
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.noteSuccess(of: user, at: now)
        }
    }

    public func beginAttempt(of user: UserID) async throws(StoreError) -> ProofAttempt.Start {
        let now = file.clock.now()
        return try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.beginAttempt(of: user, at: now)
        }
    }

    public func succeeded(_ attempt: ProofAttempt) async throws(StoreError) -> Bool {
        let now = file.clock.now()
        return try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.succeeded(attempt, at: now)
        }
    }

    public func failed(_ attempt: ProofAttempt) async throws(StoreError) -> FailureStanding {
        let now = file.clock.now()
        return try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.failed(attempt, at: now)
        }
    }
}

extension SQLLoginStore: SecurityEventStore {
    public func dueSecurityEvents(
        at now: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [SecurityEvent] {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            guard try file.database.leads(connection) else { return [] }
            let select = try connection.statement(
                """
                SELECT id, login, at, until, ended, user_id, server, tenant, client, reference, attempts
                FROM security_event WHERE next_at <= ? ORDER BY next_at, id LIMIT ?
                """
            )
            select.bind(now.milliseconds, at: 1)
            select.bind(Int64(limit), at: 2)
            defer { select.reset() }
            var due: [SecurityEvent] = []
            while try select.step() {
                func text(_ column: Int32) -> String {
                    String(decoding: select.bytes(column) ?? [], as: UTF8.self)
                }
                guard let user = UserID(text(5)), let server = AuthorizationServerID(text(6)) else {
                    continue
                }
                due.append(
                    SecurityEvent(
                        id: select.integer(0) ?? 0,
                        login: LoginNumber(select.integer(1) ?? 0),
                        at: Timestamp(milliseconds: select.integer(2) ?? 0),
                        until: Timestamp(milliseconds: select.integer(3) ?? 0),
                        ended: Int(select.integer(4) ?? 0),
                        user: user,
                        server: server,
                        tenant: TenantID(text(7)),
                        client: ClientID(text(8)),
                        reference: text(9),
                        attempts: Int(select.integer(10) ?? 0)
                    )
                )
            }
            return due
        }
    }

    public func noteSecurityEvent(
        _ id: Int64,
        next: Timestamp?
    ) async throws(StoreError) {
        try await file.writer.submit { (transaction) throws(StoreError) in
            guard let next else {
                let delete = try transaction.connection.statement(
                    "DELETE FROM security_event WHERE id = ?"
                )
                delete.bind(id, at: 1)
                return try delete.run()
            }
            let update = try transaction.connection.statement(
                "UPDATE security_event SET next_at = ?2, attempts = attempts + 1 WHERE id = ?1"
            )
            update.bind(id, at: 1)
            update.bind(next.milliseconds, at: 2)
            try update.run()
        }
    }
}

extension SQLLoginStore: ConductStore {
    public func clientBlocks(
        at now: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [ClientBlock] {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement(
                """
                SELECT id, user_id, server, tenant, client, login, since, until
                FROM client_block WHERE until > ? ORDER BY since DESC, id DESC LIMIT ?
                """
            )
            select.bind(now.milliseconds, at: 1)
            select.bind(Int64(limit), at: 2)
            defer { select.reset() }
            var blocks: [ClientBlock] = []
            while try select.step() {
                func text(_ column: Int32) -> String {
                    String(decoding: select.bytes(column) ?? [], as: UTF8.self)
                }
                guard let user = UserID(text(1)), let server = AuthorizationServerID(text(2)),
                    let client = ClientID(text(4))
                else { continue }
                blocks.append(
                    ClientBlock(
                        id: select.integer(0) ?? 0,
                        user: user,
                        server: server,
                        tenant: TenantID(text(3)),
                        client: client,
                        login: LoginNumber(select.integer(5) ?? 0),
                        since: Timestamp(milliseconds: select.integer(6) ?? 0),
                        until: Timestamp(milliseconds: select.integer(7) ?? 0)
                    )
                )
            }
            return blocks
        }
    }

    public func liftClientBlock(
        _ id: Int64,
        _ event: AuditEvent
    ) async throws(StoreError) -> Bool {
        try await file.writer.submit { (transaction) throws(StoreError) in
            let delete = try transaction.connection.statement(
                "DELETE FROM client_block WHERE id = ? RETURNING 1"
            )
            delete.bind(id, at: 1)
            guard try delete.hasRow() else { return false }
            try transaction.append(event)
            return true
        }
    }

    public func unblock(_ user: UserID, _ event: AuditEvent) async throws(StoreError) -> Bool {
        try await file.writer.submit { (transaction) throws(StoreError) in
            guard try transaction.unblock(user) else { return false }
            try transaction.append(event)
            return true
        }
    }
}

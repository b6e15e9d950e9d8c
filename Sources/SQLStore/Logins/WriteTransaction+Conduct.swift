import Access
import Consents
import JSON
import Logins

/// What users' prompts and decisions lead to, each within the transaction that stores them.
extension WriteTransaction {
    // MARK: Before a login is stored

    /// Why one more login may not disturb its user, if it may not.
    func abuse(
        by login: PendingLogin,
        _ limits: LoginLimits
    ) throws(StoreError) -> Failure? {
        let now = login.terms.receivedAt
        if try isBlocked(login, at: now) { return .clientBlocked }
        if limits.declines != nil, try isLeftAlone(login.details.user, at: now) {
            return .coolingDown
        }
        if try promptsUsedUp(login.details.user, limits, at: now) { return .tooManyPrompts }
        if let most = limits.usersOfClientAMinute, let client = ClientKey(login),
            try starts.isOver(most, client, login.details.user, at: now)
        {
            if try starts.tells(of: client, at: now) {
                bulk.append(client.client)
                try append(
                    AuditEvent(
                        "client.bulk_starts",
                        at: now,
                        [
                            "server": .string(client.server.value),
                            "tenant": .text(client.tenant?.value),
                            "client": .string(client.client.value),
                            "users_per_minute": .integer(Int64(most)),
                        ]
                    )
                )
            }
            if limits.refusesMoreUsers { return .tooManyUsersOfClient }
        }
        return nil
    }

    /// Counts the user of a start that is within its limits.
    func noteUser(of login: PendingLogin, _ limits: LoginLimits) throws(StoreError) {
        guard let most = limits.usersOfClientAMinute, let client = ClientKey(login) else { return }
        try starts.note(most, client, login.details.user, at: login.terms.receivedAt)
    }

    /// The live logins that a new one replaces: those of the same client for the same user.
    func logins(
        replacedBy login: PendingLogin,
        _ limits: LoginLimits
    ) throws(StoreError) -> [StoredLogin] {
        guard limits.replacesSameClient else { return [] }
        return try liveLogins(likeOf: login)
    }

    private func liveLogins(likeOf login: PendingLogin) throws(StoreError) -> [StoredLogin] {
        guard let client = ClientKey(login) else { return [] }
        let numbers = try index.live(of: login.details.user, connection)
        var found: [StoredLogin] = []
        for number in numbers.sorted() {
            // A damaged row is nobody's.
            guard let other = try connection.readableLogin(number),
                other.login.phase.isLive, other.login.details.user == login.details.user,
                ClientKey(other.login) == client
            else { continue }
            found.append(other)
        }
        return found
    }

    /// Ends a live login.
    func end(_ stored: StoredLogin, as failure: Failure, at now: Timestamp) throws(StoreError) {
        var closed = stored.login
        guard (try? closed.apply(.unusable(failure), at: now)) != nil else { return }
        try write(stored.number, closed, before: stored.login, at: now)
    }

    /// The limit that a login exceeds by becoming a prompt, if any.
    func excess(
        _ login: PendingLogin,
        before: PendingLogin,
        at now: Timestamp
    ) throws(StoreError) -> Failure? {
        guard before.phase.name == .preparing, login.phase.name == .waiting else { return nil }
        return try promptsUsedUp(login.details.user, limits, at: now) ? .tooManyPrompts : nil
    }

    private func promptsUsedUp(
        _ user: UserID,
        _ limits: LoginLimits,
        at now: Timestamp
    ) throws(StoreError) -> Bool {
        guard let most = limits.promptsSinceSuccess else { return false }
        let select = try connection.statement(
            "SELECT 1 FROM user_conduct WHERE user_id = ? AND prompted_at > ? AND prompts >= ?"
        )
        select.bind(user.value, at: 1)
        select.bind((now - limits.forgetting).milliseconds, at: 2)
        select.bind(Int64(most), at: 3)
        return try select.hasRow()
    }

    // MARK: After a login was stored

    /// Counts prompts and decisions, and does what "this wasn't me" asks for.
    func noteConduct(
        _ stored: StoredLogin,
        before: PendingLogin,
        at now: Timestamp
    ) throws(StoreError) {
        let login = stored.login
        let user = login.details.user
        if login.wrongCodes > before.wrongCodes {
            // A login that ends by it has a notice of its own.
            let ends = login.phase.outcome?.suspicion == .wrongNumbers
            try noteFailure(of: user, at: now, tells: !ends)
        }
        if before.phase.outcome == nil, login.phase.outcome?.decision?.matched != nil {
            try noteSuccess(of: user, at: now)
        }
        if before.phase.name == .preparing, login.phase.name == .waiting,
            limits.promptsSinceSuccess != nil
        {
            try count(Self.onePrompt, of: user, at: now)
        }
        guard before.phase.outcome == nil, let decision = login.phase.outcome?.decision else {
            return
        }
        switch decision.choice {
        case .approve:
            guard limits.promptsSinceSuccess != nil || limits.declines != nil else { return }
            let reset = try connection.statement(
                "UPDATE user_conduct SET prompts = 0, declines = 0, quiet_until = 0 WHERE user_id = ?"
            )
            reset.bind(user.value, at: 1)
            try reset.run()
        case .deny:
            try noteDecline(of: user, at: now)
        case .reportAsFraud:
            try noteDecline(of: user, at: now)
            try disown(stored, at: now)
        case .cancel: break
        }
    }

    private func noteDecline(of user: UserID, at now: Timestamp) throws(StoreError) {
        guard let most = limits.declines else { return }
        try count(Self.oneDecline, of: user, at: now)
        let pause = try connection.statement(
            """
            UPDATE user_conduct SET declines = 0, quiet_until = ?2
            WHERE user_id = ?1 AND declines >= ?3
            """
        )
        pause.bind(user.value, at: 1)
        pause.bind((now + limits.pauseAfterDeclines).milliseconds, at: 2)
        pause.bind(Int64(most), at: 3)
        try pause.run()
    }

    private static let onePrompt = SQL(counting("prompts", since: "prompted_at"))
    private static let oneDecline = SQL(counting("declines", since: "declined_at"))

    /// One more; from one if the last was too long ago.
    private static func counting(_ column: String, since time: String) -> String {
        """
        INSERT INTO user_conduct (user_id, \(column), \(time)) VALUES (?1, 1, ?2)
        ON CONFLICT (user_id) DO UPDATE SET \(time) = ?2, \(column) =
            CASE WHEN user_conduct.\(time) > ?3 THEN user_conduct.\(column) + 1 ELSE 1 END
        """
    }

    private func count(_ sql: SQL, of user: UserID, at now: Timestamp) throws(StoreError) {
        let upsert = try connection.statement(sql)
        upsert.bind(user.value, at: 1)
        upsert.bind(now.milliseconds, at: 2)
        upsert.bind((now - limits.forgetting).milliseconds, at: 3)
        try upsert.run()
    }

    private func isLeftAlone(_ user: UserID, at now: Timestamp) throws(StoreError) -> Bool {
        let select = try connection.statement(
            "SELECT 1 FROM user_conduct WHERE user_id = ? AND quiet_until > ?"
        )
        select.bind(user.value, at: 1)
        select.bind(now.milliseconds, at: 2)
        return try select.hasRow()
    }

    // MARK: This wasn't me

    /// Where it is configured, ends the other live logins of the client for the user, blocks the client
    /// for the user, and owes the operator a security event. Decisions stay.
    private func disown(_ stored: StoredLogin, at now: Timestamp) throws(StoreError) {
        let login = stored.login
        var ended = 0
        if limits.blockOfReported > .zero {
            for other in try liveLogins(likeOf: login) where other.number != stored.number {
                try end(other, as: .reportedByUser, at: now)
                ended += 1
            }
        }
        var until = now
        if let client = ClientKey(login), limits.blockOfReported > .zero {
            until = now + limits.blockOfReported
            try block(client, for: login.details.user, stored.number, from: now, to: until)
            try oweNotice(about: stored.number, at: now)
        }
        let insert = try connection.statement(
            """
            INSERT INTO security_event
                (login, at, until, ended, user_id, server, tenant, client, reference, next_at, attempts)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?2, 0)
            """
        )
        insert.bind(stored.number.rawValue, at: 1)
        insert.bind(now.milliseconds, at: 2)
        insert.bind(until.milliseconds, at: 3)
        insert.bind(Int64(ended), at: 4)
        insert.bind(login.details.user.value, at: 5)
        insert.bind(login.key.server.value, at: 6)
        insert.bind(login.key.tenant?.value ?? "", at: 7)
        if let client = login.details.client { insert.bind(client.value, at: 8) }
        insert.bind(LoginReference.text(of: login.key), at: 9)
        if limits.reportsSecurityEvents { try insert.run() }
        try append(
            AuditEvent(
                "user.reported_client",
                at: now,
                [
                    "login": .integer(stored.number.rawValue),
                    "reference": .string(LoginReference.text(of: login.key)),
                    "server": .string(login.key.server.value),
                    "tenant": .text(login.key.tenant?.value),
                    "client": .text(login.details.client?.value),
                    "ended_logins": .integer(Int64(ended)),
                    "blocked_until": .integer(until.milliseconds),
                ]
            )
        )
    }

    private func block(
        _ client: ClientKey,
        for user: UserID,
        _ login: LoginNumber,
        from now: Timestamp,
        to until: Timestamp
    ) throws(StoreError) {
        backend.noteBlock()
        let over = try connection.statement("DELETE FROM client_block WHERE until <= ?")
        over.bind(now.milliseconds, at: 1)
        try over.run()
        let insert = try connection.statement(
            """
            INSERT INTO client_block (server, tenant, client, user_id, login, since, until)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (user_id, server, tenant, client)
                DO UPDATE SET login = ?5, since = ?6, until = ?7
            """
        )
        insert.bind(client)
        insert.bind(user.value, at: 4)
        insert.bind(login.rawValue, at: 5)
        insert.bind(now.milliseconds, at: 6)
        insert.bind(until.milliseconds, at: 7)
        try insert.run()
    }

    private func isBlocked(_ login: PendingLogin, at now: Timestamp) throws(StoreError) -> Bool {
        guard backend.mayHaveBlocks, let client = ClientKey(login) else { return false }
        let select = try connection.statement(
            """
            SELECT 1 FROM client_block
            WHERE server = ?1 AND tenant = ?2 AND client = ?3 AND user_id = ?4 AND until > ?5
            """
        )
        select.bind(client)
        select.bind(login.details.user.value, at: 4)
        select.bind(now.milliseconds, at: 5)
        return try select.hasRow()
    }

    // MARK: Failed proofs

    /// When the block of the user ends who approves, or gives a number, although blocked. Judged in the
    /// transaction that counts, so that not one attempt more is taken. What a backend decides is not the
    /// user's.
    func block(
        of login: PendingLogin,
        before: PendingLogin,
        at now: Timestamp
    ) throws(StoreError) -> Timestamp? {
        let decision = before.phase.outcome == nil ? login.phase.outcome?.decision : nil
        let isApproval = decision?.choice == .approve && decision?.evidence.delegate == nil
        guard isApproval || login.wrongCodes > before.wrongCodes else { return nil }
        let standing = try failures(of: login.details.user)
        return standing.isBlocked(at: now) ? standing.blockedUntil : nil
    }

    /// How it stands with a user.
    func failures(of user: UserID) throws(StoreError) -> FailureStanding {
        try connection.failures(of: user)
    }

    /// Counts a failure. The one that blocks is in the audit, and the user is told unless `tells` is
    /// false.
    @discardableResult
    func noteFailure(
        of user: UserID,
        at now: Timestamp,
        tells: Bool = true
    ) throws(StoreError) -> FailureStanding {
        let before = try failures(of: user)
        let after = before.failed(at: now)
        guard after != before else { return before }
        try put(after, of: user)
        if after.blocks > before.blocks {
            blockedUsers += 1
            if tells { try oweNotice(ofBlockOf: user, at: now) }
            try append(
                AuditEvent(
                    "user.blocked",
                    at: now,
                    [
                        "user": .string(user.value),
                        "blocks": .integer(Int64(after.blocks)),
                        "until": .integer(after.blockedUntil.milliseconds),
                    ]
                )
            )
        }
        return after
    }

    /// Nothing counts any more; a block stays until its end.
    func noteSuccess(of user: UserID, at now: Timestamp) throws(StoreError) {
        let before = try failures(of: user)
        guard before != FailureStanding(), !before.isBlocked(at: now) else { return }
        try put(FailureStanding(), of: user)
    }

    /// Ends a block of the user's failed proofs. False if nothing counted.
    func unblock(_ user: UserID) throws(StoreError) -> Bool {
        let open = try endAttempts(of: user, begunBefore: Timestamp(milliseconds: .max))
        guard try failures(of: user) != FailureStanding() || open > 0 else { return false }
        try put(FailureStanding(), of: user)
        return true
    }

    private func put(_ standing: FailureStanding, of user: UserID) throws(StoreError) {
        let upsert = try connection.statement(
            """
            INSERT INTO user_conduct (user_id, failures, blocks, blocked_until)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (user_id) DO UPDATE SET failures = ?2, blocks = ?3, blocked_until = ?4
            """
        )
        upsert.bind(user.value, at: 1)
        upsert.bind(Int64(standing.failures), at: 2)
        upsert.bind(Int64(standing.blocks), at: 3)
        upsert.bind(standing.blockedUntil.milliseconds, at: 4)
        try upsert.run()
    }
}

extension DatabaseConnection {
    func failures(of user: UserID) throws(StoreError) -> FailureStanding {
        let select = try statement(
            "SELECT failures, blocks, blocked_until FROM user_conduct WHERE user_id = ?"
        )
        select.bind(user.value, at: 1)
        defer { select.reset() }
        guard try select.step() else { return FailureStanding() }
        return FailureStanding(
            failures: Int(select.integer(0) ?? 0),
            blocks: Int(select.integer(1) ?? 0),
            blockedUntil: Timestamp(milliseconds: select.integer(2) ?? 0)
        )
    }
}

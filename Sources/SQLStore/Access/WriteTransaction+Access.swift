import Access
import Logins

/// What a transaction changes in rows that many jobs share; each is written once, by the commit.
struct AccessNotes {
    /// When clients got tokens.
    var uses: [APIClientID: Timestamp] = [:]
    /// The end of the audit, read again in each transaction, because another process may have
    /// appended; nil until this one appends.
    var head: AuditMark?
    /// The numbers of entries that somebody else wrote where ours belong.
    var foreign: [ClosedRange<Int64>] = []
}

/// Changes of clients, consents and whatever else judges calls.
extension WriteTransaction {
    /// Applies the changes in their order, or none of them.
    func apply(_ changes: [AccessChange]) throws(StoreError) -> AccessRefusal? {
        // A list whose first change alone can be refused has nothing to take back.
        guard changes.dropFirst().contains(where: \.canBeRefused) else {
            for change in changes {
                if let refusal = try apply(change) { return refusal }
            }
            return nil
        }
        return try allOrNothing { () throws(StoreError) in
            for change in changes {
                if let refusal = try apply(change) { return refusal }
            }
            return nil
        }
    }

    /// Does what `body` does, or nothing of it if that is refused.
    func allOrNothing(
        _ body: () throws(StoreError) -> AccessRefusal?
    ) throws(StoreError) -> AccessRefusal? {
        let (before, used) = (access, backend.uses.changes)
        try connection.statement("SAVEPOINT changes").run()
        let refusal = try body()
        if refusal != nil {
            try connection.statement("ROLLBACK TO changes").run()
            access = before
            backend.uses.takeBack(to: used)
        }
        try connection.statement("RELEASE changes").run()
        return refusal
    }

    /// Applies a change that is refused before anything is written.
    private func apply(_ change: AccessChange) throws(StoreError) -> AccessRefusal? {
        switch change {
        case .use(let key, let until):
            return try backend.uses.use(key, until: until) ? nil : .used
        case .addClient(let client):
            let insert = try connection.statement(APIClientRow.insert)
            APIClientRow.bind(client, to: insert)
            return try insert.hasRow() ? nil : .exists
        case .replaceClient(let client, let version): return try replace(client, version)
        case .noteUse(let client, let at):
            access.uses[client] = max(access.uses[client] ?? at, at)
            return nil
        case .recordConsent(let consent): return try record(consent)
        case .withdrawConsent(let id, let at): return try withdraw(id, at)
        case .revokeToken(let jti, let until):
            let upsert = try connection.statement(
                """
                INSERT INTO revoked_token (jti, until) VALUES (?, ?)
                ON CONFLICT (jti) DO UPDATE SET until = max(revoked_token.until, excluded.until)
                """
            )
            upsert.bind(jti, at: 1)
            upsert.bind(until.milliseconds, at: 2)
            try upsert.run()
            return nil
        case .addCode(let code): return try add(code)
        case .openFamily(let family, let code): return try open(family, code)
        case .rotateFamily(let family, let digest): return try rotate(family, from: digest)
        case .endFamily(let id):
            try endFamily(id)
            return nil
        case .setLogo(let logo):
            let change = try connection.statement(
                logo == nil
                    ? "DELETE FROM branding"
                    : """
                    INSERT INTO branding (id, logo) VALUES (1, ?)
                    ON CONFLICT (id) DO UPDATE SET logo = excluded.logo
                    """
            )
            if let logo { change.bind(logo, at: 1) }
            try change.run()
            return nil
        case .audit(let event):
            try append(event)
            return nil
        case .putUser(let user, let over): return try put(user, over: over)
        case .removeUser(let user): return try remove(user)
        case .answer(let answer): return try store(answer)
        case .propose(let proposal): return try store(proposal)
        case .closeProposal(let id): return try close(proposal: id)
        }
    }

    private func replace(
        _ client: APIClient,
        _ version: Int64
    ) throws(StoreError) -> AccessRefusal? {
        let select = try connection.statement(
            "SELECT version, type, created_at FROM api_client WHERE id = ?"
        )
        select.bind(client.id.value, at: 1)
        guard try select.step() else { return .missing }
        defer { select.reset() }
        guard select.integer(0) == version else { return .changed }
        guard try select.text(1) == client.kind.rawValue,
            select.integer(2) == client.createdAt.milliseconds
        else {
            throw StoreError.unavailable("type and created_at of a client must not change")
        }
        let update = try connection.statement(APIClientRow.replace)
        APIClientRow.bind(client, to: update)
        try update.run()
        return nil
    }

    private func record(_ consent: DelegationConsent) throws(StoreError) -> AccessRefusal? {
        let select = try connection.statement(
            """
            SELECT EXISTS (SELECT 1 FROM api_client WHERE id = ?1),
                EXISTS (SELECT 1 FROM delegation_consent WHERE id = ?2)
                OR EXISTS (SELECT 1 FROM delegation_consent
                    WHERE user_id = ?3 AND client = ?1 AND withdrawn_at IS NULL)
            """
        )
        select.bind(consent.client.value, at: 1)
        select.bind(consent.id, at: 2)
        select.bind(consent.user.value, at: 3)
        guard try select.step() else { throw StoreError.unavailable("no answer to a question") }
        let (isClient, isKnown) = (select.integer(0) == 1, select.integer(1) == 1)
        select.reset()
        guard isClient else { return .missing }
        guard !isKnown else { return .exists }
        let insert = try connection.statement(DelegationRow.insert)
        DelegationRow.bind(consent, to: insert)
        try insert.run()
        return nil
    }

    private func withdraw(_ id: String, _ at: Timestamp) throws(StoreError) -> AccessRefusal? {
        let update = try connection.statement(
            """
            UPDATE delegation_consent SET withdrawn_at = coalesce(withdrawn_at, ?2) WHERE id = ?1
            RETURNING 1
            """
        )
        update.bind(id, at: 1)
        update.bind(at.milliseconds, at: 2)
        return try update.hasRow() ? nil : .missing
    }

    /// Writes what this transaction noted, before it is committed.
    func writeAccess() throws(StoreError) {
        for (client, at) in access.uses {
            let update = try connection.statement(
                """
                UPDATE api_client SET last_used_at = max(coalesce(last_used_at, ?2), ?2)
                WHERE id = ?1
                """
            )
            update.bind(client.value, at: 1)
            update.bind(at.milliseconds, at: 2)
            try update.run()
        }
        if let head = access.head {
            let update = try connection.statement("UPDATE audit_head SET number = ?, hash = ?")
            update.bind(head.number, at: 1)
            update.bind(head.hash, at: 2)
            try update.run()
        }
    }

    /// Deletes what was used once, revoked or answered until then, and what ended by then of codes and
    /// families.
    func sweepAccess(before moment: Timestamp, limit: Int) throws(StoreError) -> Int {
        var count = try backend.uses.sweep(before: moment, limit: limit)
        let statements: [StaticString] = [
            """
            DELETE FROM revoked_token WHERE jti IN (
                SELECT jti FROM revoked_token WHERE until < ? ORDER BY until LIMIT ?) RETURNING 1
            """,
            """
            DELETE FROM authorization_code WHERE digest IN (
                SELECT digest FROM authorization_code WHERE ends_at < ? ORDER BY ends_at LIMIT ?)
            RETURNING 1
            """,
            """
            DELETE FROM token_family WHERE id IN (
                SELECT id FROM token_family WHERE ends_at < ? ORDER BY ends_at LIMIT ?) RETURNING 1
            """,
            """
            DELETE FROM stored_answer WHERE key IN (
                SELECT key FROM stored_answer WHERE until < ? ORDER BY until LIMIT ?) RETURNING 1
            """,
            """
            DELETE FROM client_change WHERE id IN (
                SELECT id FROM client_change WHERE expires_at < ? LIMIT ?) RETURNING 1
            """,
            """
            DELETE FROM client_block WHERE id IN (
                SELECT id FROM client_block WHERE until < ? LIMIT ?) RETURNING 1
            """,
            // Prompts and declines are forgotten after a day at most; failures and blocks never are.
            """
            DELETE FROM user_conduct WHERE user_id IN (
                SELECT user_id FROM user_conduct
                WHERE failures = 0 AND blocks = 0
                    AND max(prompted_at, declined_at, quiet_until, blocked_until) < ? - 86400000
                LIMIT ?) RETURNING 1
            """,
        ]
        for sql in statements where count < limit {
            let delete = try connection.statement(sql)
            delete.bind(moment.milliseconds, at: 1)
            delete.bind(Int64(limit - count), at: 2)
            while try delete.step() { count += 1 }
        }
        return count
    }
}

extension AccessChange {
    fileprivate var canBeRefused: Bool {
        switch self {
        case .use, .addClient, .replaceClient, .recordConsent, .withdrawConsent, .addCode,
            .openFamily, .rotateFamily, .putUser, .removeUser, .answer, .propose, .closeProposal:
            true
        case .noteUse, .revokeToken, .endFamily, .setLogo, .audit: false
        }
    }
}

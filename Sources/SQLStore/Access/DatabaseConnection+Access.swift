import Access
import Logins

/// What can be read about clients, consents and the audit.
extension DatabaseConnection {
    func apiClient(
        _ id: APIClientID,
        _ known: KnownClients
    ) throws(StoreError) -> StoredClient? {
        let select = try statement(APIClientRow.byID)
        select.bind(id.value, at: 1)
        defer { select.reset() }
        return try select.step() ? try APIClientRow.read(select, known) : nil
    }

    func apiClients(
        _ filter: ClientFilter,
        after: APIClientID?,
        limit: Int,
        _ known: KnownClients
    ) throws(StoreError) -> [StoredClient] {
        let select = try statement(APIClientRow.page(filter))
        select.bind(after?.value ?? "", at: 1)
        select.bind(filter.kind?.rawValue, at: 2)
        select.bind(filter.status?.rawValue, at: 3)
        select.bind(Int64(max(limit, 0)), at: 4)
        defer { select.reset() }
        var clients: [StoredClient] = []
        while try select.step() { clients.append(try APIClientRow.read(select, known)) }
        return clients
    }

    /// Reads within one transaction, so that all of it is of one moment.
    func standing(
        _ question: StandingQuestion,
        _ known: KnownClients
    ) throws(StoreError) -> Standing {
        try beginReading()
        defer { rollback() }
        var isTokenRevoked = false
        if let token = question.token {
            let select = try statement("SELECT 1 FROM revoked_token WHERE jti = ?")
            select.bind(token, at: 1)
            isTokenRevoked = try select.hasRow()
        }
        var consent: DelegationConsent?
        if let user = question.user {
            let select = try statement(DelegationRow.inForce)
            select.bind(user.value, at: 1)
            select.bind(question.client.value, at: 2)
            defer { select.reset() }
            if try select.step() { consent = try DelegationRow.read(select) }
        }
        return Standing(
            client: try apiClient(question.client, known)?.client,
            isTokenRevoked: isTokenRevoked,
            consent: consent,
            isFamilyInForce: try question.family.map { (id) throws(StoreError) in
                try isFamilyInForce(id)
            } ?? false
        )
    }

    /// Changes with whatever `standing` reads.
    func standingVersion() throws(StoreError) -> Int64 {
        let select = try statement("SELECT version FROM standing_version")
        defer { select.reset() }
        guard try select.step(), let version = select.integer(0) else {
            throw StoreError.damaged("the table standing_version is empty")
        }
        return version
    }

    func delegationConsent(_ id: String) throws(StoreError) -> DelegationConsent? {
        let select = try statement(DelegationRow.byID)
        select.bind(id, at: 1)
        defer { select.reset() }
        return try select.step() ? try DelegationRow.read(select) : nil
    }

    func delegationConsents(
        _ filter: ConsentFilter,
        after: String?,
        limit: Int
    ) throws(StoreError) -> [DelegationConsent] {
        let sql =
            filter.user != nil
            ? DelegationRow.ofUser
            : filter.client != nil ? DelegationRow.ofClient : DelegationRow.page
        let select = try statement(sql)
        select.bind(filter.user?.value, at: 1)
        select.bind(filter.client?.value, at: 2)
        select.bind(after ?? "", at: 3)
        select.bind(Int64(max(limit, 0)), at: 4)
        defer { select.reset() }
        var consents: [DelegationConsent] = []
        while try select.step() { consents.append(try DelegationRow.read(select)) }
        return consents
    }

    // MARK: Audit

    /// The end of the chain.
    func auditHead() throws(StoreError) -> AuditMark {
        let select = try statement("SELECT number, hash FROM audit_head")
        defer { select.reset() }
        guard try select.step(), let number = select.integer(0), let hash = select.bytes(1) else {
            throw StoreError.damaged("the table audit_head is empty")
        }
        return AuditMark(number: number, hash: hash)
    }

    /// The first number after `number` that no entry has.
    func freeAuditNumber(after number: Int64) throws(StoreError) -> Int64 {
        let select = try statement(
            """
            SELECT number + 1 FROM audit AS one WHERE number > ?1
                AND NOT EXISTS (SELECT 1 FROM audit WHERE number = one.number + 1)
            ORDER BY number LIMIT 1
            """
        )
        select.bind(number, at: 1)
        defer { select.reset() }
        guard try select.step(), let free = select.integer(0), free > number else {
            throw StoreError.damaged("there is no room in the audit after entry \(number)")
        }
        return free
    }

    /// Reads entries as they are, and the chain's state, within one transaction.
    func auditPage(after number: Int64?, limit: Int) throws(StoreError) -> AuditPage {
        let limit = max(limit, 0)
        try beginReading()
        defer { rollback() }
        let state = try statement(
            "SELECT number, hash, removed_number, removed_hash FROM audit_head"
        )
        defer { state.reset() }
        guard try state.step() else { throw StoreError.damaged("the table audit_head is empty") }
        let select = try statement(
            "SELECT number, entry, hash FROM audit WHERE number > ? ORDER BY number LIMIT ?"
        )
        select.bind(number ?? .min, at: 1)
        select.bind(Int64(clamping: limit), at: 2)
        defer { select.reset() }
        var records: [AuditRecord] = []
        while try select.step() {
            records.append(
                AuditRecord(
                    number: select.integer(0) ?? 0,
                    bytes: select.bytes(1) ?? [],
                    hash: select.bytes(2) ?? []
                )
            )
        }
        return AuditPage(
            records: records,
            isLast: records.count < limit,
            removed: AuditMark(number: state.integer(2) ?? 0, hash: state.bytes(3) ?? []),
            head: AuditMark(number: state.integer(0) ?? 0, hash: state.bytes(1) ?? [])
        )
    }

    func audit(after number: Int64, limit: Int) throws(StoreError) -> [AuditEntry] {
        let select = try statement(
            "SELECT number, entry, hash FROM audit WHERE number > ? ORDER BY number LIMIT ?"
        )
        select.bind(number, at: 1)
        select.bind(Int64(max(limit, 0)), at: 2)
        defer { select.reset() }
        var entries: [AuditEntry] = []
        while try select.step() {
            let number = select.integer(0) ?? 0
            guard let (_, event) = AuditChain.event(of: select.bytes(1) ?? []),
                let hash = select.bytes(2)
            else { throw StoreError.damaged("entry \(number) of the audit cannot be read") }
            entries.append(AuditEntry(number: number, event: event, hash: hash))
        }
        return entries
    }
}

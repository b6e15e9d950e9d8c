import Logins

/// What the writer's thread does within one transaction, and what has to happen after it.
///
/// Not `Sendable`: made at open and then the writer's own. Everything it keeps in memory is either
/// confirmed by `commit` or taken back by `rollback`, so that a failed transaction leaves no trace.
final class WriteTransaction {
    let connection: Connection
    let hash: LoginHash
    let keys: TailIndex
    let live: TailIndex
    let role: StoreRole
    /// The highest number given so far, as far as it is durable.
    private(set) var highest: Int64
    /// Held until the last commit is through, so that the next service sees all of them.
    private let lock: FileLock?

    /// The next number to give, known from the first insert of a transaction on.
    private var nextNumber: Int64?
    private var changed: [StoredLogin] = []
    private var censusChanges: [CensusKey: Int] = [:]
    private var clientChanges: [ClientKey: Int] = [:]
    private var inserted = 0
    private var starts = StartRates()
    private var notedStarts: [Starter] = []

    struct CensusKey: Hashable {
        let phase: PendingLogin.PhaseName
        /// The stored name, empty while there is no outcome.
        let outcome: String

        init(_ phase: PendingLogin.Phase) {
            self.phase = phase.name
            outcome = phase.outcome.map { StoredNames.name($0) } ?? ""
        }

        init(settledWith outcome: String) {
            phase = .settled
            self.outcome = outcome
        }
    }

    init(
        _ connection: Connection,
        hash: LoginHash,
        keys: TailIndex,
        live: TailIndex,
        highest: Int64,
        role: StoreRole,
        lock: FileLock?
    ) {
        self.connection = connection
        self.hash = hash
        self.keys = keys
        self.live = live
        self.highest = highest
        self.role = role
        self.lock = lock
    }

    func begin() throws(StoreError) { try connection.begin() }

    /// Makes everything since `begin` durable and returns the logins that changed.
    func commit() throws(StoreError) -> [StoredLogin] {
        try writeCounts()
        if role == .service {
            try keys.merge(inserted, connection)
            try live.merge(inserted, connection)
        }
        try connection.commit()
        if let nextNumber { highest = max(highest, nextNumber - 1) }
        keys.commit(highest: highest)
        live.commit(highest: highest)
        let logins = changed
        clear()
        return logins
    }

    func rollback() {
        connection.rollback()
        keys.rollback()
        live.rollback()
        for starter in notedStarts { starts.undo(starter) }
        clear()
    }

    /// Moves what is in memory to the tables and the log into the database, before the end. When
    /// that fails nothing is lost: the next opening does it.
    func settle() {
        if role == .service {
            while keys.flush(highest: highest) + live.flush(highest: highest) > 0 {
                do throws(StoreError) {
                    try begin()
                    inserted = 8_192
                    _ = try commit()
                } catch {
                    rollback()
                    break
                }
            }
        }
        connection.checkpoint()
    }

    private func clear() {
        changed = []
        censusChanges.removeAll(keepingCapacity: true)
        clientChanges.removeAll(keepingCapacity: true)
        notedStarts.removeAll(keepingCapacity: true)
        inserted = 0
        nextNumber = nil
    }

    // MARK: Numbers

    /// The next number, higher than any before, deleted ones too.
    func takeNumber() throws(StoreError) -> LoginNumber {
        var next = nextNumber ?? 0
        if nextNumber == nil {
            let select = try connection.statement(
                """
                SELECT max(coalesce((SELECT max(number) FROM login), 0),
                    (SELECT deleted_up_to FROM meta)) + 1
                """
            )
            if try select.step() { next = select.integer(0) ?? 1 }
            select.reset()
        }
        nextNumber = next + 1
        inserted += 1
        return LoginNumber(next)
    }

    // MARK: What follows from a change of phase

    /// Brings the counts and the index of live logins after a change; `before` is nil for a new one
    /// and `after` for a deleted one.
    func note(
        _ number: LoginNumber,
        _ login: PendingLogin,
        before: PendingLogin.Phase?,
        after: PendingLogin.Phase?
    ) throws(StoreError) {
        let old = before.map { CensusKey($0) }
        let new = after.map { CensusKey($0) }
        if old != new {
            if let old { censusChanges[old, default: 0] -= 1 }
            if let new { censusChanges[new, default: 0] += 1 }
        }
        let wasLive = before?.isLive ?? false
        let isLive = after?.isLive ?? false
        guard wasLive != isLive else { return }
        let user = hash.of(login.details.user)
        if isLive {
            try live.add(hash: user, number: number.rawValue, connection)
        } else {
            try live.remove(hash: user, number: number.rawValue, connection)
        }
        if let client = ClientKey(login) {
            clientChanges[client, default: 0] += isLive ? 1 : -1
        }
    }

    /// A settled login has been deleted.
    func noteDeleted(outcome: String) {
        censusChanges[CensusKey(settledWith: outcome), default: 0] -= 1
    }

    /// A login that observers are to hear of.
    func noteChange(_ stored: StoredLogin) { changed.append(stored) }

    // MARK: Limits

    /// What is in use before a login, counted only where there is a limit.
    func usage(
        by login: PendingLogin,
        _ limits: LoginLimits
    ) throws(StoreError) -> LoginLimits.Usage {
        var usage = LoginLimits.Usage()
        let now = login.terms.receivedAt
        if let limit = limits.liveLoginsOfUser {
            usage.liveLoginsOfUser = try liveLogins(of: login.details.user, upTo: limit)
        }
        if limits.startsOfUserAMinute != nil {
            usage.startsOfUser = starts.starts(of: Starter.user(login.details.user), at: now)
        }
        guard let client = ClientKey(login) else { return usage }
        if limits.liveLoginsOfClient != nil {
            usage.liveLoginsOfClient = try liveLogins(of: client)
        }
        if limits.startsOfClientAMinute != nil {
            usage.startsOfClient = starts.starts(of: Starter.client(client), at: now)
        }
        return usage
    }

    func noteStart(of login: PendingLogin, _ limits: LoginLimits) {
        var starters: [Starter] = []
        if limits.startsOfUserAMinute != nil { starters.append(.user(login.details.user)) }
        if limits.startsOfClientAMinute != nil, let client = ClientKey(login) {
            starters.append(.client(client))
        }
        for starter in starters {
            starts.note(starter, at: login.terms.receivedAt)
            notedStarts.append(starter)
        }
    }

    /// Exact up to `limit`, beyond which it does not matter.
    private func liveLogins(of user: UserID, upTo limit: Int) throws(StoreError) -> Int {
        let userHash = hash.of(user)
        var numbers = Set(live.numbers(userHash))
        numbers.formUnion(try live.stored(userHash, connection))
        // Equal hashes may be of different users: only then could the count be too high.
        guard numbers.count >= limit else { return numbers.count }
        var count = 0
        for number in numbers where count < limit {
            let select = try connection.statement(
                """
                SELECT 1 FROM login WHERE number = ? AND user_id = ?
                    AND phase IN ('preparing', 'waiting')
                """
            )
            select.bind(number, at: 1)
            select.bind(user.value, at: 2)
            if try select.step() { count += 1 }
            select.reset()
        }
        return count
    }

    private func liveLogins(of client: ClientKey) throws(StoreError) -> Int {
        let select = try connection.statement(
            "SELECT count FROM client_live WHERE server = ? AND tenant = ? AND client = ?"
        )
        select.bind(client.server.value, at: 1)
        select.bind(client.tenant?.value ?? "", at: 2)
        select.bind(client.client.value, at: 3)
        defer { select.reset() }
        let stored = try select.step() ? Int(select.integer(0) ?? 0) : 0
        return stored + clientChanges[client, default: 0]
    }

    // MARK: Counts

    private func writeCounts() throws(StoreError) {
        for (key, change) in censusChanges where change != 0 {
            let upsert = try connection.statement(
                """
                INSERT INTO census (phase, outcome, count) VALUES (?1, ?2, max(?3, 0))
                ON CONFLICT DO UPDATE SET count = max(count + ?3, 0)
                """
            )
            upsert.bind(StoredNames.name(key.phase), at: 1)
            upsert.bind(key.outcome, at: 2)
            upsert.bind(Int64(change), at: 3)
            try upsert.run()
        }
        for (client, change) in clientChanges where change != 0 {
            let upsert = try connection.statement(
                """
                INSERT INTO client_live (server, tenant, client, count)
                VALUES (?1, ?2, ?3, max(?4, 0))
                ON CONFLICT DO UPDATE SET count = max(count + ?4, 0)
                """
            )
            bind(client, to: upsert)
            upsert.bind(Int64(change), at: 4)
            try upsert.run()
            guard change < 0 else { continue }
            let delete = try connection.statement(
                """
                DELETE FROM client_live
                WHERE server = ?1 AND tenant = ?2 AND client = ?3 AND count = 0
                """
            )
            bind(client, to: delete)
            try delete.run()
        }
    }

    private func bind(_ client: ClientKey, to statement: Statement) {
        statement.bind(client.server.value, at: 1)
        statement.bind(client.tenant?.value ?? "", at: 2)
        statement.bind(client.client.value, at: 3)
    }
}

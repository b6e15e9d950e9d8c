import Logins

/// What the writer's thread does within one transaction, and what follows from it.
///
/// Not `Sendable`: made when the store opens, then owned by the writer. `commit` confirms everything
/// that it keeps in memory and `rollback` takes it back, so a failed transaction leaves no trace.
final class WriteTransaction {
    let connection: DatabaseConnection
    let index: TailIndex
    let role: StoreRole
    let clock: any WallClock
    /// Told of entries of the audit that are durable.
    private let audited: @Sendable (_ foreign: [ClosedRange<Int64>]) -> Void
    /// What prompts and decisions lead to.
    let limits: LoginLimits
    private let bulkStarts: @Sendable (ClientID) -> Void
    private let usersBlocked: @Sendable (_ count: Int) -> Void
    var starts = StartRates()
    /// The users for whom each client has started logins in the last minute.
    var spread = StartSpread()
    /// The highest number that is durable.
    private var highest: Int64
    /// Held until after the last commit, so that the next service sees all of them.
    private let lock: FileLock?
    private let watch: ChangeWatch

    // Of the current transaction.
    private var inserted = 0
    private var changed: [LoginStep] = []
    private var notedStarts: [Starter] = []
    private var censusChanges: [CensusKey: Int] = [:]
    private(set) var clientChanges: [ClientKey: Int] = [:]
    private var emptiesLog = false
    /// Clients that the commit tells of.
    var bulk: [ClientID] = []
    /// Users whom the current transaction blocks after failed attempts.
    var blockedUsers = 0
    /// The rows that the connection had changed before; nil if nobody watches.
    private var changedBefore: Int64?
    /// What the commit writes once, however often it changes.
    var access = AccessNotes()

    init(
        _ connection: DatabaseConnection,
        _ index: TailIndex,
        highest: Int64,
        role: StoreRole,
        clock: any WallClock,
        audited: @escaping @Sendable (_ foreign: [ClosedRange<Int64>]) -> Void,
        limits: LoginLimits,
        bulkStarts: @escaping @Sendable (ClientID) -> Void,
        usersBlocked: @escaping @Sendable (_ count: Int) -> Void,
        lock: FileLock?,
        watch: ChangeWatch
    ) {
        self.connection = connection
        self.index = index
        self.highest = highest
        self.role = role
        self.clock = clock
        self.audited = audited
        self.limits = limits
        self.bulkStarts = bulkStarts
        self.usersBlocked = usersBlocked
        self.lock = lock
        self.watch = watch
    }

    func begin() throws(StoreError) {
        try connection.begin()
        if watch.begin() { changedBefore = connection.changedRows }
    }

    /// Makes everything since `begin` durable and returns what changed.
    func commit() throws(StoreError) -> [LoginStep] {
        try writeCounts()
        try writeAccess()
        // Each login brings three entries. The others share pages and are too few to delay a commit.
        try index.merge(max(512, 4 * inserted), connection)
        let standings = changedBefore == nil ? nil : try connection.standingVersion()
        try connection.commit()
        if let standings {
            watch.end(standings: standings, wrote: connection.changedRows != changedBefore)
        }
        highest += Int64(inserted)
        index.commit(highest: highest)
        if emptiesLog { connection.checkpoint() }
        if access.head != nil { audited(access.foreign) }
        for client in bulk { bulkStarts(client) }
        if blockedUsers > 0 { usersBlocked(blockedUsers) }
        let steps = changed
        clear()
        return steps
    }

    func rollback() {
        connection.rollback()
        watch.abandon()
        index.rollback()
        for starter in notedStarts { starts.undo(starter) }
        clear()
    }

    /// Moves the index in memory to its table and the log into the database, before the store
    /// closes. If that fails nothing is lost: the next opening does it.
    func flush() {
        while role == .service, index.flush(highest: highest) {
            do throws(StoreError) {
                try begin()
                try index.merge(8_192, connection)
                try connection.commit()
                watch.abandon()
                changedBefore = nil
                index.commit(highest: highest)
            } catch {
                rollback()
                break
            }
        }
        if role == .service { connection.checkpoint() }
    }

    private func clear() {
        inserted = 0
        changed = []
        notedStarts.removeAll(keepingCapacity: true)
        censusChanges.removeAll(keepingCapacity: true)
        clientChanges.removeAll(keepingCapacity: true)
        emptiesLog = false
        bulk = []
        blockedUsers = 0
        changedBefore = nil
        access = AccessNotes()
    }

    /// Makes the commit empty the log, which has copies of what was erased, here or by a tool. If a
    /// reader prevents that, the next sweep of retention does it.
    func emptyLog() { emptiesLog = role == .service }

    /// The next number, higher than any before, deleted ones included. Only the service takes
    /// numbers, so it knows the highest.
    func takeNumber() -> LoginNumber {
        inserted += 1
        return LoginNumber(highest + Int64(inserted))
    }

    /// Counts a start that can still be rolled back.
    func noteStart(_ starter: Starter, at now: Timestamp) {
        starts.note(starter, at: now)
        notedStarts.append(starter)
    }

    // MARK: After a change of a login

    /// Updates counts, index and observers after a login was written. `before` is nil for a new one.
    func note(_ stored: StoredLogin, before login: PendingLogin?) throws(StoreError) {
        changed.append(LoginStep(before: login, after: stored))
        let before = login?.phase
        let login = stored.login
        let (old, new) = (before.map { CensusKey($0) }, CensusKey(login.phase))
        if old != new {
            if let old { censusChanges[old, default: 0] -= 1 }
            censusChanges[new, default: 0] += 1
        }
        let isLive = login.phase.isLive
        guard isLive != (before?.isLive ?? false) else { return }
        let hash = index.hash.of(login.details.user)
        if isLive {
            index.add(hash, stored.number)
        } else {
            try index.remove(hash, stored.number, connection)
        }
        if let client = ClientKey(login) {
            clientChanges[client, default: 0] += isLive ? 1 : -1
        }
    }

    /// Updates the counts after a settled login was deleted.
    func noteDeleted(outcome: String) {
        censusChanges[CensusKey(phase: .settled, outcome: outcome), default: 0] -= 1
    }

    private struct CensusKey: Hashable {
        let phase: PendingLogin.PhaseName
        /// The stored name, empty while there is no outcome.
        let outcome: String

        init(phase: PendingLogin.PhaseName, outcome: String) {
            self.phase = phase
            self.outcome = outcome
        }

        init(_ phase: PendingLogin.Phase) {
            self.init(
                phase: phase.name,
                outcome: phase.outcome.map { StoredNames.name($0) } ?? ""
            )
        }
    }

    private func writeCounts() throws(StoreError) {
        for (key, change) in censusChanges where change != 0 {
            let upsert = try connection.statement(
                """
                INSERT INTO census (phase, outcome, count) VALUES (?1, ?2, max(?3, 0))
                ON CONFLICT DO UPDATE SET count = max(count + ?3, 0)
                """
            )
            upsert.bind(key.phase.storedName, at: 1)
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
            upsert.bind(client)
            upsert.bind(Int64(change), at: 4)
            try upsert.run()
            guard change < 0 else { continue }
            let delete = try connection.statement(
                """
                DELETE FROM client_live
                WHERE server = ?1 AND tenant = ?2 AND client = ?3 AND count = 0
                """
            )
            delete.bind(client)
            try delete.run()
        }
    }
}

extension Statement {
    /// Binds a client to the first three parameters.
    func bind(_ client: ClientKey) {
        bind(client.server.value, at: 1)
        bind(client.tenant?.value ?? "", at: 2)
        bind(client.client.value, at: 3)
    }
}

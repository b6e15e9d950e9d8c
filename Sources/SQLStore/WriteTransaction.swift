import Logins

/// What the writer's thread does within one transaction, and what follows from it.
///
/// Not `Sendable`: made when the store opens, then owned by the writer. `commit` confirms everything
/// that it keeps in memory and `rollback` takes it back, so a failed transaction leaves no trace.
final class WriteTransaction {
    let backend: any WriterBackend
    let connection: any DatabaseConnection
    let index: any LoginIndex
    let role: StoreRole
    let clock: any WallClock
    /// What prompts and decisions lead to.
    let limits: LoginLimits
    private let options: StoreOptions
    private let claims: Claims

    // Of the current transaction.
    private var written = Written()
    /// Duties that this process takes on together with the changes that make them due.
    private var taken: [(claim: Claim, handOver: HandOver)] = []
    private var censusChanges: [CensusKey: Int] = [:]
    private(set) var clientChanges: [ClientKey: Int] = [:]
    /// Clients that the commit tells of.
    var bulk: [ClientID] = []
    /// Users whom the current transaction blocks after failed attempts.
    var blockedUsers = 0
    /// What the commit writes once, however often it changes.
    var access = AccessNotes()

    var starts: any StartCounts { backend.starts }

    init(_ backend: any WriterBackend, _ claims: Claims, _ options: StoreOptions) {
        self.backend = backend
        self.claims = claims
        connection = backend.connection
        index = backend.index
        role = options.role
        clock = options.clock
        limits = options.limits
        self.options = options
    }

    /// Begins a transaction that does what is `expected`, and maybe more.
    func begin(_ expected: ExpectedWork = ExpectedWork()) throws(StoreError) {
        try backend.begin(expected)
    }

    /// Makes everything since `begin` durable and returns what changed.
    func commit() throws(StoreError) -> [LoginStep] {
        try writeCounts()
        try writeAccess()
        written.audited = access.head != nil
        takeOn()
        let held = try backend.commit(written)
        if access.head != nil { options.audited(access.foreign) }
        for client in bulk { options.bulkStarts(client) }
        if blockedUsers > 0 { options.usersBlocked(blockedUsers) }
        if !written.endedDevices.isEmpty { options.devicesEnded(written.endedDevices) }
        handOver(held)
        let steps = written.changed
        clear()
        return steps
    }

    func rollback() {
        backend.rollback()
        handOver([])
        clear()
    }

    /// Ends before the store closes.
    func finish() { backend.finish() }

    private func clear() {
        written = Written()
        taken = []
        censusChanges.removeAll(keepingCapacity: true)
        clientChanges.removeAll(keepingCapacity: true)
        bulk = []
        blockedUsers = 0
        access = AccessNotes()
    }

    /// Makes other processes look for sessions that have ended.
    func noteEndedSessions() { written.endedSessions = true }

    /// Ends what waits for a device, in every process.
    func noteEnded(_ device: DeviceID) { written.endedDevices.append(device) }

    /// Makes the commit see to it that no copy is left of what was erased.
    func noteErased() { written.erased = true }

    /// The next number, higher than any before, deleted ones included. Only the service takes
    /// numbers, so it knows the highest.
    func takeNumber() throws(StoreError) -> LoginNumber {
        let (number, isOver) = backend.highest.addingReportingOverflow(Int64(written.inserted) + 1)
        if isOver { throw StoreError.damaged("the table login has no number left") }
        written.inserted += 1
        return LoginNumber(number)
    }

    // MARK: Duties that are due at once

    /// Reserves what the transaction makes due, as far as somebody takes it on. Work of a claim goes on
    /// under that claim.
    private func takeOn() {
        guard let takesOn = options.takesOn, !written.changed.isEmpty else { return }
        let now = clock.now()
        var seen: Set<LoginNumber> = []
        // The last change of a login is how it is left. The first logins come first to the free slots.
        let steps = written.changed.reversed().filter { seen.insert($0.after.number).inserted }
        for step in steps.reversed() {
            let stored = step.after
            guard !step.isWork, let duty = stored.login.duty(at: now) else { continue }
            let claim = Claim(stored: stored, duty: duty)
            guard !claim.isCutOff, let handOver = takesOn(claim) else { continue }
            guard claims.reserve(stored.number, duty) else {
                handOver(false)
                continue
            }
            taken.append((claim, handOver))
            written.claimed.insert(stored.number)
        }
    }

    /// Hands over what this process holds, and gives up the rest.
    private func handOver(_ held: Set<LoginNumber>) {
        guard !taken.isEmpty else { return }
        for (claim, handOver) in taken {
            let isHeld = held.contains(claim.stored.number)
            if isHeld {
                claims.confirm(claim.stored.number)
            } else {
                claims.release(claim.stored.number, claim.duty)
            }
            handOver(isHeld)
        }
        taken = []
        for index in written.changed.indices
        where held.contains(written.changed[index].after.number) {
            let step = written.changed[index]
            written.changed[index] = LoginStep(before: step.before, after: step.after, isWork: true)
        }
    }

    // MARK: After a change of a login

    /// Updates counts, index and observers after a login was written. `before` is nil for a new one.
    func note(
        _ stored: StoredLogin,
        before login: PendingLogin?,
        asWork: Bool = false
    ) throws(StoreError) {
        written.changed.append(LoginStep(before: login, after: stored, isWork: asWork))
        index.changed(stored)
        let before = login?.phase
        let login = stored.login
        let (old, new) = (before.map { CensusKey($0) }, CensusKey(login.phase))
        if old != new {
            if let old { censusChanges[old, default: 0] -= 1 }
            censusChanges[new, default: 0] += 1
        }
        let isLive = login.phase.isLive
        guard isLive != (before?.isLive ?? false) else { return }
        try index.changedLive(stored, connection)
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
                ON CONFLICT (phase, outcome) DO UPDATE SET count = max(census.count + ?3, 0)
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
                ON CONFLICT (server, tenant, client)
                    DO UPDATE SET count = max(client_live.count + ?4, 0)
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

import Logins

/// The starts of logins in tables, because several processes start logins. What a transaction notes is
/// written when it is committed, at once for all.
final class PostgresStartCounts: StartCounts {
    private let session: PostgresSession
    private var transactions = 0

    // Of the current transaction.
    private var known: [[UInt8]: Int64] = [:]
    private var noted: [StepOfStarter: Int64] = [:]
    private var users: [UserOfClient: Int64] = [:]

    private struct StepOfStarter: Hashable {
        let starter: [UInt8]
        let step: Int64
    }

    private struct UserOfClient: Hashable {
        let client: [UInt8]
        let user: [UInt8]
    }

    /// Old rows are deleted in one of so many transactions.
    private static let sweeps = 64

    init(_ session: PostgresSession) { self.session = session }

    func forget() {
        known.removeAll(keepingCapacity: true)
        noted.removeAll(keepingCapacity: true)
        users.removeAll(keepingCapacity: true)
    }

    /// Asks for what is going to be counted of logins that are about to be inserted.
    func ask(_ logins: [PendingLogin]) throws(StoreError) -> PostgresStatement? {
        var starters: Set<[UInt8]> = []
        for login in logins {
            starters.insert(Starter.user(login.details.user).bytes)
            if let client = ClientKey(login) { starters.insert(Starter.client(client).bytes) }
        }
        guard let now = logins.map(\.terms.receivedAt).min() else { return nil }
        for starter in starters { known[starter] = 0 }
        // One after another, so that the plan does not depend on how many there were when it was made
        // (`ExpectedLogins`).
        let select = try session.connection().statement(
            """
            SELECT wanted.starter, (
                SELECT CAST(sum(count) AS bigint) FROM start_count
                WHERE start_count.starter = wanted.starter AND step > ?2 AND step <= ?3)
            FROM unnest(CAST(?1 AS bytea[])) AS wanted (starter)
            """
        )
        select.bind(PostgresList.bytes(Array(starters)), at: 1)
        Self.bindWindow(of: now, to: select)
        try select.ask()
        return select
    }

    /// Reads the answer.
    func take(_ answer: PostgresStatement?) throws(StoreError) {
        guard let answer else { return }
        while try answer.step() { known[answer.bytes(0) ?? []] = answer.integer(1) ?? 0 }
    }

    private static func bindWindow(of now: Timestamp, to select: any Statement) {
        let step = now.milliseconds / StartRates.stepMilliseconds
        select.bind(step - Int64(StartRates.steps), at: 2)
        // The clocks of two processes may differ a little.
        select.bind(step + 1, at: 3)
    }

    func starts(of starter: Starter, at now: Timestamp) throws(StoreError) -> Int {
        let bytes = starter.bytes
        if let known = known[bytes] { return Int(clamping: known) }
        let select = try session.statement(
            """
            SELECT CAST(coalesce(sum(count), 0) AS bigint) FROM start_count
            WHERE starter = ?1 AND step > ?2 AND step <= ?3
            """
        )
        select.bind(bytes, at: 1)
        Self.bindWindow(of: now, to: select)
        defer { select.reset() }
        let count = try select.step() ? select.integer(0) ?? 0 : 0
        known[bytes] = count
        return Int(clamping: count)
    }

    func note(_ starter: Starter, at now: Timestamp) throws(StoreError) {
        let bytes = starter.bytes
        if known[bytes] != nil { known[bytes, default: 0] += 1 }
        let step = now.milliseconds / StartRates.stepMilliseconds
        noted[StepOfStarter(starter: bytes, step: step), default: 0] += 1
    }

    func isOver(
        _ limit: Int,
        _ client: ClientKey,
        _ user: UserID,
        at now: Timestamp
    ) throws(StoreError) -> Bool {
        try writeUsers()
        let select = try session.statement(
            """
            SELECT count(*), count(*) FILTER (WHERE "user" = ?2) FROM start_user
            WHERE client = ?1 AND at > ?3 AND at <= ?4
            """
        )
        select.bind(Starter.client(client).bytes, at: 1)
        select.bind(Array(user.value.utf8), at: 2)
        select.bind((now - StartSpread.window).milliseconds, at: 3)
        select.bind((now + StartSpread.window).milliseconds, at: 4)
        defer { select.reset() }
        guard try select.step() else { return false }
        return select.integer(1) == 0 && (select.integer(0) ?? 0) >= Int64(limit)
    }

    func note(_ limit: Int, _ client: ClientKey, _ user: UserID, at now: Timestamp) {
        let key = UserOfClient(
            client: Starter.client(client).bytes,
            user: Array(user.value.utf8)
        )
        users[key] = max(users[key] ?? .min, now.milliseconds)
    }

    func tells(of client: ClientKey, at now: Timestamp) throws(StoreError) -> Bool {
        let upsert = try session.statement(
            """
            INSERT INTO start_told (client, at) VALUES (?1, ?2)
            ON CONFLICT (client) DO UPDATE SET at = excluded.at
                WHERE start_told.at <= ?3 OR start_told.at > excluded.at
            RETURNING 1
            """
        )
        upsert.bind(Starter.client(client).bytes, at: 1)
        upsert.bind(now.milliseconds, at: 2)
        upsert.bind((now - StartSpread.window).milliseconds, at: 3)
        return try upsert.hasRow()
    }

    /// Writes what the transaction noted.
    func write() throws(StoreError) {
        try writeUsers()
        guard !noted.isEmpty else { return }
        let entries = noted.sorted { $0.key.step < $1.key.step }
        let upsert = try session.statement(
            """
            INSERT INTO start_count (starter, step, count)
            SELECT * FROM unnest(CAST(?1 AS bytea[]), CAST(?2 AS bigint[]), CAST(?3 AS bigint[]))
            ON CONFLICT (starter, step) DO UPDATE SET count = start_count.count + excluded.count
            """
        )
        upsert.bind(PostgresList.bytes(entries.map(\.key.starter)), at: 1)
        upsert.bind(PostgresList.numbers(entries.map(\.key.step)), at: 2)
        upsert.bind(PostgresList.numbers(entries.map(\.value)), at: 3)
        try upsert.run()
        noted.removeAll(keepingCapacity: true)
        transactions += 1
        if transactions.isMultiple(of: Self.sweeps), let newest = entries.last?.key.step {
            let sweep = try session.statement("DELETE FROM start_count WHERE step < ?")
            sweep.bind(newest - 2 * Int64(StartRates.steps), at: 1)
            try sweep.run()
        }
    }

    private func writeUsers() throws(StoreError) {
        guard !users.isEmpty else { return }
        let entries = Array(users)
        let upsert = try session.statement(
            """
            INSERT INTO start_user (client, "user", at)
            SELECT * FROM unnest(CAST(?1 AS bytea[]), CAST(?2 AS bytea[]), CAST(?3 AS bigint[]))
            ON CONFLICT (client, "user") DO UPDATE SET at = max(start_user.at, excluded.at)
            """
        )
        upsert.bind(PostgresList.bytes(entries.map(\.key.client)), at: 1)
        upsert.bind(PostgresList.bytes(entries.map(\.key.user)), at: 2)
        upsert.bind(PostgresList.numbers(entries.map(\.value)), at: 3)
        try upsert.run()
        users.removeAll(keepingCapacity: true)
        if transactions.isMultiple(of: Self.sweeps), let newest = entries.map(\.value).max() {
            let sweep = try session.statement("DELETE FROM start_user WHERE at < ?")
            sweep.bind(newest - 2 * StartSpread.window.milliseconds, at: 1)
            try sweep.run()
        }
    }
}

extension Starter {
    /// What tells one starter from all others. No identifier has a zero byte.
    fileprivate var bytes: [UInt8] {
        switch self {
        case .user(let user): [1] + user.value.utf8
        case .client(let key):
            [2] + key.server.value.utf8 + [0] + (key.tenant?.value ?? "").utf8 + [0]
                + key.client.value.utf8
        }
    }
}

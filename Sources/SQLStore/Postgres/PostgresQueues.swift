import Logins

/// Reads the queues of logins, without those that another process works on.
///
/// Their plans must not depend on how many logins and claims there were when PostgreSQL made them: the
/// indexes have the order that is asked for, so that the first rows are found without sorting all, and
/// what others work on is read once for each statement.
struct PostgresQueues: QueueReader {
    let session: PostgresSession
    /// This process.
    let replica: Int64
    let claims: Claims
    /// Whether logins are locked until the end of the transaction, and those that are locked left out.
    let locks: Bool

    /// Rows that one statement reads.
    private static let step = 128

    func queues() throws(StoreError) -> [LoginQueue] {
        let select = try session.statement(
            """
            WITH RECURSIVE queue AS (
                (SELECT server, phase FROM login WHERE due_at IS NOT NULL
                    ORDER BY server, phase, due_at LIMIT 1)
                UNION ALL
                SELECT found.server, found.phase FROM queue, LATERAL (
                    SELECT server, phase FROM login
                    WHERE due_at IS NOT NULL AND (server, phase) > (queue.server, queue.phase)
                    ORDER BY server, phase, due_at LIMIT 1) AS found)
            SELECT server, phase FROM queue
            """
        )
        defer { select.reset() }
        var queues: [LoginQueue] = []
        while try select.step() {
            if let queue = LoginQueue(server: try select.text(0), phase: try select.text(1)) {
                queues.append(queue)
            }
        }
        return queues
    }

    private static let due: StaticString = """
        SELECT number, due_at, CASE phase WHEN 'reporting' THEN report_ends ELSE prompt_ends END,
            interruptions
        FROM login WHERE server = ?1 AND phase = ?2 AND due_at IS NOT NULL
            AND (due_at, number) > (?3, ?4)
            AND number NOT IN (SELECT number FROM claim WHERE replica <> ?5)
        ORDER BY due_at, number LIMIT ?6
        """
    private static let dueLocked: StaticString = """
        SELECT number, due_at, CASE phase WHEN 'reporting' THEN report_ends ELSE prompt_ends END,
            interruptions
        FROM login WHERE server = ?1 AND phase = ?2 AND due_at IS NOT NULL
            AND (due_at, number) > (?3, ?4)
            AND number NOT IN (SELECT number FROM claim WHERE replica <> ?5)
        ORDER BY due_at, number LIMIT ?6 FOR UPDATE SKIP LOCKED
        """

    func visit(_ queue: LoginQueue, _ body: (DueRow) -> QueueVisit) throws(StoreError) {
        try walk(locks ? Self.dueLocked : Self.due, queue, start: { $0.due }, body)
    }

    private static let last: StaticString = """
        SELECT number, due_at, report_ends, interruptions FROM login
        WHERE phase = ?2 AND phase = 'reporting' AND server = ?1 AND (report_ends, number) > (?3, ?4)
            AND number NOT IN (SELECT number FROM claim WHERE replica <> ?5)
        ORDER BY report_ends, number LIMIT ?6
        """
    private static let lastLocked: StaticString = """
        SELECT number, due_at, report_ends, interruptions FROM login
        WHERE phase = ?2 AND phase = 'reporting' AND server = ?1 AND (report_ends, number) > (?3, ?4)
            AND number NOT IN (SELECT number FROM claim WHERE replica <> ?5)
        ORDER BY report_ends, number LIMIT ?6 FOR UPDATE SKIP LOCKED
        """

    func visitLastReports(
        of server: AuthorizationServerID,
        _ body: (DueRow) -> QueueVisit
    ) throws(StoreError) {
        let queue = LoginQueue(server, .report)
        try walk(locks ? Self.lastLocked : Self.last, queue, start: { $0.end }, body)
    }

    /// Visits rows statement by statement, in the order of the column that `start` reads.
    private func walk(
        _ sql: StaticString,
        _ queue: LoginQueue,
        start: (DueRow) -> Timestamp,
        _ body: (DueRow) -> QueueVisit
    ) throws(StoreError) {
        var last = (moment: Int64.min, number: Int64.min)
        while true {
            let select = try session.statement(sql)
            defer { select.reset() }
            select.bind(queue.server.value, at: 1)
            select.bind(queue.phase.storedName, at: 2)
            select.bind(last.moment, at: 3)
            select.bind(last.number, at: 4)
            select.bind(replica, at: 5)
            select.bind(Int64(Self.step), at: 6)
            var count = 0
            while try select.step() {
                let row = DueRow(select)
                count += 1
                last = (start(row).milliseconds, row.number.rawValue)
                // A process has died while it worked on it.
                if (select.integer(3) ?? 0) > 0 { claims.suspect(row.number) }
                if body(row) == .stop { return }
            }
            if count < Self.step { return }
        }
    }
}

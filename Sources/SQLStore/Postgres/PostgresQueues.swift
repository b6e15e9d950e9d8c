import Logins

/// The queues of logins as one question found them, without those logins that another process works on.
///
/// It brings the first rows of every queue, which is nearly always all that is wanted; what comes after
/// them is asked for when somebody gets there.
///
/// The plans must not depend on how many logins and claims there were when PostgreSQL made them: the
/// indexes have the order that is asked for, so that the first rows are found without sorting all, and
/// what others work on is read once for each statement.
struct PostgresQueues: QueueReader {
    private let session: PostgresSession
    /// This process.
    private let replica: Int64
    private let claims: Claims
    private let found: [LoginQueue]
    private var first: [LoginQueue: Rows] = [:]
    private var lasts: [LoginQueue: Rows] = [:]

    private struct Rows {
        var rows: [Row] = []
        /// Whether there may be more.
        var isFull: Bool { rows.count >= PostgresQueues.brought }
    }

    private struct Row {
        let due: DueRow
        /// A process has died while it worked on it.
        let isSuspect: Bool

        init(_ row: any Statement) {
            due = DueRow(row)
            isSuspect = (row.integer(3) ?? 0) > 0
        }
    }

    /// Rows of each queue that the first question brings.
    private static let brought = 32
    /// Rows that one more question brings.
    private static let step = 128

    private static let look: StaticString = """
        WITH RECURSIVE queue AS (
            (SELECT server, phase FROM login WHERE due_at IS NOT NULL
                ORDER BY server, phase, due_at LIMIT 1)
            UNION ALL
            SELECT found.server, found.phase FROM queue, LATERAL (
                SELECT server, phase FROM login
                WHERE due_at IS NOT NULL AND (server, phase) > (queue.server, queue.phase)
                ORDER BY server, phase, due_at LIMIT 1) AS found)
        SELECT row.*, queue.server, queue.phase, FALSE FROM queue, LATERAL (
            SELECT number, due_at,
                CASE phase WHEN 'reporting' THEN report_ends ELSE prompt_ends END, interruptions
            FROM login
            WHERE login.server = queue.server AND login.phase = queue.phase AND due_at IS NOT NULL
                AND number NOT IN (SELECT number FROM claim WHERE replica <> ?1)
            ORDER BY due_at, number LIMIT ?2) AS row
        UNION ALL
        SELECT row.*, queue.server, queue.phase, TRUE FROM queue, LATERAL (
            SELECT number, due_at, report_ends, interruptions FROM login
            WHERE phase = 'reporting' AND login.server = queue.server
                AND number NOT IN (SELECT number FROM claim WHERE replica <> ?1)
            ORDER BY report_ends, number LIMIT ?2) AS row
        WHERE queue.phase = 'reporting'
        """

    /// The question, to be asked before an instance is made of the answer.
    static func question(
        _ session: PostgresSession,
        _ replica: Int64
    ) throws(StoreError) -> PostgresStatement {
        let select = try session.connection().statement(look)
        select.bind(replica, at: 1)
        select.bind(Int64(brought), at: 2)
        return select
    }

    /// Reads the answer.
    init(
        _ answer: PostgresStatement,
        _ session: PostgresSession,
        _ replica: Int64,
        _ claims: Claims
    ) throws(StoreError) {
        self.session = session
        self.replica = replica
        self.claims = claims
        var found: [LoginQueue] = []
        defer { answer.reset() }
        while try answer.step() {
            guard let queue = LoginQueue(server: try answer.text(4), phase: try answer.text(5))
            else { continue }
            if answer.integer(6) == 1 {
                lasts[queue, default: Rows()].rows.append(Row(answer))
            } else {
                if first[queue] == nil { found.append(queue) }
                first[queue, default: Rows()].rows.append(Row(answer))
            }
        }
        self.found = found
    }

    func queues() -> [LoginQueue] { found }

    private static let due: StaticString = """
        SELECT number, due_at, CASE phase WHEN 'reporting' THEN report_ends ELSE prompt_ends END,
            interruptions
        FROM login WHERE server = ?1 AND phase = ?2 AND due_at IS NOT NULL
            AND (due_at, number) > (?3, ?4)
            AND number NOT IN (SELECT number FROM claim WHERE replica <> ?5)
        ORDER BY due_at, number LIMIT ?6
        """

    func visit(_ queue: LoginQueue, _ body: (DueRow) -> QueueVisit) throws(StoreError) {
        try walk(first[queue], queue, then: Self.due, from: { $0.due }, body)
    }

    private static let last: StaticString = """
        SELECT number, due_at, report_ends, interruptions FROM login
        WHERE phase = ?2 AND phase = 'reporting' AND server = ?1 AND (report_ends, number) > (?3, ?4)
            AND number NOT IN (SELECT number FROM claim WHERE replica <> ?5)
        ORDER BY report_ends, number LIMIT ?6
        """

    func visitLastReports(
        of server: AuthorizationServerID,
        _ body: (DueRow) -> QueueVisit
    ) throws(StoreError) {
        let queue = LoginQueue(server, .report)
        try walk(lasts[queue], queue, then: Self.last, from: { $0.end }, body)
    }

    /// Visits the rows that the first question brought, and then, statement by statement, those that
    /// follow in the order of the column that `from` reads.
    private func walk(
        _ rows: Rows?,
        _ queue: LoginQueue,
        then sql: StaticString,
        from: (DueRow) -> Timestamp,
        _ body: (DueRow) -> QueueVisit
    ) throws(StoreError) {
        guard let rows else { return }
        for row in rows.rows where visit(row, body) == .stop { return }
        guard rows.isFull, var last = rows.rows.last?.due else { return }
        while true {
            let select = try session.statement(sql)
            defer { select.reset() }
            select.bind(queue.server.value, at: 1)
            select.bind(queue.phase.storedName, at: 2)
            select.bind(from(last).milliseconds, at: 3)
            select.bind(last.number.rawValue, at: 4)
            select.bind(replica, at: 5)
            select.bind(Int64(Self.step), at: 6)
            var count = 0
            while try select.step() {
                let row = Row(select)
                count += 1
                last = row.due
                if visit(row, body) == .stop { return }
            }
            if count < Self.step { return }
        }
    }

    private func visit(_ row: Row, _ body: (DueRow) -> QueueVisit) -> QueueVisit {
        if row.isSuspect { claims.suspect(row.due.number) }
        return body(row.due)
    }
}

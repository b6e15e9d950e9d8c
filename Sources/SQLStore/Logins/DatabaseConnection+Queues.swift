import Logins

/// A claim whose row is not read yet.
typealias TakenDuty = (number: LoginNumber, duty: PendingLogin.Duty)

/// Walks through the queues of logins, which it reads from their index.
protocol QueueReader {
    /// The queues that have a login.
    func queues() throws(StoreError) -> [LoginQueue]
    /// Visits the logins of a queue, the longest due first.
    func visit(_ queue: LoginQueue, _ body: (DueRow) -> QueueVisit) throws(StoreError)
    /// Visits the reports owed to a server, the one that ends first coming first.
    func visitLastReports(
        of server: AuthorizationServerID,
        _ body: (DueRow) -> QueueVisit
    ) throws(StoreError)
}

enum QueueVisit { case next, stop }

extension QueueReader {
    /// Takes due logins, one by one as they are found, and their slots. If it throws, nothing is taken.
    func take(
        at now: Timestamp,
        within slots: inout Slots,
        _ claims: Claims
    ) throws(StoreError) -> [TakenDuty] {
        var taken: [TakenDuty] = []
        do throws(StoreError) {
            var ends = slots.ends
            defer { slots.each[.end] = ends }
            for queue in try queues() {
                if queue.duty == .report {
                    var room = slots.lastReports(of: queue.server)
                    try visitLastReports(of: queue.server) { row in
                        guard row.end - PendingLogin.Terms.lastAttempt <= now else { return .stop }
                        if row.due <= now { row.take(queue, at: now, &room, &ends, claims, &taken) }
                        return .next
                    }
                    slots.lastReports[queue.server] = room
                }
                var room = slots[queue]
                // The ends among these reports are found already.
                if queue.duty == .report, room <= 0 { continue }
                try visit(queue) { row in
                    guard row.due <= now else { return .stop }
                    return row.take(queue, at: now, &room, &ends, claims, &taken) ? .next : .stop
                }
                slots.queues[queue] = room
            }
            return taken
        } catch {
            for (number, duty) in taken { claims.release(number, duty) }
            throw error
        }
    }

    /// When `take` next has something to give. Of a login whose duty is claimed, only the end
    /// remains.
    ///
    /// Applies the same rules as `take`: a moment in the past is returned only for work that `take`
    /// gives now, or the caller would never wait.
    func nextDue(
        at now: Timestamp,
        within slots: Slots,
        _ claims: Claims
    ) throws(StoreError) -> Timestamp? {
        var next: Timestamp?
        func note(_ moment: Timestamp) { next = min(next ?? moment, moment) }
        for queue in try queues() {
            if queue.duty == .report {
                let room = slots.lastReports(of: queue.server)
                try visitLastReports(of: queue.server) { row in
                    let last = row.end - PendingLogin.Terms.lastAttempt
                    if let next, next <= last { return .stop }
                    guard let taken = claims.duties(of: row.number) else { return .next }
                    let moment = max(row.due, last)
                    if room > 0, now < row.end, moment < row.end, !taken.contains(.report) {
                        note(moment)
                    } else if slots.ends > 0, !taken.contains(.end) {
                        note(row.end)
                    }
                    return .next
                }
            }
            let room = slots[queue]
            if queue.duty == .report, room <= 0 { continue }
            try visit(queue) { row in
                if let next, next <= row.due { return .stop }
                guard let taken = claims.duties(of: row.number) else { return .next }
                let duty = row.duty(of: queue, at: now)
                let isTaken = taken.contains(duty)
                if !isTaken, (duty == .end ? slots.ends : room) > 0 {
                    note(row.due)
                } else if duty != .end, slots.ends > 0, !taken.contains(.end) {
                    note(row.end)
                }
                // `take` stops too when it finds no free slot.
                return isTaken ? .next : .stop
            }
        }
        return next
    }

    /// The same, for whoever has claims already, which an error must not lose: the next look has it too.
    func next(at now: Timestamp, within slots: Slots, _ claims: Claims) -> Timestamp? {
        do throws(StoreError) {
            return try nextDue(at: now, within: slots, claims)
        } catch {
            return now
        }
    }
}

extension DatabaseConnection {
    /// Reads the logins that were taken. What ended in between is not handed out again, so the rows are
    /// read after that.
    func claims(
        of taken: [TakenDuty],
        at now: Timestamp,
        _ claims: Claims,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> [Claim] {
        var given: [Claim] = []
        do throws(StoreError) {
            for (number, duty) in taken {
                if let stored = try readableLogin(number, whenDamaged: whenDamaged),
                    stored.login.duty(at: now) == duty
                {
                    given.append(Claim(stored: stored, duty: duty))
                } else {
                    claims.release(number, duty)
                }
            }
            return given
        } catch {
            for (number, duty) in taken { claims.release(number, duty) }
            throw error
        }
    }

    /// How many logins each queue has, counted from the index.
    func depths(at now: Timestamp) throws(StoreError) -> [QueueDepth] {
        let count = try statement(
            """
            SELECT count(*), count(*) FILTER (WHERE due_at <= ?) FROM (
                SELECT due_at FROM login
                WHERE server = ? AND phase = ? AND due_at IS NOT NULL ORDER BY due_at LIMIT ?) AS due
            """
        )
        var depths: [QueueDepth] = []
        for queue in try queues() {
            count.reset()
            count.bind(now.milliseconds, at: 1)
            count.bind(queue.server.value, at: 2)
            count.bind(queue.phase.storedName, at: 3)
            count.bind(Int64(QueueDepth.mostCounted), at: 4)
            guard try count.step() else { continue }
            let due = Int(count.integer(1) ?? 0)
            depths.append(QueueDepth(queue, due: due, later: Int(count.integer(0) ?? 0) - due))
        }
        count.reset()
        return depths
    }

    /// The queues that have a login, each found by one step in the index: the greatest value of the
    /// third column makes SQLite skip the rest of a queue, which the first two columns alone would
    /// walk through. A server whose name is damaged has none.
    func queues() throws(StoreError) -> [LoginQueue] {
        let select = try statement(
            """
            SELECT server, phase FROM login
            WHERE due_at IS NOT NULL AND (server, phase, due_at) > (?, ?, 9223372036854775807)
            ORDER BY server, phase, due_at LIMIT 1
            """
        )
        defer { select.reset() }
        var queues: [LoginQueue] = []
        var last = (server: "", phase: "")
        while true {
            select.reset()
            select.bind(last.server, at: 1)
            select.bind(last.phase, at: 2)
            guard try select.step(), let server = try select.text(0), let phase = try select.text(1)
            else { return queues }
            last = (server, phase)
            if let queue = LoginQueue(server: server, phase: phase) { queues.append(queue) }
        }
    }
}

extension LoginQueue {
    /// The queue of the logins with these columns; nil if they owe nothing or are damaged.
    init?(server: String?, phase: String?) {
        guard let server = server.flatMap({ AuthorizationServerID($0) }), let phase else {
            return nil
        }
        switch PendingLogin.PhaseName(storedName: phase) {
        case .preparing: self.init(server, .prepare)
        case .waiting: self.init(server, .notify)
        case .reporting: self.init(server, .report)
        case .settled, .stranded, nil: return nil
        }
    }

    /// The phase of its logins.
    var phase: PendingLogin.PhaseName {
        switch duty {
        case .prepare: .preparing
        case .notify: .waiting
        case .report, .end: .reporting
        }
    }
}

extension SQLiteConnection: QueueReader {
    /// Visits the logins of a queue, the longest due first.
    func visit(_ queue: LoginQueue, _ body: (DueRow) -> QueueVisit) throws(StoreError) {
        let select = try statement(
            """
            SELECT number, due_at, CASE phase WHEN 'reporting' THEN report_ends ELSE prompt_ends END
            FROM login WHERE server = ? AND phase = ? AND due_at IS NOT NULL
            ORDER BY due_at, number
            """
        )
        defer { select.reset() }
        select.bind(queue.server.value, at: 1)
        select.bind(queue.phase.storedName, at: 2)
        while try select.step() {
            if body(DueRow(select)) == .stop { return }
        }
    }

    /// Visits the reports owed to a server, the one that ends first coming first.
    func visitLastReports(
        of server: AuthorizationServerID,
        _ body: (DueRow) -> QueueVisit
    ) throws(StoreError) {
        let select = try statement(
            """
            SELECT number, due_at, report_ends FROM login
            WHERE phase = 'reporting' AND server = ? ORDER BY report_ends, number
            """
        )
        defer { select.reset() }
        select.bind(server.value, at: 1)
        while try select.step() {
            if body(DueRow(select)) == .stop { return }
        }
    }
}

/// The columns of a login that say when it owes something.
struct DueRow {
    let number: LoginNumber
    let due: Timestamp
    /// From here on the work would come too late.
    let end: Timestamp

    init(_ row: any Statement) {
        number = row.loginNumber
        due = Timestamp(milliseconds: row.integer(1) ?? 0)
        end = Timestamp(milliseconds: row.integer(2) ?? 0)
    }

    func duty(of queue: LoginQueue, at now: Timestamp) -> PendingLogin.Duty {
        max(due, now) >= end ? .end : queue.duty
    }

    /// Claims what the login owes, unless it is claimed. False when there is no free slot.
    @discardableResult
    func take(
        _ queue: LoginQueue,
        at now: Timestamp,
        _ room: inout Int,
        _ ends: inout Int,
        _ claims: Claims,
        _ taken: inout [TakenDuty]
    ) -> Bool {
        let duty = duty(of: queue, at: now)
        guard let others = claims.duties(of: number), !others.contains(duty) else { return true }
        guard (duty == .end ? ends : room) > 0 else { return false }
        guard claims.take(number, duty) else { return true }
        if duty == .end { ends -= 1 } else { room -= 1 }
        taken.append((number, duty))
        return true
    }
}

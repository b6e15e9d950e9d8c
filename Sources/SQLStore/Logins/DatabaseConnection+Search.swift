public import Logins

private enum Search {
    /// Logins that one call examines at most: some tens of milliseconds.
    static let longest = 20_000
    /// Logins that one statement reads at most.
    static let step: Int64 = 500
    /// How far clocks that were set back may have mixed up the times of arrival.
    static let slack = Duration.seconds(60)

    static let newestFirst: StaticString = """
        SELECT number, login_id, user_id, client, received_at FROM login
        WHERE number < ?1 ORDER BY number DESC LIMIT ?2
        """
    static let ofPhase: StaticString = """
        SELECT number, login_id, user_id, client, received_at FROM login
        WHERE phase = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2
        """
}

/// What operators look up.
extension DatabaseConnection {
    func find(
        _ filter: LoginFilter,
        before: LoginNumber?,
        limit: Int,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> FoundLogins {
        var start = before?.rawValue ?? .max
        if let to = filter.to {
            let newest = try newestNumber(receivedUpTo: to + Search.slack)
            start = min(start, newest == .max ? newest : newest + 1)
        }
        let select = try statement(filter.phase == nil ? Search.newestFirst : Search.ofPhase)
        defer { select.reset() }
        if let phase = filter.phase { select.bind(phase.storedName, at: 3) }
        var logins: [StoredLogin] = []
        var examined = 0
        while true {
            select.reset()
            select.bind(start, at: 1)
            select.bind(Search.step, at: 2)
            var read = 0
            while try select.step() {
                read += 1
                let number = select.loginNumber
                let received = Timestamp(milliseconds: select.integer(4) ?? 0)
                if let from = filter.from, received < from - Search.slack {
                    return FoundLogins(logins: logins, next: nil)
                }
                if examined == Search.longest || logins.count == limit {
                    let (next, isOver) = number.rawValue.addingReportingOverflow(1)
                    return FoundLogins(logins: logins, next: LoginNumber(isOver ? .max : next))
                }
                examined += 1
                start = number.rawValue
                guard filter.from.map({ $0 <= received }) ?? true,
                    filter.to.map({ received <= $0 }) ?? true,
                    try select.has(filter.id, in: 1), try select.has(filter.user, in: 2),
                    try select.has(filter.client, in: 3),
                    let stored = try readableLogin(number, whenDamaged: whenDamaged)
                else { continue }
                logins.append(stored)
            }
            if read < Search.step { return FoundLogins(logins: logins, next: nil) }
        }
    }

    /// The greatest number of a login that arrived by then. Numbers ascend with time.
    private func newestNumber(receivedUpTo moment: Timestamp) throws(StoreError) -> Int64 {
        let select = try statement(
            """
            SELECT number, received_at FROM login WHERE number <= ? ORDER BY number DESC LIMIT 1
            """
        )
        defer { select.reset() }
        select.bind(.max, at: 1)
        guard try select.step() else { return 0 }
        var low: Int64 = 0
        var high = select.loginNumber.rawValue
        while low < high {
            let middle = low + (high - low + 1) / 2
            select.reset()
            select.bind(middle, at: 1)
            if try select.step(), (select.integer(1) ?? 0) > moment.milliseconds {
                high = max(low, select.loginNumber.rawValue - 1)
            } else {
                low = middle
            }
        }
        return low
    }

    func endings(since moment: Timestamp, limit: Int) throws(StoreError) -> [LoginEnding] {
        let select = try statement(
            """
            SELECT settled_at, outcome,
                CASE WHEN settlement IN ('reported', 'delivered_unconfirmed') THEN decided_at END
            FROM login WHERE redacted = 0 AND settled_at >= ?1
            ORDER BY settled_at DESC LIMIT ?2
            """
        )
        select.bind(moment.milliseconds, at: 1)
        select.bind(Int64(max(limit, 0)), at: 2)
        defer { select.reset() }
        var endings: [LoginEnding] = []
        while try select.step() {
            endings.append(
                LoginEnding(
                    outcome: try select.text(1) ?? "",
                    at: Timestamp(milliseconds: select.integer(0) ?? 0),
                    reportedDecision: select.integer(2).map(Timestamp.init(milliseconds:))
                )
            )
        }
        return endings
    }
}

extension Statement {
    /// Whether a column has this identifier, by its bytes; also if none is wanted.
    fileprivate func has<Kind>(
        _ id: Identifier<Kind>?,
        in column: Int32
    ) throws(StoreError) -> Bool {
        guard let id else { return true }
        return bytes(column).map { $0.elementsEqual(id.value.utf8) } ?? false
    }
}

extension SQLLoginStore: LoginSearch {
    public func find(
        _ filter: LoginFilter,
        before: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> FoundLogins {
        try await file.readers.read { [file] (connection) throws(StoreError) in
            try connection.find(filter, before: before, limit: limit) { number, error in
                file.noteDamaged(number, error)
            }
        }
    }

    public func endings(
        since moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [LoginEnding] {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.endings(since: moment, limit: limit)
        }
    }
}

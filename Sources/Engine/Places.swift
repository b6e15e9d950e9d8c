import Logins

/// Which duties are under way, and how many more may be begun: each queue has places of its own.
struct Places {
    /// For each queue that calls its server.
    let calls: Int
    /// For each queue of notifications: channels that hang are not the server's trouble.
    var notifications: Int { calls * 16 }
    private(set) var underWay: [LoginQueue: Int] = [:]
    private var lastReports: [AuthorizationServerID: Int] = [:]
    private var ends = 0

    init(calls: Int) { self.calls = calls }

    /// Takes the claim's place, or with -1 leaves it. Reports at their last moment have places
    /// beside those of their queue.
    mutating func count(_ claim: Claim, isLast: Bool, _ change: Int) {
        let server = claim.stored.login.key.server
        if claim.duty == .end {
            ends += change
        } else if isLast {
            Self.add(change, to: &lastReports[server])
        } else {
            Self.add(change, to: &underWay[LoginQueue(server, claim.duty)])
        }
    }

    /// What may be begun; a server whose breaker is open gets one probe or none.
    func vacancies(_ health: [AuthorizationServerID: ServerHealth], at now: Timestamp) -> Vacancies
    {
        var vacancies = Vacancies(
            each: [
                .prepare: calls, .notify: notifications, .report: calls, .end: calls - ends,
            ]
        )
        for (queue, count) in underWay {
            vacancies.queues[queue] = max(0, vacancies[queue] - count)
        }
        for (server, health) in health {
            let queue = LoginQueue(server, .report)
            vacancies.queues[queue] = health.room(of: vacancies[queue], at: now)
        }
        for (server, count) in lastReports {
            vacancies.lastReports[server] = max(0, calls - count)
        }
        return vacancies
    }

    private static func add(_ change: Int, to count: inout Int?) {
        let sum = (count ?? 0) + change
        count = sum == 0 ? nil : sum
    }
}

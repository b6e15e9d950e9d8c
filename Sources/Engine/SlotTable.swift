import Logins

/// Counts the duties under way, by queue, and says how many more may begin.
///
/// Each queue has its own slots. Reports at their last moment have slots beside those of their
/// queue, and the ends of all queues share one set.
struct SlotTable {
    /// Slots of each queue that calls its authorization server.
    let calls: Int
    /// Slots of each queue of notifications. There are more of them because a channel that hangs
    /// says nothing about the server.
    var notifications: Int { calls * 16 }
    private(set) var underWay: [LoginQueue: Int] = [:]
    private var lastReports: [AuthorizationServerID: Int] = [:]
    private var ends = 0
    /// Whether a look is under way, which judges by slots that were free before it. Nobody has looked at
    /// first.
    private var isLooking = true
    /// Queues that had no free slot at the end of the last look, so that work may wait for one.
    private var full: Set<LoginQueue> = []
    private var isFullBeside = false

    init(calls: Int) { self.calls = calls }

    /// Occupies the claim's slot, or frees it with a change of -1.
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

    /// Whether work may wait for a slot.
    var isCrowded: Bool { isLooking || isFullBeside || !full.isEmpty }

    /// Work may wait for a slot from here on.
    mutating func beginLook() { isLooking = true }

    /// What was found is counted. Whatever found no slot is in a queue that has none now, unless one was
    /// freed meanwhile; then there is another look at once.
    mutating func endLook() {
        isLooking = false
        full = Set(underWay.filter { $1 >= slots(for: $0.duty) }.keys)
        isFullBeside = ends >= calls || lastReports.values.contains { $0 >= calls }
    }

    /// Occupies the slot of a claim if one is free. Not for ends and reports at their last moment.
    mutating func takeFree(_ claim: Claim) -> Bool {
        let queue = LoginQueue(claim.stored.login.key.server, claim.duty)
        guard underWay[queue, default: 0] < slots(for: claim.duty) else { return false }
        Self.add(1, to: &underWay[queue])
        return true
    }

    /// The same, unless somebody may have waited longer for a slot of the queue, or a look counts on those
    /// that are free.
    mutating func takeAtOnce(_ claim: Claim) -> Bool {
        let queue = LoginQueue(claim.stored.login.key.server, claim.duty)
        return !isLooking && !full.contains(queue) && takeFree(claim)
    }

    private func slots(for duty: PendingLogin.Duty) -> Int {
        duty == .notify ? notifications : calls
    }

    /// The free slots. A server whose breaker is open gets one slot for a probe, or none.
    func free(_ health: [AuthorizationServerID: ServerHealth], at now: Timestamp) -> Slots {
        var free = Slots(
            each: [
                .prepare: calls, .notify: notifications, .report: calls, .end: calls - ends,
            ]
        )
        for (queue, count) in underWay {
            free.queues[queue] = max(0, free[queue] - count)
        }
        for (server, health) in health {
            let queue = LoginQueue(server, .report)
            free.queues[queue] = health.room(of: free[queue], at: now)
        }
        for (server, count) in lastReports {
            free.lastReports[server] = max(0, calls - count)
        }
        return free
    }

    private static func add(_ change: Int, to count: inout Int?) {
        let sum = (count ?? 0) + change
        count = sum == 0 ? nil : sum
    }
}

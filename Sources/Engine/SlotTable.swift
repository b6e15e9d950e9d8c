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
    /// Whether work may wait for a slot.
    private(set) var isCrowded = false

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

    /// Work may wait for a slot from here on: the look judges by slots that were free before it.
    mutating func beginLook() { isCrowded = true }

    /// What was found is counted. Whatever found no slot is in a queue that has none now.
    mutating func endLook() {
        isCrowded =
            ends >= calls || lastReports.values.contains { $0 >= calls }
            || underWay.contains { $1 >= ($0.duty == .notify ? notifications : calls) }
    }

    /// Occupies the slot of a notification if one is free.
    mutating func takeFree(_ notification: Claim) -> Bool {
        let queue = LoginQueue(notification.stored.login.key.server, .notify)
        guard underWay[queue, default: 0] < notifications else { return false }
        Self.add(1, to: &underWay[queue])
        return true
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

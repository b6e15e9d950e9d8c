import HTTP
import Threads

/// Bytes of memory that hold incomplete requests: of all peers together, and of those of one
/// address. Requests that arrive in one piece are never counted.
final class InputBudget: Sendable {
    private struct Held {
        var total = 0
        /// By `AddressRange.block`; only those that hold something.
        var byAddress: [String: Int] = [:]
    }

    private let limit: Int
    private let limitOfAddress: Int
    private let held = Locked(Held())

    init(limit: Int, limitOfAddress: Int) {
        self.limit = limit
        self.limitOfAddress = limitOfAddress
    }

    /// A request that fits in the memory that every connection begins with is counted, but not
    /// refused because others from its address are large; a quarter of the budget is for these.
    private func allows(_ new: Int, total: Int, ofAddress: Int) -> Bool {
        if new <= Workspace.inputSize { return total <= limit }
        return total <= limit / 4 * 3 && ofAddress <= limitOfAddress
    }

    /// Changes what a connection from `address` holds. False, and nothing changes, when that would
    /// exceed a limit.
    ///
    /// `address` is nil for a trusted proxy, which stands for many peers.
    func change(_ address: String?, from old: Int, to new: Int) -> Bool {
        let block = address.map(AddressRange.block)
        return held.withLock { held in
            let ofAddress = block.map { held.byAddress[$0, default: 0] - old + new } ?? 0
            let total = held.total - old + new
            if new > old, !allows(new, total: total, ofAddress: ofAddress) { return false }
            held.total = total
            if let block { held.byAddress[block] = ofAddress > 0 ? ofAddress : nil }
            return true
        }
    }

    /// Of all peers.
    var total: Int { held.withLock { $0.total } }
}

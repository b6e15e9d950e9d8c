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

    /// Changes what a connection from `address` holds. False, and nothing changes, when that would
    /// exceed a limit.
    func change(_ address: String, from old: Int, to new: Int) -> Bool {
        let block = AddressRange.block(of: address)
        return held.withLock { held in
            let ofAddress = held.byAddress[block, default: 0] - old + new
            if new > old, held.total - old + new > limit || ofAddress > limitOfAddress {
                return false
            }
            held.total += new - old
            held.byAddress[block] = ofAddress > 0 ? ofAddress : nil
            return true
        }
    }

    /// Of all peers.
    var total: Int { held.withLock { $0.total } }
}

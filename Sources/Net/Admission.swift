import Synchronization

/// Counts connections against the server's limit, over all loops.
final class Admission: Sendable {
    enum Verdict { case served, toldToGo, dropped }

    private let limit: Int
    private let served = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)

    /// At most so many refused peers get an answer at a time.
    private static let refusedLimit = 64

    init(limit: Int) { self.limit = limit }

    /// Each `served` is followed by `leave`, each `toldToGo` by `leaveRefused`.
    func admit() -> Verdict {
        if served.add(1, ordering: .relaxed).newValue <= limit { return .served }
        served.subtract(1, ordering: .relaxed)
        if refused.add(1, ordering: .relaxed).newValue <= Self.refusedLimit { return .toldToGo }
        refused.subtract(1, ordering: .relaxed)
        return .dropped
    }

    func leave() { served.subtract(1, ordering: .relaxed) }
    func leaveRefused() { refused.subtract(1, ordering: .relaxed) }

    var openConnections: Int { served.load(ordering: .relaxed) }
}

/// Logins of one authorization server that owe the same kind of work. Each queue has places of its
/// own, so that a server that takes long keeps none but its own logins waiting.
public struct LoginQueue: Hashable, Sendable {
    public let server: AuthorizationServerID
    /// `prepare`, `notify` or `report`; the end of a login is in the queue of the work it cuts off.
    public let duty: PendingLogin.Duty

    public init(_ server: AuthorizationServerID, _ duty: PendingLogin.Duty) {
        self.server = server
        self.duty = duty
    }
}

/// How many duties may be begun now.
public struct Slots: Hashable, Sendable {
    /// In each queue that `queues` does not name. Ends are counted over all queues together.
    public var each: [PendingLogin.Duty: Int]
    /// In the queues that differ.
    public var queues: [LoginQueue: Int]
    /// Reports at their last moment (`Terms.lastReport`), whatever is left in their queue, of the
    /// servers that differ from `each`.
    public var lastReports: [AuthorizationServerID: Int]

    public init(
        each: [PendingLogin.Duty: Int],
        queues: [LoginQueue: Int] = [:],
        lastReports: [AuthorizationServerID: Int] = [:]
    ) {
        self.each = each
        self.queues = queues
        self.lastReports = lastReports
    }

    /// The same number of each kind.
    public init(_ count: Int) {
        self.init(
            each: Dictionary(
                uniqueKeysWithValues: PendingLogin.Duty.allCases.map { ($0, count) }
            )
        )
    }

    public static let unlimited = Slots(.max)

    /// Ends that may be begun, whosoever they are.
    public var ends: Int { each[.end, default: 0] }

    /// What may be begun of a queue.
    public subscript(_ queue: LoginQueue) -> Int {
        queues[queue] ?? each[queue.duty, default: 0]
    }

    /// What may be begun of a server's reports at their last moment.
    public func lastReports(of server: AuthorizationServerID) -> Int {
        lastReports[server] ?? each[.report, default: 0]
    }
}

/// How long a queue is.
public struct QueueDepth: Hashable, Sendable {
    /// A queue of more logins than this is not counted to its end.
    public static let mostCounted = 100_000

    public let queue: LoginQueue
    /// What could be done now, including what is under way.
    public let due: Int
    /// What is owed later.
    public let later: Int

    public init(_ queue: LoginQueue, due: Int, later: Int) {
        self.queue = queue
        self.due = due
        self.later = later
    }
}

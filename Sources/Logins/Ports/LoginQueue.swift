/// The logins of one authorization server that owe the same kind of work. Each queue has its own
/// slots, so that a slow server delays only its own logins.
public struct LoginQueue: Hashable, Sendable {
    public let server: AuthorizationServerID
    /// `prepare`, `notify` or `report`. The end of a login belongs to the queue of the work that it
    /// cuts off.
    public let duty: PendingLogin.Duty

    public init(_ server: AuthorizationServerID, _ duty: PendingLogin.Duty) {
        self.server = server
        self.duty = duty
    }
}

/// How many duties may begin now.
public struct Slots: Hashable, Sendable {
    /// For each queue that `queues` does not name. Ends are counted over all queues together.
    public var each: [PendingLogin.Duty: Int]
    /// For the queues that differ from `each`.
    public var queues: [LoginQueue: Int]
    /// For reports at their last moment (`Terms.lastReport`), of the servers that differ from
    /// `each`. They do not use the slots of their queue.
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

    /// The same number for each duty.
    public init(_ count: Int) {
        self.init(
            each: Dictionary(
                uniqueKeysWithValues: PendingLogin.Duty.allCases.map { ($0, count) }
            )
        )
    }

    /// No limit.
    public static let unlimited = Slots(.max)

    /// The slots for ends, of all queues together.
    public var ends: Int { each[.end, default: 0] }

    /// The slots of a queue.
    public subscript(_ queue: LoginQueue) -> Int {
        queues[queue] ?? each[queue.duty, default: 0]
    }

    /// The slots for a server's reports at their last moment.
    public func lastReports(of server: AuthorizationServerID) -> Int {
        lastReports[server] ?? each[.report, default: 0]
    }
}

/// How many logins a queue has.
public struct QueueDepth: Hashable, Sendable {
    /// A longer queue is counted up to here.
    public static let mostCounted = 10_000

    public let queue: LoginQueue
    /// Logins whose duty is due, including those that are claimed.
    public let due: Int
    /// Logins whose duty is due later.
    public let later: Int

    public init(_ queue: LoginQueue, due: Int, later: Int) {
        self.queue = queue
        self.due = due
        self.later = later
    }
}

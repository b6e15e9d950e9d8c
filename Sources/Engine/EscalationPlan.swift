public import Logins

/// Which channels are asked, in which order and how long after one another.
public struct EscalationPlan: Sendable {
    public struct Step: Sendable {
        public let channel: any NotificationChannel
        /// After the prompt is ready. A channel that refuses makes the next step come at once.
        public let after: Duration

        public init(channel: any NotificationChannel, after: Duration) {
            self.channel = channel
            self.after = after
        }
    }

    public let steps: [Step]

    public init(_ steps: [Step]) { self.steps = steps }

    public func channel(_ id: ChannelID) -> (any NotificationChannel)? {
        steps.first { $0.channel.id == id }?.channel
    }

    /// The steps that may be taken for a user now.
    public func steps(for user: User) -> [Step] {
        steps.filter { step in
            step.channel.isEnabled && (user.channels?.contains(step.channel.id) ?? true)
        }
    }

    func deliveries(for user: User, at now: Timestamp) -> [PendingLogin.Delivery] {
        steps(for: user).map { step in
            PendingLogin.Delivery(channel: step.channel.id, state: .due(at: now + step.after))
        }
    }
}

/// Answers `/user/verify`: the directory says who is there, the plan who can be reached.
public struct PlannedReachability: Reachability {
    private let directory: any UserDirectory
    private let plan: EscalationPlan

    public init(directory: any UserDirectory, plan: EscalationPlan) {
        self.directory = directory
        self.plan = plan
    }

    public func canReach(_ user: UserID) async throws(DirectoryError) -> Bool {
        guard let user = try await directory.user(user) else { return false }
        return user.isActive && !plan.steps(for: user).isEmpty
    }
}

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

        func reaches(_ user: User) -> Bool {
            channel.isEnabled && (user.channels?.contains(channel.id) ?? true)
        }
    }

    public let steps: [Step]

    public init(_ steps: [Step]) { self.steps = steps }

    public func channel(_ id: ChannelID) -> (any NotificationChannel)? {
        steps.first { $0.channel.id == id }?.channel
    }

    /// The steps that may be taken for a user now.
    public func steps(for user: User) -> [Step] { steps.filter { $0.reaches(user) } }

    func reaches(_ user: User) -> Bool { steps.contains { $0.reaches(user) } }

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
        canReach(try await directory.user(user))
    }

    public func canReachAtOnce(_ user: UserID) -> Bool? {
        directory.peek(user).map { canReach($0) }
    }

    private func canReach(_ user: User?) -> Bool {
        guard let user else { return false }
        return user.isActive && plan.reaches(user)
    }
}

public import Logins

/// Which channels notify a user, in which order and after which delays.
public struct EscalationPlan: Sendable {
    /// One channel and when it is asked.
    public struct Step: Sendable {
        public let channel: any NotificationChannel
        /// The delay after the prompt is ready. If a channel refuses, the next step is due
        /// immediately.
        public let after: Duration

        public init(channel: any NotificationChannel, after: Duration) {
            self.channel = channel
            self.after = after
        }

        func reaches(_ user: User) -> Bool {
            channel.isEnabled && (user.channels?.contains(channel.id) ?? true)
                && channel.reaches(user)
        }
    }

    /// What ends the notifying, besides a decision and the end of the prompt.
    public enum End: String, Hashable, Sendable, CaseIterable {
        /// Nothing.
        case decided
        /// Somebody has opened the request.
        case viewed
        /// A channel has delivered, or somebody has opened the request.
        case delivered
    }

    public let steps: [Step]
    /// When the channels that have not been asked yet are spared.
    public let end: End

    public init(_ steps: [Step], until end: End = .decided) {
        self.steps = steps
        self.end = end
    }

    /// The channel with that identifier, if it has a step.
    public func channel(_ id: ChannelID) -> (any NotificationChannel)? {
        steps.first { $0.channel.id == id }?.channel
    }

    /// The steps whose channels may notify the user now.
    public func steps(for user: User) -> [Step] { steps.filter { $0.reaches(user) } }

    /// Whether the directory lets any of the channels notify the user. A channel that is switched off
    /// at present counts, because the user was notified before.
    func mayNotify(_ user: User) -> Bool {
        guard let channels = user.channels else { return true }
        return steps.contains { channels.contains($0.channel.id) }
    }

    func reaches(_ user: User) -> Bool { steps.contains { $0.reaches(user) } }

    /// While the first channels rest, the next one is asked in their place.
    func deliveries(
        for user: User,
        at now: Timestamp,
        resting: Set<ChannelID> = []
    ) -> [PendingLogin.Delivery] {
        let steps = steps(for: user)
        let first = steps.firstIndex { !resting.contains($0.channel.id) }
        return steps.enumerated().map { index, step in
            let after = index == first ? steps[0].after : step.after
            return PendingLogin.Delivery(channel: step.channel.id, state: .due(at: now + after))
        }
    }
}

/// Answers `/user/verify`: the directory knows the user, the plan the channels.
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

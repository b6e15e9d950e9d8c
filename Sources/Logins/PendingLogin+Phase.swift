extension PendingLogin {
    /// The state of a login. What is known only in one phase belongs to its case.
    public enum Phase: Hashable, Sendable {
        /// The user is looked up and the consent fetched; `next` says when to try (again).
        /// Next: `waiting`, `reporting`, `settled`.
        case preparing(Attempts, next: Timestamp)
        /// The user is being notified and may decide. Next: `reporting`, `settled`.
        case waiting([Delivery])
        /// The outcome is known and must be reported. Next: `settled`, `stranded`.
        case reporting(Outcome, Report)
        /// Finished. Nothing is owed.
        case settled(Outcome, Settlement, at: Timestamp)
        /// The outcome could not be reported. An operator may retry or abandon it.
        case stranded(Outcome, Report, Stranding)
    }

    /// The phases without what they carry.
    public enum PhaseName: Hashable, Sendable, CaseIterable {
        case preparing, waiting, reporting, settled, stranded
    }

    /// One channel's notification of the user.
    public struct Delivery: Hashable, Sendable {
        /// How far the delivery is.
        public enum State: Hashable, Sendable {
            /// The channel is asked at this time.
            case due(at: Timestamp)
            case delivered(at: Timestamp)
            /// The channel will not deliver it.
            case refused
            /// The channel is not asked, because the user had been reached before.
            case spared(at: Timestamp)
        }
        public let channel: ChannelID
        public internal(set) var state: State
        /// The failed attempts.
        public internal(set) var attempts: Attempts

        public init(channel: ChannelID, state: State, attempts: Attempts = Attempts()) {
            self.channel = channel
            self.state = state
            self.attempts = attempts
        }
    }

    /// The report to the authorization server.
    public struct Report: Hashable, Sendable {
        /// The failed attempts.
        public internal(set) var attempts: Attempts
        /// When to report (again).
        public internal(set) var next: Timestamp
        /// An earlier attempt may have been processed, so the adapter checks before it sends again.
        public internal(set) var inDoubt: Bool
        /// An attempt was begun and its result is not known. If the process ends now, the attempt is
        /// in doubt.
        public internal(set) var isUnderWay: Bool

        public init(
            attempts: Attempts = Attempts(),
            next: Timestamp,
            inDoubt: Bool = false,
            isUnderWay: Bool = false
        ) {
            self.attempts = attempts
            self.next = next
            self.inDoubt = inDoubt
            self.isUnderWay = isUnderWay
        }
    }

    /// How a login was settled.
    public enum Settlement: Hashable, Sendable, CaseIterable {
        /// The server accepted the outcome.
        case reported
        /// The server probably accepted it: the login was gone there after an attempt in doubt.
        case deliveredUnconfirmed
        /// Not reported; the server lets the login expire. Either its rule says so, or a report would
        /// have rejected the consent of another login.
        case leftToExpire
        /// The server no longer had the login.
        case gone
        /// An operator, or retention, gave up on a stranded login.
        case abandoned
    }

    /// What an operator may want to know of an abandoned login later.
    public struct History: Hashable, Sendable {
        /// The failed attempts to report it.
        public let attempts: Attempts
        /// Why it was stranded.
        public let stranding: Stranding

        public init(attempts: Attempts, stranding: Stranding) {
            self.attempts = attempts
            self.stranding = stranding
        }
    }

    /// Why a login is stranded.
    public enum Stranding: Hashable, Sendable {
        /// The server ended the login before the report.
        case gone
        /// The time for reporting ended.
        case outOfTime
        /// The server refused the report for good: what it answered.
        case refused(String)
    }
}

extension PendingLogin.Phase {
    /// The phase without what it carries.
    public var name: PendingLogin.PhaseName {
        switch self {
        case .preparing: .preparing
        case .waiting: .waiting
        case .reporting: .reporting
        case .settled: .settled
        case .stranded: .stranded
        }
    }

    /// Whether the login counts against the limits of its user and client.
    public var isLive: Bool {
        switch self {
        case .preparing, .waiting: true
        case .reporting, .settled, .stranded: false
        }
    }

    /// The outcome, once there is one.
    public var outcome: Outcome? {
        switch self {
        case .preparing, .waiting: nil
        case .reporting(let outcome, _), .settled(let outcome, _, _), .stranded(let outcome, _, _):
            outcome
        }
    }
}

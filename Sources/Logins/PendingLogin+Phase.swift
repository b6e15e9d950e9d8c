extension PendingLogin {
    /// Where a login is. What is known only in one phase is carried by its case.
    public enum Phase: Hashable, Sendable {
        /// Being made ready to show: the user is looked up and the consent fetched.
        /// Next: `waiting`, `reporting`, `settled`.
        case preparing(Attempts, next: Timestamp)
        /// The person is being reached and may decide what `question` asks. Next: `reporting`, `settled`.
        case waiting([Delivery])
        /// The outcome is known and the authorization server is owed it. Next: `settled`, `stranded`.
        case reporting(Outcome, Report)
        /// Over. Nothing is owed.
        case settled(Outcome, Settlement, at: Timestamp)
        /// The server was owed the outcome and never will take it; an operator may retry or abandon.
        case stranded(Outcome, Report, Stranding)
    }

    /// The phases without what they carry.
    public enum PhaseName: Hashable, Sendable, CaseIterable {
        case preparing, waiting, reporting, settled, stranded
    }

    /// One channel's part in reaching the person.
    public struct Delivery: Hashable, Sendable {
        public enum State: Hashable, Sendable {
            case due(at: Timestamp)
            case delivered(at: Timestamp)
            case refused
        }
        public let channel: ChannelID
        public internal(set) var state: State
        public internal(set) var attempts: Attempts

        public init(channel: ChannelID, state: State, attempts: Attempts = Attempts()) {
            self.channel = channel
            self.state = state
            self.attempts = attempts
        }
    }

    /// The work of telling the server.
    public struct Report: Hashable, Sendable {
        public internal(set) var attempts: Attempts
        public internal(set) var next: Timestamp
        /// True when an earlier attempt may have been processed without our knowing:
        /// whoever reports then looks before sending again [ED-2].
        public internal(set) var inDoubt: Bool
        /// True from before an attempt until what came of it is known: should the process end in
        /// between, the attempt is in doubt.
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

    /// How a login came to rest.
    public enum Settlement: Hashable, Sendable, CaseIterable {
        /// The server took the outcome.
        case reported
        /// It took it as far as can be known: after an attempt in doubt the login was gone there.
        case deliveredUnconfirmed
        /// The server is not told, by its own rule or because the report would hit another login's
        /// consent, and lets the login expire.
        case leftToExpire
        /// There was nobody left to tell: the server had dropped the login before.
        case gone
        /// An operator gave up on a stranded login, or retention did long after its end.
        case abandoned
    }

    /// Why a report will never be taken.
    public enum Stranding: Hashable, Sendable {
        /// The server ended the login before it could be told.
        case gone
        /// The last moment for telling it went by.
        case outOfTime
        /// It refused, and will again: what it said.
        case refused(String)
    }
}

extension PendingLogin.Phase {
    public var name: PendingLogin.PhaseName {
        switch self {
        case .preparing: .preparing
        case .waiting: .waiting
        case .reporting: .reporting
        case .settled: .settled
        case .stranded: .stranded
        }
    }

    /// A live login counts against its user's and its client's limits.
    public var isLive: Bool {
        switch self {
        case .preparing, .waiting: true
        case .reporting, .settled, .stranded: false
        }
    }

    public var outcome: Outcome? {
        switch self {
        case .preparing, .waiting: nil
        case .reporting(let outcome, _), .settled(let outcome, _, _), .stranded(let outcome, _, _):
            outcome
        }
    }
}

/// A question to another system that shows whether Beckon can work with it, asked by
/// `beckon check --online`. It changes nothing that lasts, and ends within the time limit that the
/// system's own settings have.
public struct OnlineCheck: Sendable {
    /// What came of it.
    public enum Outcome: Hashable, Sendable {
        /// It works; what the system answered.
        case works(String)
        /// It does not; what the system answered, or why there is no answer.
        case fails(String)
        /// It cannot be asked without doing something that lasts; why.
        case skipped(String)
    }

    /// What is asked for, in a word: `token`, `ping`.
    public let name: String
    /// Asks.
    public let run: @Sendable () async -> Outcome

    /// A question with its name.
    public init(_ name: String, _ run: @escaping @Sendable () async -> Outcome) {
        self.name = name
        self.run = run
    }
}

extension UserDirectory {
    /// None.
    public func onlineChecks(about user: UserID?) -> [OnlineCheck] { [] }
}

extension AccountDirectory {
    /// None.
    public func onlineChecks(listing user: UserID?) -> [OnlineCheck] { [] }
}

extension NotificationChannel {
    /// None.
    public var onlineChecks: [OnlineCheck] { [] }

    /// Yes.
    public func reaches(_ user: User) -> Bool { true }

    public var usesDevices: Bool { false }

    /// Refused.
    public func tell(_ notice: Notice) async -> DeliveryAnswer { .refused("only prompts") }
}

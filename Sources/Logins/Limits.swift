/// How much of the service one user and one client may use. Nil means no limit.
///
/// A login over a limit is taken and reported as failed: refusing the call would only make the
/// authorization server repeat it [ST-7].
public struct LoginLimits: Hashable, Sendable {
    public var liveLoginsOfUser: Int?
    public var liveLoginsOfClient: Int?
    public var startsOfUserAMinute: Int?
    public var startsOfClientAMinute: Int?
    /// What happens to a login whose consent another live login is about already.
    public var sameConsent: SameConsent

    public init(
        liveLoginsOfUser: Int? = nil,
        liveLoginsOfClient: Int? = nil,
        startsOfUserAMinute: Int? = nil,
        startsOfClientAMinute: Int? = nil,
        sameConsent: SameConsent = .keepFirst
    ) {
        self.liveLoginsOfUser = liveLoginsOfUser
        self.liveLoginsOfClient = liveLoginsOfClient
        self.startsOfUserAMinute = startsOfUserAMinute
        self.startsOfClientAMinute = startsOfClientAMinute
        self.sameConsent = sameConsent
    }

    public static let none = LoginLimits()

    /// Only one login per consent can be pending [ST-6].
    public enum SameConsent: Hashable, Sendable, CaseIterable {
        /// The newer login is closed and nobody is told.
        case keepFirst
        /// The older login is closed and nobody is told, unless it has an outcome already.
        case supersede
    }

    /// What is in use before the login in question.
    public struct Usage: Hashable, Sendable {
        public var liveLoginsOfUser: Int
        public var liveLoginsOfClient: Int
        public var startsOfUser: Int
        public var startsOfClient: Int

        public init(
            liveLoginsOfUser: Int = 0,
            liveLoginsOfClient: Int = 0,
            startsOfUser: Int = 0,
            startsOfClient: Int = 0
        ) {
            self.liveLoginsOfUser = liveLoginsOfUser
            self.liveLoginsOfClient = liveLoginsOfClient
            self.startsOfUser = startsOfUser
            self.startsOfClient = startsOfClient
        }
    }

    /// The limit that one more login would break, if any.
    public func broken(by usage: Usage) -> Failure? {
        func full(_ used: Int, _ limit: Int?) -> Bool { limit.map { used >= $0 } ?? false }
        if full(usage.liveLoginsOfUser, liveLoginsOfUser) { return .tooManyLoginsOfUser }
        if full(usage.startsOfUser, startsOfUserAMinute) { return .tooManyStartsOfUser }
        if full(usage.liveLoginsOfClient, liveLoginsOfClient) { return .tooManyLoginsOfClient }
        if full(usage.startsOfClient, startsOfClientAMinute) { return .tooManyStartsOfClient }
        return nil
    }
}

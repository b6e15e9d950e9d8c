/// How many logins one user and one client may have. Nil means no limit.
///
/// A login over a limit is accepted and reported as failed, because the authorization server would
/// repeat a refused call [ST-7].
public struct LoginLimits: Hashable, Sendable {
    /// Live logins of one user.
    public var liveLoginsOfUser: Int?
    /// Live logins of one client.
    public var liveLoginsOfClient: Int?
    /// Logins started for one user within a minute.
    public var startsOfUserAMinute: Int?
    /// Logins started by one client within a minute.
    public var startsOfClientAMinute: Int?
    /// What happens if another live login has the same consent.
    public var sameConsent: SameConsent
    /// Prompts that a user gets since the last approval (NIST SP 800-63B-4 §3.1.3.3).
    public var promptsSinceSuccess: Int?
    /// Prompts and declines no longer count when none has come for so long.
    public var forgetting: Duration = .minutes(60)
    /// After so many declines in a row the user is left alone for `pauseAfterDeclines`.
    public var declines: Int?
    /// How long the user is left alone.
    public var pauseAfterDeclines: Duration = .minutes(10)
    /// Whether a newer login of a client ends the live ones of the same client for the same user.
    public var replacesSameClient = false
    /// Users for whom one client starts logins within a minute. More are noted in the audit.
    public var usersOfClientAMinute: Int?
    /// Whether logins for more users than that fail.
    public var refusesMoreUsers = false
    /// How long a client is blocked for a user who said "this wasn't me"; zero for not at all.
    public var blockOfReported: Duration = .zero
    /// Whether somebody is told of it by a security event.
    public var reportsSecurityEvents = false

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

    /// No limit.
    public static let none = LoginLimits()

    /// Only one login per consent can be live (required by Open Banking UK) [ST-6].
    public enum SameConsent: Hashable, Sendable, CaseIterable {
        /// The newer login fails without a report.
        case keepFirst
        /// The older login fails without a report, unless it has an outcome.
        case supersede
    }

    /// What is in use before the new login.
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

    /// The limit that one more login would exceed, if any.
    public func broken(by usage: Usage) -> Failure? {
        func full(_ used: Int, _ limit: Int?) -> Bool { limit.map { used >= $0 } ?? false }
        if full(usage.liveLoginsOfUser, liveLoginsOfUser) { return .tooManyLoginsOfUser }
        if full(usage.startsOfUser, startsOfUserAMinute) { return .tooManyStartsOfUser }
        if full(usage.liveLoginsOfClient, liveLoginsOfClient) { return .tooManyLoginsOfClient }
        if full(usage.startsOfClient, startsOfClientAMinute) { return .tooManyStartsOfClient }
        return nil
    }
}

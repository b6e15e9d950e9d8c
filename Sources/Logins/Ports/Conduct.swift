/// Counts failed proofs of each user: wrong codes, wrong PINs. Durable, over all logins, devices and
/// restarts, and exact when several fail at the same instant.
///
/// The fifth failure in a row blocks the user for a while (PSD2 RTS article 4(3)(b)); each further block
/// before a success lasts twice as long. A proof that takes time to check is an attempt: it is reserved
/// before it is checked and settled once, so that attempts at the same instant never exceed the limit,
/// and that a right one after four wrong ones does not block.
public protocol FailureCounter: Sendable {
    /// How it stands with a user.
    func failures(of user: UserID) async throws(StoreError) -> FailureStanding
    /// Counts one failure. Of a user who is blocked nothing is counted.
    func noteFailure(of user: UserID) async throws(StoreError) -> FailureStanding
    /// A right proof: nothing counts any more. Of a user who was blocked before it the block stays.
    func noteSuccess(of user: UserID) async throws(StoreError)

    /// Reserves an attempt at a proof. Failures and reserved attempts together never exceed
    /// `FailureStanding.most`. One that nobody settles counts as a failure after `ProofAttempt.longest`.
    func beginAttempt(of user: UserID) async throws(StoreError) -> ProofAttempt.Start
    /// The proof was right: nothing counts any more but attempts that are still open.
    ///
    /// - Returns: false if it came too late to count: the attempt has become a failure, or the user was
    ///   blocked meanwhile.
    func succeeded(_ attempt: ProofAttempt) async throws(StoreError) -> Bool
    /// The proof was wrong, which counts as one failure.
    func failed(_ attempt: ProofAttempt) async throws(StoreError) -> FailureStanding
}

/// A reserved attempt at a proof of a user.
public struct ProofAttempt: Hashable, Sendable {
    /// What came of the wish for an attempt.
    public enum Start: Hashable, Sendable {
        /// Check the proof now, and settle the attempt.
        case begun(ProofAttempt)
        /// The user is blocked.
        case blocked(FailureStanding)
        /// As many attempts as are left are being checked.
        case busy
    }

    /// How long a check may take.
    public static let longest = Duration.seconds(60)

    /// In the store.
    public let id: Int64
    public let user: UserID

    public init(id: Int64, user: UserID) {
        self.id = id
        self.user = user
    }
}

/// How many failures of a user count.
public struct FailureStanding: Hashable, Sendable {
    /// Failures in a row before a block.
    public static let most = 5
    /// The first block.
    public static let firstBlock = Duration.minutes(15)
    /// No block is longer.
    public static let longestBlock = Duration.seconds(86_400)

    /// Failures since the last success or block, less than `most`.
    public var failures: Int
    /// Blocks since the last success.
    public var blocks: Int
    /// When the block ends; it may have ended.
    public var blockedUntil: Timestamp

    public init(
        failures: Int = 0,
        blocks: Int = 0,
        blockedUntil: Timestamp = Timestamp(milliseconds: 0)
    ) {
        self.failures = failures
        self.blocks = blocks
        self.blockedUntil = blockedUntil
    }

    /// Whether nothing of the user is accepted.
    public func isBlocked(at now: Timestamp) -> Bool { now < blockedUntil }

    /// How many more failures lead to a block: what a warning says.
    public var left: Int { max(0, Self.most - failures) }

    /// The standing after one more failure. While the user is blocked it is the same.
    public func failed(at now: Timestamp) -> FailureStanding {
        if isBlocked(at: now) { return self }
        var next = self
        next.failures += 1
        guard next.failures >= Self.most else { return next }
        let doubled = Self.firstBlock * (1 << min(blocks, 10))
        next.failures = 0
        next.blocks += 1
        next.blockedUntil = now + min(doubled, Self.longestBlock)
        return next
    }
}

/// A client that is blocked for a user who said "this wasn't me".
public struct ClientBlock: Hashable, Sendable {
    /// In the store.
    public let id: Int64
    public let user: UserID
    public let server: AuthorizationServerID
    public let tenant: TenantID?
    public let client: ClientID
    /// The login that the user reported.
    public let login: LoginNumber
    public let since: Timestamp
    public let until: Timestamp

    public init(
        id: Int64,
        user: UserID,
        server: AuthorizationServerID,
        tenant: TenantID?,
        client: ClientID,
        login: LoginNumber,
        since: Timestamp,
        until: Timestamp
    ) {
        self.id = id
        self.user = user
        self.server = server
        self.tenant = tenant
        self.client = client
        self.login = login
        self.since = since
        self.until = until
    }
}

/// "This wasn't me", as the operator's receiver of security events is told. It became owed in the
/// transaction that stored the decision.
public struct SecurityEvent: Hashable, Sendable {
    /// In the store; ascending, never used twice.
    public let id: Int64
    public let login: LoginNumber
    /// When the user decided.
    public let at: Timestamp
    /// When the block of the client ends; `at` if there is none.
    public let until: Timestamp
    /// How many other logins it ended.
    public let ended: Int
    public let user: UserID
    public let server: AuthorizationServerID
    public let tenant: TenantID?
    public let client: ClientID?
    /// What the user tells whoever helps.
    public let reference: String
    /// Failed attempts to deliver it.
    public let attempts: Int

    public init(
        id: Int64,
        login: LoginNumber,
        at: Timestamp,
        until: Timestamp,
        ended: Int,
        user: UserID,
        server: AuthorizationServerID,
        tenant: TenantID?,
        client: ClientID?,
        reference: String,
        attempts: Int
    ) {
        self.id = id
        self.login = login
        self.at = at
        self.until = until
        self.ended = ended
        self.user = user
        self.server = server
        self.tenant = tenant
        self.client = client
        self.reference = reference
        self.attempts = attempts
    }
}

/// Durable storage of the security events that are owed.
public protocol SecurityEventStore: Sendable {
    /// The events that are due, those that have been due longest first, at most `limit`.
    func dueSecurityEvents(
        at now: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [SecurityEvent]
    /// Notes an attempt: when the next one is due, or nil if nothing is owed any more.
    func noteSecurityEvent(_ id: Int64, next: Timestamp?) async throws(StoreError)
}

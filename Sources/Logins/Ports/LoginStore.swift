/// Durable home of pending logins. Whatever the engine owes is derived from here.
public protocol LoginStore: Sendable {
    /// Makes a login durable before it returns. The same key again changes nothing and answers
    /// `known`. `limits` are counted in the same transaction: over one of them the login is stored
    /// as failed, with that failure as its outcome.
    ///
    /// Live logins are counted exactly; starts a minute as this process has seen them.
    func insert(
        _ login: PendingLogin,
        limits: LoginLimits
    ) async throws(StoreError) -> Insertion

    func login(_ key: LoginKey) async throws(StoreError) -> StoredLogin?
    func login(_ number: LoginNumber) async throws(StoreError) -> StoredLogin?

    /// Reads, changes and writes a login as one step that nothing comes between, and returns once
    /// it is durable. When `body` throws, nothing is written and its error is the failure; when it
    /// leaves the login as it was, nothing is written either. Nil when there is no such login.
    ///
    /// A login whose consent becomes known here and is another live login's is closed instead as
    /// `consentBusy`; one that rests is not brought back to life then, which is the failure of that
    /// name.
    ///
    /// Observers (`changes`) hear of it after it is durable and before this returns.
    func update(
        _ number: LoginNumber,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>?

    /// The logins that owe something at `now`, in each queue as many as there are slots and the
    /// longest due first, each given to one taker at a time for each duty: a claim lasts until
    /// `release`, or until the process ends. What it costs does not grow with queues that are full.
    ///
    /// Of a queue without a free slot only ends are given: of reports those that are due, of others
    /// those that stand before the first login that is not at its end.
    func claim(at now: Timestamp, within slots: Slots) async throws(StoreError) -> [Claim]

    /// Ends a claim. Harmless when it has ended.
    func release(_ claim: Claim)

    /// When `claim` with these slots next has something to give; nil when it never will.
    func nextDue(within slots: Slots) async throws(StoreError) -> Timestamp?

    /// How long each queue is, the empty ones left out.
    func queues(at now: Timestamp) async throws(StoreError) -> [QueueDepth]

    /// Applies `interrupted` to every login in `reporting`: to be called once, before the first claim.
    /// Returns how many there were.
    func recover(at now: Timestamp) async throws(StoreError) -> Int

    /// Logins in a phase, oldest number first, from after `after`, at most `limit`.
    func logins(
        in phase: PendingLogin.PhaseName,
        after: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin]

    /// How many logins there are in each phase and with each outcome.
    func census() async throws(StoreError) -> [Census]

    /// Erases what is personal (user, texts, consent, accounts, state, attempts) from logins settled
    /// before `moment`, at most `limit` at a time, and returns how many. Number, key, times, outcome
    /// and decision stay, with the consent's digest and the challenge but without the accounts that
    /// were chosen; and so the login is still recognised when it is delivered again.
    func redact(settledBefore moment: Timestamp, limit: Int) async throws(StoreError) -> Int

    /// Deletes logins settled before `moment` altogether, at most `limit`, and returns how many.
    func delete(settledBefore moment: Timestamp, limit: Int) async throws(StoreError) -> Int
}

extension LoginStore {
    /// When the next unclaimed login owes something; nil when none ever will.
    public func nextDue() async throws(StoreError) -> Timestamp? {
        try await nextDue(within: .unlimited)
    }
}

/// A login and its number.
public struct StoredLogin: Hashable, Sendable {
    public let number: LoginNumber
    public let login: PendingLogin
    public init(number: LoginNumber, login: PendingLogin) {
        self.number = number
        self.login = login
    }
}

public enum Insertion: Hashable, Sendable {
    /// New; as it was stored.
    case inserted(StoredLogin)
    /// Delivered before; as it is now.
    case known(StoredLogin)
}

public struct Claim: Hashable, Sendable {
    public let stored: StoredLogin
    public let duty: PendingLogin.Duty
    public init(stored: StoredLogin, duty: PendingLogin.Duty) {
        self.stored = stored
        self.duty = duty
    }
}

/// A count of logins that are alike.
public struct Census: Hashable, Sendable {
    public let phase: PendingLogin.PhaseName
    /// The outcome's stored name, nil while there is none.
    public let outcome: String?
    public let count: Int
    public init(phase: PendingLogin.PhaseName, outcome: String?, count: Int) {
        self.phase = phase
        self.outcome = outcome
        self.count = count
    }
}

/// Why a store could not do its work. Nothing was written.
public enum StoreError: Error, Hashable, Sendable {
    /// Another process or a backup holds it.
    case locked
    /// The disk, or a quota, is full.
    case full
    /// What is stored cannot be read as what we wrote.
    case damaged(String)
    /// Anything else the device or the library says.
    case unavailable(String)
    /// Closed, or closing.
    case closed
}

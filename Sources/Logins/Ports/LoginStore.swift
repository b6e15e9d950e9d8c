/// Durable storage of pending logins. All work of the engine is derived from it.
///
/// Every store passes the same conformance suite (`StoreTests`). A call that throws has written
/// nothing. Calls may run concurrently.
public protocol LoginStore: Sendable {
    /// Inserts a login and returns once it is durable. If its key is stored already, nothing changes
    /// and the answer is `known`.
    ///
    /// `limits` are checked in the same transaction. A login over a limit is stored as failed. Live
    /// logins are counted exactly; starts per minute are counted since this process started.
    func insert(
        _ login: PendingLogin,
        limits: LoginLimits
    ) async throws(StoreError) -> Insertion

    /// The login with that key, or nil.
    func login(_ key: LoginKey) async throws(StoreError) -> StoredLogin?
    /// The login with that number, or nil.
    func login(_ number: LoginNumber) async throws(StoreError) -> StoredLogin?

    /// The digests of the tickets that open a login; empty if there is no such login. Reads nothing
    /// else, because anybody can ask with a guessed ticket.
    func tickets(of number: LoginNumber) async throws(StoreError) -> [PendingLogin.TicketDigest]

    /// Reads, changes and writes a login atomically and returns once the change is durable.
    ///
    /// If the login's consent becomes known here and another login that still owes something has the
    /// same one, the login fails as `consentBusy`. A stranded login is not revived in that case,
    /// which is the refusal of that name.
    ///
    /// A wrong number counts as a failed proof of its user in the same transaction, and an approval with
    /// the right one ends the counting (`FailureCounter`). Of a user who is blocked neither is taken, nor
    /// any other approval by the user: that is the refusal `userBlocked`.
    ///
    /// Observers of the store hear of a change after it is durable and before this returns.
    ///
    /// `body` may only apply events. It may run more than once, so it must have no other effect. If
    /// it throws, or leaves the login as it was, nothing is written.
    ///
    /// Of changes that become durable together, a `yielding` one is made last: of an approval and a
    /// denial at the same instant the denial wins, and so does a block of the user.
    ///
    /// A `claimed` change is for the work of a claim: it is not made any more once another process has
    /// taken over that work, because this one was stopped for too long.
    ///
    /// With a `key`, its proof is used up in the same transaction, whatever comes of the change; the
    /// refusal is `key(.proofUsed)` if it was used before, also by another call of any port, and
    /// `key(.removed)` if the key is registered no more. Then `body` does not run.
    ///
    /// - Returns: the login afterwards, or the refusal that `body` threw; nil if there is no such
    ///   login, or the claim was lost.
    func update(
        _ number: LoginNumber,
        yielding: Bool,
        by key: KeyUse?,
        claimed: Bool,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>?

    /// Claims logins whose duty is due at `now`: from each queue at most as many as it has slots,
    /// those that have been due longest first.
    ///
    /// A claim excludes other claims of the same duty of that login until it is released or the
    /// process ends. A claim to prepare also excludes the notification that follows. The cost does
    /// not grow with the length of queues that have no free slot.
    ///
    /// From a queue without a free slot only ends are claimed: of reports those that are due, of
    /// others those before the first login that is not at its end.
    func dueWork(at now: Timestamp, within slots: Slots) async throws(StoreError) -> DueWork

    /// Releases a claim. Does nothing if it was released before.
    func release(_ claim: Claim)

    /// When `dueWork` with these slots has something to return next; nil if never.
    func nextDue(within slots: Slots) async throws(StoreError) -> Timestamp?

    /// The length of every queue that is not empty.
    func queues(at now: Timestamp) async throws(StoreError) -> [QueueDepth]

    /// Applies `interrupted` to every login in `reporting` and returns how many there were. Called
    /// once, before the first claim.
    func recover(at now: Timestamp) async throws(StoreError) -> Int

    /// The logins in a phase with numbers greater than `after`, in ascending order, at most `limit`.
    func logins(
        in phase: PendingLogin.PhaseName,
        after: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin]

    /// The logins of a user that are not decided yet, the newest first, at most `limit`.
    func liveLogins(of user: UserID, limit: Int) async throws(StoreError) -> [StoredLogin]

    /// The logins of a user that have an outcome, with numbers smaller than `before`, the newest
    /// first, at most `limit`. Those that retention has erased are not among them. The cost does not
    /// grow with the length of the user's history.
    func pastLogins(
        of user: UserID,
        before: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> [StoredLogin]

    /// How many logins have each phase and outcome.
    func census() async throws(StoreError) -> [Census]

    /// Erases personal data (user, client, texts, consent, accounts, state, attempts, address, what
    /// was granted) from logins settled before `moment`, at most `limit`, and returns how many.
    /// Number, key, times, outcome, choice, consent digest and challenge are kept, so that a repeated
    /// delivery is still recognized. Once fewer than `limit` are left, nothing erased remains in the
    /// store's files, unless another process reads them meanwhile; then the next call sees to it.
    func redact(settledBefore moment: Timestamp, limit: Int) async throws(StoreError) -> Int

    /// The moment that `noteSweep` kept; nil if there was none.
    func lastSweep() async throws(StoreError) -> Timestamp?

    /// Keeps the moment of a finished sweep of retention, for the next process too.
    func noteSweep(at moment: Timestamp) async throws(StoreError)

    /// Deletes logins settled before `moment`, at most `limit`, and returns how many.
    func delete(settledBefore moment: Timestamp, limit: Int) async throws(StoreError) -> Int
}

extension LoginStore {
    /// Changes a login without a claim, in the order in which changes come.
    public func update(
        _ number: LoginNumber,
        yielding: Bool = false,
        by key: KeyUse? = nil,
        _ body: @Sendable @escaping (inout PendingLogin) throws(PendingLogin.Refusal) -> Void
    ) async throws(StoreError) -> Result<StoredLogin, PendingLogin.Refusal>? {
        try await update(number, yielding: yielding, by: key, claimed: false, body)
    }

    /// The claims of `dueWork`.
    public func claim(
        at now: Timestamp,
        within slots: Slots
    ) async throws(StoreError) -> [Claim] {
        try await dueWork(at: now, within: slots).claims
    }

    /// When the next unclaimed duty is due; nil if never.
    public func nextDue() async throws(StoreError) -> Timestamp? {
        try await nextDue(within: .unlimited)
    }
}

/// A login and its number in the store.
public struct StoredLogin: Hashable, Sendable {
    public let number: LoginNumber
    public let login: PendingLogin
    public init(number: LoginNumber, login: PendingLogin) {
        self.number = number
        self.login = login
    }
}

/// The result of an insert.
public enum Insertion: Hashable, Sendable {
    /// The login is new; this is how it was stored.
    case inserted(StoredLogin)
    /// The key was stored before; this is the login in its current state.
    case known(StoredLogin)
}

/// The right to perform one duty of a login.
public struct Claim: Hashable, Sendable {
    /// The login as it was when it was claimed.
    public let stored: StoredLogin
    public let duty: PendingLogin.Duty
    public init(stored: StoredLogin, duty: PendingLogin.Duty) {
        self.stored = stored
        self.duty = duty
    }
}

/// Tells whoever takes a duty on what became of the claim: true once it is durable together with the
/// change that made the duty due; false if there is no claim, because the change was not made, somebody
/// works on the login already, or nobody knows.
public typealias HandOver = @Sendable (_ isClaimed: Bool) -> Void

/// Claims, and when there will be more of them.
public struct DueWork: Hashable, Sendable {
    public var claims: [Claim]
    /// When there is something to claim next, unless more slots become free; nil if never.
    public var next: Timestamp?

    public init(_ claims: [Claim], next: Timestamp?) {
        self.claims = claims
        self.next = next
    }
}

/// How many logins share a phase and an outcome.
public struct Census: Hashable, Sendable {
    public let phase: PendingLogin.PhaseName
    /// The outcome's stored name; nil while there is none.
    public let outcome: String?
    public let count: Int
    public init(phase: PendingLogin.PhaseName, outcome: String?, count: Int) {
        self.phase = phase
        self.outcome = outcome
        self.count = count
    }
}

/// A durable change of a login.
public struct LoginStep: Sendable {
    /// Nil for a login that is new.
    public let before: PendingLogin?
    public let after: StoredLogin
    /// Whether this process has a claim to the login's work: the change is that work, or was claimed
    /// together with it. The claim goes on or is released after it.
    public let isWork: Bool

    public init(before: PendingLogin?, after: StoredLogin, isWork: Bool = false) {
        self.before = before
        self.after = after
        self.isWork = isWork
    }
}

/// Why a store failed. Nothing was written.
public enum StoreError: Error, Hashable, Sendable {
    /// Another process or a backup holds the database.
    case locked
    /// The disk or a quota is full.
    case full
    /// A stored value is not one that this service writes.
    case damaged(String)
    /// Any other error of the device or the library.
    case unavailable(String)
    /// The store is closed or closing.
    case closed
}

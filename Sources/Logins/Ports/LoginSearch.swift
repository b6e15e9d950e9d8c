/// Looks logins up for operators, beside what `LoginStore` does for the service itself.
public protocol LoginSearch: Sendable {
    /// The logins that match, with numbers smaller than `before`, the newest first, at most `limit`.
    ///
    /// One call examines a bounded number of logins. Where that ends before the page is full, the
    /// answer has `next` nevertheless, and the caller may go on from there.
    func find(
        _ filter: LoginFilter,
        before: LoginNumber?,
        limit: Int
    ) async throws(StoreError) -> FoundLogins

    /// When and how logins ended since `moment`, the newest first, at most `limit`. Logins that
    /// retention has erased are left out.
    func endings(since moment: Timestamp, limit: Int) async throws(StoreError) -> [LoginEnding]
}

/// Which logins; nil for all.
public struct LoginFilter: Hashable, Sendable {
    /// The authorization server's identifier, compared by bytes as all of them.
    public var id: LoginID?
    public var user: UserID?
    public var client: ClientID?
    public var phase: PendingLogin.PhaseName?
    /// The time of arrival: not before, and not after. Times before a clock was set back may be
    /// missed.
    public var from: Timestamp?
    public var to: Timestamp?

    public init(
        id: LoginID? = nil,
        user: UserID? = nil,
        client: ClientID? = nil,
        phase: PendingLogin.PhaseName? = nil,
        from: Timestamp? = nil,
        to: Timestamp? = nil
    ) {
        self.id = id
        self.user = user
        self.client = client
        self.phase = phase
        self.from = from
        self.to = to
    }

    /// Whether a login matches.
    public func matches(_ login: PendingLogin) -> Bool {
        (id.map { $0 == login.key.login } ?? true)
            && (user.map { $0 == login.details.user } ?? true)
            && (client.map { $0 == login.details.client } ?? true)
            && (phase.map { $0 == login.phase.name } ?? true)
            && (from.map { $0 <= login.terms.receivedAt } ?? true)
            && (to.map { login.terms.receivedAt <= $0 } ?? true)
    }
}

/// A page of a search.
public struct FoundLogins: Hashable, Sendable {
    public let logins: [StoredLogin]
    /// What the next page comes `before`; nil at the end.
    public let next: LoginNumber?

    public init(logins: [StoredLogin], next: LoginNumber?) {
        self.logins = logins
        self.next = next
    }
}

/// How a login ended.
public struct LoginEnding: Hashable, Sendable {
    /// The outcome's stored name, as in `Census`.
    public let outcome: String
    public let at: Timestamp
    /// When the user decided, if the server has accepted the decision.
    public let reportedDecision: Timestamp?

    public init(outcome: String, at: Timestamp, reportedDecision: Timestamp?) {
        self.outcome = outcome
        self.at = at
        self.reportedDecision = reportedDecision
    }
}

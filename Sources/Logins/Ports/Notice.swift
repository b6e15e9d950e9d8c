/// What a channel tells a user afterwards: that a client has answered a login for them. It contains no
/// secret and no link, so whoever reads it can do nothing with it.
public struct Notice: Hashable, Sendable {
    public let key: LoginKey
    public let user: User
    /// Who asked.
    public let clientName: String?
    /// Who answered, and how.
    public let delegate: APIClientID
    public let choice: Decision.Choice
    public let decidedAt: Timestamp
    /// What the user tells whoever helps.
    public let reference: String
    /// In the user's language.
    public let title: String
    public let text: String
    /// The request that brought the login, for logs and traces.
    public let origin: PendingLogin.Origin?

    public init(
        key: LoginKey,
        user: User,
        clientName: String?,
        delegate: APIClientID,
        choice: Decision.Choice,
        decidedAt: Timestamp,
        reference: String,
        title: String,
        text: String,
        origin: PendingLogin.Origin? = nil
    ) {
        self.key = key
        self.user = user
        self.clientName = clientName
        self.delegate = delegate
        self.choice = choice
        self.decidedAt = decidedAt
        self.reference = reference
        self.title = title
        self.text = text
        self.origin = origin
    }
}

/// Durable storage of the notices that are owed. One becomes owed in the transaction that stores a
/// decision by delegation.
public protocol NoticeStore: Sendable {
    /// The notices that are due, those that have been due longest first, at most `limit`.
    func dueNotices(at now: Timestamp, limit: Int) async throws(StoreError) -> [OwedNotice]
    /// Notes an attempt: when the next one is due, or nil if nothing is owed any more.
    func noteNotice(_ login: LoginNumber, next: Timestamp?) async throws(StoreError)
}

/// A notice that is owed.
public struct OwedNotice: Hashable, Sendable {
    public let login: LoginNumber
    /// Nil if the login was deleted or cannot be read.
    public let stored: StoredLogin?
    /// Failed ones.
    public let attempts: Int

    public init(login: LoginNumber, stored: StoredLogin?, attempts: Int) {
        self.login = login
        self.stored = stored
        self.attempts = attempts
    }
}

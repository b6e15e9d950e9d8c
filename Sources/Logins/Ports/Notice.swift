/// What a channel tells a user afterwards: that a client has answered a login for them, or that
/// something suspicious has happened. It contains no secret and no link, so whoever reads it can do
/// nothing with it.
public struct Notice: Hashable, Sendable {
    /// What a message to a user is about.
    public enum Subject: Hashable, Sendable {
        case login(LoginKey)
        /// A block of the user after failed attempts, and when it began.
        case block(of: UserID, since: Timestamp)
    }

    /// What has happened.
    public enum Content: Hashable, Sendable {
        /// A client has answered a login of `client`, the application that asked.
        case decided(by: APIClientID, Decision.Choice, client: String?)
        case suspicious(Suspicion)
    }

    public let subject: Subject
    public let user: User
    public let content: Content
    /// When it happened.
    public let at: Timestamp
    /// What the user tells whoever helps; nil if it is about no login.
    public let reference: String?
    /// In the user's language.
    public let title: String
    public let text: String
    /// The request that brought the login, for logs and traces.
    public let origin: PendingLogin.Origin?

    public init(
        subject: Subject,
        user: User,
        content: Content,
        at: Timestamp,
        reference: String?,
        title: String,
        text: String,
        origin: PendingLogin.Origin? = nil
    ) {
        self.subject = subject
        self.user = user
        self.content = content
        self.at = at
        self.reference = reference
        self.title = title
        self.text = text
        self.origin = origin
    }
}

/// Why a user is told of an attempt that may not have been theirs. The raw value is that of messages
/// and metrics.
public enum Suspicion: String, Hashable, Sendable, CaseIterable {
    /// A login ended after too many wrong numbers.
    case wrongNumbers = "wrong_numbers"
    /// "This wasn't me", which blocked the client.
    case reported
    /// The user cannot approve for a while, after failed attempts in a row.
    case blocked
}

extension Outcome {
    /// What is suspicious about a login that ended so; nil if nothing is.
    public var suspicion: Suspicion? {
        switch self {
        case .failed(.wrongCodes): .wrongNumbers
        case .denied(let decision) where decision.choice == .reportAsFraud: .reported
        case .approved, .denied, .cancelled, .expired, .failed, .voided: nil
        }
    }
}

/// Durable storage of the notices that are owed. One becomes owed in the transaction that stores a
/// decision by delegation, the end of a suspicious login, or a block of a user.
public protocol NoticeStore: Sendable {
    /// The notices that are due, those that have been due longest first, at most `limit`.
    func dueNotices(at now: Timestamp, limit: Int) async throws(StoreError) -> [OwedNotice]
    /// Notes an attempt: when the next one is due, or nil if nothing is owed any more.
    func noteNotice(_ notice: OwedNotice, next: Timestamp?) async throws(StoreError)
}

/// A notice that is owed.
public struct OwedNotice: Hashable, Sendable {
    /// What it is about.
    public enum Cause: Hashable, Sendable {
        /// The login is nil if it was deleted or cannot be read.
        case login(LoginNumber, StoredLogin?)
        /// A block of the user after failed attempts.
        case block(of: UserID)
    }

    public let cause: Cause
    /// When the login ended or the block began.
    public let since: Timestamp
    /// Failed ones.
    public let attempts: Int

    public init(_ cause: Cause, since: Timestamp, attempts: Int) {
        self.cause = cause
        self.since = since
        self.attempts = attempts
    }
}

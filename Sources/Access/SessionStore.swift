public import Logins

/// Durable storage of the sessions of people, so that a restart keeps them. A call that throws has
/// written nothing.
public protocol SessionStore: Sendable {
    /// Stores a new session under the SHA-256 of its secret.
    ///
    /// In the same transaction it ends the session `replacing`, which the browser had before, and
    /// decides the role of a session of the console: an account's first person whose address is
    /// `controllerEmail` becomes and stays its administrator, everybody else is a moderator. Sessions
    /// that began long ago are deleted.
    ///
    /// - Returns: the session as it was stored.
    func begin(
        _ session: Session,
        digest: [UInt8],
        replacing: [UInt8]?,
        controllerEmail: String?
    ) async throws(StoreError) -> Session

    /// The session with this digest, if it is in force; notes the use. A use within a second of the
    /// last one is not noted.
    func use(
        _ digest: [UInt8],
        at now: Timestamp,
        within limits: SessionLimits
    ) async throws(StoreError) -> Session?

    /// The session with this digest, if it is in force. Not a use of it, so that a page which stays
    /// open does not keep its session.
    func session(
        _ digest: [UInt8],
        at now: Timestamp,
        within limits: SessionLimits
    ) async throws(StoreError) -> Session?

    /// The sessions in force, the newest first, at most `limit`.
    func sessions(
        _ filter: SessionFilter,
        at now: Timestamp,
        within limits: SessionLimits,
        limit: Int
    ) async throws(StoreError) -> [Session]

    /// Ends a session. False if there is none with that identifier that passes the filter.
    func end(_ id: String, _ filter: SessionFilter) async throws(StoreError) -> Bool

    /// Ends all sessions that pass the filter, but for one. Returns how many.
    func endAll(_ filter: SessionFilter, except: String?) async throws(StoreError) -> Int

    /// Whether a person has accepted a version of the terms.
    func hasAccepted(
        _ version: String,
        _ application: SignInApplication,
        _ person: Person
    ) async throws(StoreError) -> Bool

    /// Stores that a person accepted the terms, and notes it, in one transaction. The first time
    /// counts.
    func accept(_ acceptance: TermsAcceptance, _ event: AuditEvent) async throws(StoreError)

    /// Ends the sessions that a provider's logout is about, and notes it, in one transaction.
    ///
    /// `event` makes the entry of the audit from the number of sessions.
    ///
    /// - Returns: that number; nil, and nothing has changed, if the logout's key was used before.
    func logOut(
        _ logout: ProviderLogout,
        _ event: @escaping @Sendable (Int) -> AuditEvent
    ) async throws(StoreError) -> Int?
}

/// A logout that an identity provider announces. It counts once.
public struct ProviderLogout: Hashable, Sendable {
    public let application: SignInApplication
    public let issuer: String
    /// Whose sessions; nil if only `session` says it.
    public let subject: String?
    /// The provider's session, as `Session.providerSession` has it; nil for all of the subject.
    public let session: String?
    /// SHA-256 over what names the logout, remembered until `until`.
    public let key: [UInt8]
    public let until: Timestamp

    public init(
        application: SignInApplication,
        issuer: String,
        subject: String?,
        session: String?,
        key: [UInt8],
        until: Timestamp
    ) {
        self.application = application
        self.issuer = issuer
        self.subject = subject
        self.session = session
        self.key = key
        self.until = until
    }
}

/// Which sessions; nil for all.
public struct SessionFilter: Hashable, Sendable {
    public var application: SignInApplication
    public var person: Person?

    public init(application: SignInApplication, person: Person? = nil) {
        self.application = application
        self.person = person
    }
}

public import Logins

/// Durable storage of clients, consents to delegation, what may be used once, revoked tokens, and
/// the audit. Every store passes the same conformance suite. A call that throws has written nothing.
public protocol AccessStore: TokenFamilyStore {
    /// Makes all changes durable at once, or none of them.
    ///
    /// - Returns: nil, or why nothing was changed.
    func commit(_ changes: [AccessChange]) async throws(StoreError) -> AccessRefusal?

    /// A client and the version of its row.
    func client(_ id: APIClientID) async throws(StoreError) -> StoredClient?
    /// The clients that follow the client `after` in the order of the filter, at most `limit`.
    func clients(
        _ filter: ClientFilter,
        after: APIClientID?,
        limit: Int
    ) async throws(StoreError) -> [StoredClient]

    /// What judges a call with an access token, read at one moment.
    func standing(_ question: StandingQuestion) async throws(StoreError) -> Standing

    /// A mark of what can be read now, at once: what was read after a mark was taken is current as
    /// long as the mark is the same. A change by another process counts as soon as it is durable. Nil
    /// when that cannot be told: then read again.
    func mark() -> StoreMark?

    /// The consents of a user or a client, in the order of their identifiers, at most `limit`.
    func consents(
        _ filter: ConsentFilter,
        after: String?,
        limit: Int
    ) async throws(StoreError) -> [DelegationConsent]
    /// One consent by its identifier.
    func consent(_ id: String) async throws(StoreError) -> DelegationConsent?

    /// The logo that was uploaded, as it is served; nil if there is none.
    func logo() async throws(StoreError) -> [UInt8]?

    /// The entries of the audit with numbers greater than `after`, in their order, at most `limit`.
    func audit(after: Int64, limit: Int) async throws(StoreError) -> [AuditEntry]

    /// The same entries as they are stored, with the state of the chain at the same moment, so that
    /// `AuditVerifier` can recompute it. Nil for `after` gives all entries that there are.
    func auditPage(after: Int64?, limit: Int) async throws(StoreError) -> AuditPage
    /// Appends what `event` makes of the end of the chain, for a signature over it. Nothing comes in
    /// between. `event` must be quick: all writers wait for it.
    func sealAudit(
        _ event: @escaping @Sendable (AuditMark) -> AuditEvent?
    ) async throws(StoreError)
    /// Deletes the entries at the beginning of the audit that happened before `moment`, at most
    /// `limit`. The chain is verified from the last one that was deleted. Returns how many.
    func sweepAudit(before moment: Timestamp, limit: Int) async throws(StoreError) -> Int

    /// The answer that is stored under `StoredAnswer.key`, perhaps one whose time is over.
    func answer(_ key: [UInt8]) async throws(StoreError) -> StoredAnswer?

    /// The changes of clients that wait for a second administrator, in the order of their identifiers, at
    /// most `limit`; also those whose time is over.
    func proposals(after: String?, limit: Int) async throws(StoreError) -> [ClientProposal]
    /// One of them by its identifier.
    func proposal(_ id: String) async throws(StoreError) -> ClientProposal?

    /// Deletes what was used once and revoked, codes and families of tokens, and stored answers, when
    /// their time is over; at most `limit`. Returns how many.
    func sweepAccess(before moment: Timestamp, limit: Int) async throws(StoreError) -> Int
}

extension AccessStore {
    /// Nothing is known to be current.
    public func mark() -> StoreMark? { nil }
}

/// Tells whether what was read from a store is still current (`AccessStore.mark`).
public struct StoreMark: Hashable, Sendable {
    /// Of everything in the file: changes with each commit.
    public let commits: UInt64
    /// Of clients, consents and revoked tokens, except for when a client last got a token.
    public let standings: UInt64
    /// Of everything: changes with each commit of another process.
    public let others: UInt64

    public init(commits: UInt64, standings: UInt64, others: UInt64 = 0) {
        self.commits = commits
        self.standings = standings
        self.others = others
    }
}

/// A change of the store.
public enum AccessChange: Hashable, Sendable {
    /// Uses up something that is valid once, such as the `jti` of an assertion. `key` is the SHA-256
    /// over what names it. It is remembered until `until`. Refused as `used`.
    case use(key: [UInt8], until: Timestamp)
    /// Refused as `exists`.
    case addClient(APIClient)
    /// Replaces a client of that version. Refused as `missing` or `changed`. The kind and the time of
    /// creation of a client never change.
    case replaceClient(APIClient, version: Int64)
    /// Notes that a client got a token. Not worth a refusal.
    case noteUse(APIClientID, at: Timestamp)
    /// Refused as `exists` when one of the same user and client is in force, and as `missing` when
    /// there is no such client.
    case recordConsent(DelegationConsent)
    /// Refused as `missing`; withdrawing one again changes nothing.
    case withdrawConsent(String, at: Timestamp)
    /// Revokes an access token by its `jti`, until it has expired.
    case revokeToken(String, until: Timestamp)
    /// Refused as `exists`.
    case addCode(AuthorizationCode)
    /// Exchanges the code with this digest for a family. Refused as `missing` when there is no such
    /// code, as after the first exchange.
    case openFamily(TokenFamily, code: [UInt8])
    /// Replaces a family whose refresh token in force has the digest `from`. Refused as `missing` when
    /// it has ended, and as `changed` when another token is in force.
    case rotateFamily(TokenFamily, from: [UInt8])
    /// Ends a family, at once and for good.
    case endFamily(String)
    /// Replaces the uploaded logo; nil removes it.
    case setLogo([UInt8]?)
    /// Appends to the audit.
    case audit(AuditEvent)
    /// Stores a local user. Refused as `changed` unless the one that is stored is `over`; nil if none is.
    case putUser(User, over: User?)
    /// Removes a local user with the user's devices, passkeys and codes. Refused as `missing`, or as
    /// `changed` if another one is stored.
    case removeUser(User)
    /// Stores an answer. Refused as `used` if there is one whose time is not over.
    case answer(StoredAnswer)
    /// Stores a change of a client that has to be confirmed. Refused as `exists` while another one of the
    /// client waits, and as `missing` when there is no such client.
    case propose(ClientProposal)
    /// Ends one that was confirmed or refused. Refused as `missing`.
    case closeProposal(String)
}

/// Why a change was refused. Nothing was written.
public enum AccessRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// It was used before.
    case used
    case exists
    case missing
    /// Somebody else changed it since it was read.
    case changed

    /// Half a sentence.
    public var description: String {
        switch self {
        case .used: "it was used before"
        case .exists: "it exists already"
        case .missing: "there is no such thing"
        case .changed: "somebody else changed it"
        }
    }
}

/// A client as it is stored.
public struct StoredClient: Hashable, Sendable {
    public let client: APIClient
    /// Ascending with each change.
    public let version: Int64
    /// When it last got a token; nil for never.
    public let lastUsedAt: Timestamp?

    public init(client: APIClient, version: Int64, lastUsedAt: Timestamp?) {
        self.client = client
        self.version = version
        self.lastUsedAt = lastUsedAt
    }
}

/// Which clients are listed; nil for all.
public struct ClientFilter: Hashable, Sendable {
    public var kind: APIClient.Kind?
    public var status: APIClient.Status?
    /// Their order; equal ones by identifier.
    public var sort: ClientSort
    public var isDescending: Bool

    public init(
        kind: APIClient.Kind? = nil,
        status: APIClient.Status? = nil,
        sort: ClientSort = .id,
        isDescending: Bool = false
    ) {
        self.kind = kind
        self.status = status
        self.sort = sort
        self.isDescending = isDescending
    }
}

/// What clients are sorted by. Texts are compared by their bytes; a client that was never used comes
/// first.
public enum ClientSort: String, Hashable, Sendable, CaseIterable {
    case id = "client_id"
    case name
    case kind = "type"
    case status
    case createdAt = "created_at"
    case lastUsedAt = "last_used_at"
}

/// Which consents are listed; nil for all.
public struct ConsentFilter: Hashable, Sendable {
    public var user: UserID?
    public var client: APIClientID?

    public init(user: UserID? = nil, client: APIClientID? = nil) {
        self.user = user
        self.client = client
    }
}

/// Names what a call with an access token depends on.
public struct StandingQuestion: Hashable, Sendable {
    public let client: APIClientID
    /// `jti` of the token; nil at the token endpoint.
    public let token: String?
    /// The user that a delegated token is for.
    public let user: UserID?
    /// The family of a user's token.
    public let family: String?

    public init(client: APIClientID, token: String?, user: UserID?, family: String? = nil) {
        self.client = client
        self.token = token
        self.user = user
        self.family = family
    }
}

/// What a call with an access token depends on.
public struct Standing: Hashable, Sendable {
    /// Nil if there is no such client.
    public let client: APIClient?
    public let isTokenRevoked: Bool
    /// The consent of the user to the client that is in force.
    public let consent: DelegationConsent?
    /// Whether the family that was asked for is in force; false if none was asked for.
    public let isFamilyInForce: Bool

    public init(
        client: APIClient?,
        isTokenRevoked: Bool,
        consent: DelegationConsent?,
        isFamilyInForce: Bool = false
    ) {
        self.client = client
        self.isTokenRevoked = isTokenRevoked
        self.consent = consent
        self.isFamilyInForce = isFamilyInForce
    }
}

public import Access
public import Logins

/// Clients, consents to delegation and the audit in the same file as the logins
/// (`SQLLoginStore.access`), closed with that store.
public final class SQLAccessStore: AccessStore {
    private let file: OpenStore
    private let known = KnownClients()

    init(_ file: OpenStore) { self.file = file }

    public func mark() -> StoreMark? { file.watch?.mark() }

    public func commit(_ changes: [AccessChange]) async throws(StoreError) -> AccessRefusal? {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.apply(changes)
        }
    }

    public func client(_ id: APIClientID) async throws(StoreError) -> StoredClient? {
        try await file.readers.read { [known] (connection) throws(StoreError) in
            try connection.apiClient(id, known)
        }
    }

    public func clients(
        _ filter: ClientFilter,
        after: APIClientID?,
        limit: Int
    ) async throws(StoreError) -> [StoredClient] {
        try await file.readers.read { [known] (connection) throws(StoreError) in
            try connection.apiClients(filter, after: after, limit: limit, known)
        }
    }

    public func standing(_ question: StandingQuestion) async throws(StoreError) -> Standing {
        try await file.readers.read { [known] (connection) throws(StoreError) in
            try connection.standing(question, known)
        }
    }

    public func consents(
        _ filter: ConsentFilter,
        after: String?,
        limit: Int
    ) async throws(StoreError) -> [DelegationConsent] {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.delegationConsents(filter, after: after, limit: limit)
        }
    }

    public func consent(_ id: String) async throws(StoreError) -> DelegationConsent? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.delegationConsent(id)
        }
    }

    public func code(_ digest: [UInt8]) async throws(StoreError) -> AuthorizationCode? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.authorizationCode(digest)
        }
    }

    public func family(_ id: String) async throws(StoreError) -> TokenFamily? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.tokenFamily(id)
        }
    }

    public func logo() async throws(StoreError) -> [UInt8]? {
        try await file.readers.read { (connection) throws(StoreError) in
            let select = try connection.statement("SELECT logo FROM branding")
            defer { select.reset() }
            return try select.step() ? select.bytes(0) : nil
        }
    }

    public func audit(after: Int64, limit: Int) async throws(StoreError) -> [AuditEntry] {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.audit(after: after, limit: limit)
        }
    }

    public func auditPage(after: Int64?, limit: Int) async throws(StoreError) -> AuditPage {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.auditPage(after: after, limit: limit)
        }
    }

    public func sealAudit(
        _ event: @escaping @Sendable (AuditMark) -> AuditEvent?
    ) async throws(StoreError) {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.append(event)
        }
    }

    public func sweepAudit(
        before moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.sweepAudit(before: moment, limit: limit)
        }
    }

    public func proposals(
        after: String?,
        limit: Int
    ) async throws(StoreError) -> [ClientProposal] {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.clientProposals(after: after, limit: limit)
        }
    }

    public func proposal(_ id: String) async throws(StoreError) -> ClientProposal? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.clientProposal(id)
        }
    }

    public func answer(_ key: [UInt8]) async throws(StoreError) -> StoredAnswer? {
        try await file.readers.read { (connection) throws(StoreError) in
            try connection.storedAnswer(key)
        }
    }

    public func sweepAccess(
        before moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await file.writer.submit { (transaction) throws(StoreError) in
            try transaction.sweepAccess(before: moment, limit: limit)
        }
    }
}

public import Access
public import Logins
import Threads

/// An `AccessStore` that forgets everything, for tests of what uses one.
public final class MemoryAccessStore: AccessStore {
    private struct State {
        var clients: [APIClientID: StoredClient] = [:]
        var consents: [String: DelegationConsent] = [:]
        var used: [[UInt8]: Timestamp] = [:]
        var revoked: [String: Timestamp] = [:]
        var codes: [[UInt8]: AuthorizationCode] = [:]
        var families: [String: TokenFamily] = [:]
        var proposals: [String: ClientProposal] = [:]
        var answers: [[UInt8]: StoredAnswer] = [:]
        var logo: [UInt8]?
        var audit: [AuditEntry] = []
        /// What becomes of users when the changes are applied.
        var users: [UserID: User?] = [:]
        var failure: StoreError?
        /// How often it was changed.
        var changes: UInt64 = 0
    }

    private let state = Locked(State())
    private let users: MemoryUserStore

    /// `users` are those that changes are about.
    public init(users: MemoryUserStore = MemoryUserStore()) { self.users = users }

    /// Makes every call fail; nil ends that.
    public func fail(_ error: StoreError?) { state.withLock { $0.failure = error } }

    /// The events of the audit so far.
    public var events: [AuditEvent] { state.withLock { $0.audit.map(\.event) } }

    private func with<Value>(
        _ body: (inout State) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try state.withLock { (state) throws(StoreError) in
            if let failure = state.failure { throw failure }
            return try body(&state)
        }
    }

    /// Removes a client, which no service does.
    public func remove(_ id: APIClientID) {
        state.withLock { state in
            state.clients[id] = nil
            state.changes += 1
        }
    }

    /// Every change counts as one of everything.
    public func mark() -> StoreMark? {
        state.withLock { StoreMark(commits: $0.changes, standings: $0.changes) }
    }

    public func commit(_ changes: [AccessChange]) async throws(StoreError) -> AccessRefusal? {
        try with { (state) throws(StoreError) in
            var next = state
            for change in changes {
                if let refusal = try apply(change, &next) { return refusal }
            }
            next.changes += 1
            for (id, user) in next.users { users.set(user, id) }
            next.users = [:]
            state = next
            return nil
        }
    }

    public func logo() async throws(StoreError) -> [UInt8]? {
        try with { (state) throws(StoreError) in state.logo }
    }

    private func apply(
        _ change: AccessChange,
        _ state: inout State
    ) throws(StoreError) -> AccessRefusal? {
        switch change {
        case .use(let key, let until):
            guard state.used.updateValue(until, forKey: key) == nil else { return .used }
        case .addClient(let client):
            guard state.clients[client.id] == nil else { return .exists }
            state.clients[client.id] = StoredClient(client: client, version: 1, lastUsedAt: nil)
        case .replaceClient(let client, let version):
            guard let known = state.clients[client.id] else { return .missing }
            guard known.version == version else { return .changed }
            state.clients[client.id] = StoredClient(
                client: client,
                version: version + 1,
                lastUsedAt: known.lastUsedAt
            )
        case .noteUse(let id, let at):
            guard let known = state.clients[id] else { return nil }
            state.clients[id] = StoredClient(
                client: known.client,
                version: known.version,
                lastUsedAt: at
            )
        case .recordConsent(let consent):
            guard state.clients[consent.client] != nil else { return .missing }
            let known = state.consents.values.contains {
                $0.isInForce && $0.user == consent.user && $0.client == consent.client
            }
            guard !known, state.consents[consent.id] == nil else { return .exists }
            state.consents[consent.id] = consent
        case .withdrawConsent(let id, let at):
            guard let known = state.consents[id] else { return .missing }
            if known.isInForce { state.consents[id] = known.withdrawn(at: at) }
        case .revokeToken(let id, let until): state.revoked[id] = until
        case .addCode(let code):
            guard state.codes[code.digest] == nil else { return .exists }
            state.codes[code.digest] = code
        case .openFamily(let family, let code):
            guard state.codes[code] != nil else { return .missing }
            guard state.families[family.id] == nil else { return .exists }
            state.codes[code] = nil
            state.families[family.id] = family
        case .rotateFamily(let family, let digest):
            guard let known = state.families[family.id] else { return .missing }
            guard known.current == digest else { return .changed }
            state.families[family.id] = family
        case .endFamily(let id): state.families[id] = nil
        case .setLogo(let logo): state.logo = logo
        case .audit(let event):
            let number = Int64(state.audit.count + 1)
            let before = state.audit.last?.hash ?? AuditChain.start
            let hash = AuditChain.hash(after: before, number: number, event)
            state.audit.append(AuditEntry(number: number, event: event, hash: hash))
        case .putUser(let user, let over):
            guard try users.stored(user.id) == over else { return .changed }
            state.users[user.id] = .some(user)
        case .removeUser(let user):
            guard let stored = try users.stored(user.id) else { return .missing }
            guard stored == user else { return .changed }
            state.users[user.id] = .some(nil)
        case .propose(let proposal):
            guard state.clients[proposal.client.id] != nil else { return .missing }
            let other = state.proposals.values.first { $0.client.id == proposal.client.id }
            if let other, other.expiresAt > proposal.requestedAt { return .exists }
            if let other { state.proposals[other.id] = nil }
            state.proposals[proposal.id] = proposal
        case .closeProposal(let id):
            guard state.proposals.removeValue(forKey: id) != nil else { return .missing }
        case .answer(let answer):
            if let known = state.answers[answer.key], known.until > answer.at { return .used }
            state.answers[answer.key] = answer
        }
        return nil
    }

    public func client(_ id: APIClientID) async throws(StoreError) -> StoredClient? {
        try with { $0.clients[id] }
    }

    public func clients(
        _ filter: ClientFilter,
        after: APIClientID?,
        limit: Int
    ) async throws(StoreError) -> [StoredClient] {
        try with { state in
            let clients = state.clients.values.filter { stored in
                filter.kind.map { $0 == stored.client.kind } ?? true
                    && filter.status.map { $0 == stored.client.status } ?? true
            }
            func key(_ stored: StoredClient) -> (Int64, String, String) {
                let id = stored.client.id.value
                return switch filter.sort {
                case .id: (0, "", id)
                case .name: (0, stored.client.name, id)
                case .kind: (0, stored.client.kind.rawValue, id)
                case .status: (0, stored.client.status.rawValue, id)
                case .createdAt: (stored.client.createdAt.milliseconds, "", id)
                case .lastUsedAt: (stored.lastUsedAt?.milliseconds ?? -1, "", id)
                }
            }
            func precedes(_ one: StoredClient, _ other: StoredClient) -> Bool {
                filter.isDescending ? key(other) < key(one) : key(one) < key(other)
            }
            let last = after.flatMap { state.clients[$0] }
            let following = clients.filter { stored in
                after == nil || last.map { precedes($0, stored) } ?? false
            }
            return Array(following.sorted(by: precedes).prefix(max(0, limit)))
        }
    }

    public func standing(_ question: StandingQuestion) async throws(StoreError) -> Standing {
        try with { state in
            Standing(
                client: state.clients[question.client]?.client,
                isTokenRevoked: question.token.map { state.revoked[$0] != nil } ?? false,
                consent: question.user.flatMap { user in
                    state.consents.values.first {
                        $0.isInForce && $0.user == user && $0.client == question.client
                    }
                },
                isFamilyInForce: question.family.map { state.families[$0] != nil } ?? false
            )
        }
    }

    public func consents(
        _ filter: ConsentFilter,
        after: String?,
        limit: Int
    ) async throws(StoreError) -> [DelegationConsent] {
        try with { state in
            let consents = state.consents.values.filter { consent in
                filter.user.map { $0 == consent.user } ?? true
                    && filter.client.map { $0 == consent.client } ?? true
                    && after.map { $0 < consent.id } ?? true
            }
            return Array(consents.sorted { $0.id < $1.id }.prefix(max(0, limit)))
        }
    }

    public func consent(_ id: String) async throws(StoreError) -> DelegationConsent? {
        try with { $0.consents[id] }
    }

    public func code(_ digest: [UInt8]) async throws(StoreError) -> AuthorizationCode? {
        try with { $0.codes[digest] }
    }

    public func family(_ id: String) async throws(StoreError) -> TokenFamily? {
        try with { $0.families[id] }
    }

    public func audit(after: Int64, limit: Int) async throws(StoreError) -> [AuditEntry] {
        try with { state in
            Array(state.audit.filter { $0.number > after }.prefix(max(0, limit)))
        }
    }

    public func auditPage(after: Int64?, limit: Int) async throws(StoreError) -> AuditPage {
        try with { state in
            let entries = state.audit.filter { $0.number > after ?? 0 }
            let records = entries.prefix(max(0, limit)).map { entry in
                AuditRecord(
                    number: entry.number,
                    bytes: AuditChain.bytes(number: entry.number, entry.event),
                    hash: entry.hash
                )
            }
            return AuditPage(
                records: Array(records),
                isLast: records.count == entries.count,
                removed: .start,
                head: Self.head(of: state)
            )
        }
    }

    private static func head(of state: State) -> AuditMark {
        state.audit.last.map { AuditMark(number: $0.number, hash: $0.hash) } ?? .start
    }

    public func sealAudit(
        _ event: @escaping @Sendable (AuditMark) -> AuditEvent?
    ) async throws(StoreError) {
        try with { (state) throws(StoreError) in
            state.changes += 1
            if let event = event(Self.head(of: state)) { _ = try apply(.audit(event), &state) }
        }
    }

    /// Nothing is ever deleted.
    public func sweepAudit(before moment: Timestamp, limit: Int) async throws(StoreError) -> Int {
        0
    }

    public func proposals(
        after: String?,
        limit: Int
    ) async throws(StoreError) -> [ClientProposal] {
        try with { state in
            let found = state.proposals.values.filter { $0.id > after ?? "" }
            return Array(found.sorted { $0.id < $1.id }.prefix(max(0, limit)))
        }
    }

    public func proposal(_ id: String) async throws(StoreError) -> ClientProposal? {
        try with { $0.proposals[id] }
    }

    public func answer(_ key: [UInt8]) async throws(StoreError) -> StoredAnswer? {
        try with { $0.answers[key] }
    }

    public func sweepAccess(before moment: Timestamp, limit: Int) async throws(StoreError) -> Int {
        try with { state in
            state.changes += 1
            func count() -> Int {
                state.used.count + state.revoked.count + state.codes.count + state.families.count
                    + state.answers.count
            }
            let before = count()
            state.used = state.used.filter { $0.value >= moment }
            state.revoked = state.revoked.filter { $0.value >= moment }
            state.codes = state.codes.filter { $0.value.endsAt >= moment }
            state.families = state.families.filter { $0.value.endsAt >= moment }
            state.answers = state.answers.filter { $0.value.until >= moment }
            return before - count()
        }
    }
}

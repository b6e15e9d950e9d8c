import Cryptography
import HTTP
import JOSE
import JSON
public import Logins

/// Creates and changes clients. Every change of an administrator comes through here, so that its
/// rules and its line of the audit are in one place, and both are durable together.
public struct ClientDesk: Sendable {
    /// How long the older keys of a client stay valid when one is added.
    public static let overlap = Duration.seconds(7 * 86_400)
    /// The longest time that an administrator can choose instead.
    public static let longestOverlap = Duration.seconds(90 * 86_400)

    /// Why nothing was changed.
    public enum Refusal: Error, Hashable, Sendable {
        /// The client would break a rule.
        case problem(APIClientProblem)
        /// There is a client with that identifier.
        case exists
        case missing
        /// Somebody else changed it since the caller read it.
        case changed
        /// A revoked client stays revoked, and as it is.
        case revoked
        /// Something that is valid once was used before.
        case used
        /// Nothing was changed yet: it waits for a second administrator.
        case waits(ClientProposal)
        /// Another change of the client waits for a second administrator.
        case busy
        /// Whoever asked for a change cannot confirm or refuse it.
        case ownProposal
        /// The time to confirm the change is over.
        case expired
        case store(StoreError)
    }

    /// What becomes durable together with a change.
    public enum Done: Sendable {
        case stored(StoredClient)
        case proposed(ClientProposal)
    }

    private let store: any AccessStore
    private let needsConfirmation: Bool

    /// With `fourEyes`, a second administrator confirms new clients, new keys, and whatever else lets a
    /// client do more.
    public init(store: any AccessStore, fourEyes: Bool = false) {
        self.store = store
        needsConfirmation = fourEyes
    }

    /// A new identifier: `uc_` or `dc_`, and 160 random bits in base64url.
    public static func newID(_ kind: APIClient.Kind) -> String {
        prefix(kind) + Base64URL.encode(Random.bytes(20))
    }

    /// How generated identifiers begin.
    public static func prefix(_ kind: APIClient.Kind) -> String {
        kind == .delegated ? "dc_" : "uc_"
    }

    /// The grants of a client that names none: what its scopes are for.
    public static func defaultGrants(
        _ kind: APIClient.Kind,
        _ scopes: Set<AccessScope>
    ) -> Set<GrantType> {
        guard kind == .user else { return [.clientCredentials, .jwtBearer] }
        var grants: Set<GrantType> = []
        if scopes.contains(where: { $0.kind == .user }) {
            grants = [.authorizationCode, .refreshToken]
        }
        if grants.isEmpty || scopes.contains(where: { $0.kind == .application }) {
            grants.insert(.clientCredentials)
        }
        return grants
    }

    /// Stores a new client. `with` are changes that are durable with it.
    ///
    /// - Throws: `waits` if a second administrator has to confirm it. It is stored as pending.
    public func add(
        _ client: APIClient,
        by author: AuditAuthor,
        at now: Timestamp,
        with more: (Done) -> [AccessChange] = { _ in [] }
    ) async throws(Refusal) -> StoredClient {
        let stored = StoredClient(client: client, version: 1, lastUsedAt: nil)
        let event = author.event(
            "client.created",
            at: now,
            [
                "client": .string(client.id.value),
                "type": .string(client.kind.rawValue),
                "name": .string(client.name),
                "scope": .string(AccessScope.text(client.scopes)),
                "source_addresses": .texts(client.sourceAddresses.map(\.description)),
                "keys": .array(client.keys.map(Self.name)),
            ]
        )
        guard needsConfirmation else {
            try await commit([.addClient(client), .audit(event)] + more(.stored(stored)))
            return stored
        }
        let pending: APIClient
        do { pending = try client.with(status: .pending) } catch { throw .problem(error) }
        let proposal = proposal(.create, client, version: 1, author, now)
        let request = Self.request(proposal, author, now)
        try await commit(
            [.addClient(pending), .propose(proposal), .audit(event), .audit(request)]
                + more(.proposed(proposal))
        )
        throw .waits(proposal)
    }

    /// The client with that identifier.
    public func client(_ id: APIClientID) async throws(Refusal) -> StoredClient {
        let stored: StoredClient?
        do { stored = try await store.client(id) } catch { throw .store(error) }
        guard let stored else { throw .missing }
        return stored
    }

    /// Changes a client of the version that the caller has seen, or with nil of any. Nothing is written
    /// when `edit` returns the client as it was. `with` are changes that are durable with it.
    ///
    /// - Throws: `waits` if a second administrator has to confirm the change.
    public func change(
        _ id: APIClientID,
        version: Int64?,
        by author: AuditAuthor,
        at now: Timestamp,
        with more: (Done) -> [AccessChange] = { _ in [] },
        _ edit: (APIClient) throws(APIClientProblem) -> APIClient
    ) async throws(Refusal) -> StoredClient {
        // Without a version of the caller's, a change in between is no reason to refuse.
        var attempts = version == nil ? 5 : 1
        while true {
            attempts -= 1
            let stored = try await client(id)
            guard version == nil || version == stored.version else { throw .changed }
            let before = stored.client
            let after: APIClient
            do { after = try edit(before) } catch {
                throw before.status == .revoked ? .revoked : .problem(error)
            }
            guard after != before else { return stored }
            guard before.status != .revoked else { throw .revoked }
            if needsConfirmation, after.isWider(than: before) {
                let proposal = proposal(.change, after, version: stored.version, author, now)
                let request = Self.request(proposal, author, now)
                do {
                    try await commit(
                        [.propose(proposal), .audit(request)] + more(.proposed(proposal))
                    )
                } catch { throw error == .exists ? .busy : error }
                throw .waits(proposal)
            }
            let events = Self.events(before, after, author, now)
            let changes: [AccessChange] =
                [.replaceClient(after, version: stored.version)] + events.map { .audit($0) }
            let next = StoredClient(
                client: after,
                version: stored.version + 1,
                lastUsedAt: stored.lastUsedAt
            )
            do {
                try await commit(changes + more(.stored(next)))
                return next
            } catch {
                guard error == .changed, attempts > 0 else { throw error }
            }
        }
    }

    // MARK: Four eyes

    private func proposal(
        _ kind: ClientProposal.Kind,
        _ client: APIClient,
        version: Int64,
        _ author: AuditAuthor,
        _ now: Timestamp
    ) -> ClientProposal {
        ClientProposal(
            id: "cc_" + Base64URL.encode(Random.bytes(20)),
            kind: kind,
            client: client,
            version: version,
            author: author.principal,
            requestedAt: now,
            expiresAt: now + ClientProposal.life
        )
    }

    private static func request(
        _ proposal: ClientProposal,
        _ author: AuditAuthor,
        _ now: Timestamp
    ) -> AuditEvent {
        author.event("client.change_requested", at: now, about(proposal))
    }

    private static func about(
        _ proposal: ClientProposal
    ) -> KeyValuePairs<String, JSONValue?> {
        [
            "change": .string(proposal.id), "kind": .string(proposal.kind.rawValue),
            "client": .string(proposal.client.id.value),
        ]
    }

    /// The change that waits, for a decision of somebody else than who asked for it.
    private func open(
        _ id: String,
        _ author: AuditAuthor,
        _ now: Timestamp
    ) async throws(Refusal) -> (ClientProposal, StoredClient) {
        let found: ClientProposal?
        do { found = try await store.proposal(id) } catch { throw .store(error) }
        guard let found else { throw .missing }
        guard found.expiresAt > now else { throw .expired }
        guard found.author != author.principal else { throw .ownProposal }
        return (found, try await client(found.client.id))
    }

    /// Makes a change that waits. `author` is another administrator than who asked for it.
    ///
    /// - Throws: `changed` if the client is not what it was when the change was asked for.
    public func confirm(
        _ id: String,
        by author: AuditAuthor,
        at now: Timestamp,
        with more: (StoredClient) -> [AccessChange] = { _ in [] }
    ) async throws(Refusal) -> StoredClient {
        let (proposal, before) = try await open(id, author, now)
        let author = author.confirming(proposal)
        let event = author.event("client.change_confirmed", at: now, Self.about(proposal))
        let events = [event] + Self.events(before.client, proposal.client, author, now)
        let next = StoredClient(
            client: proposal.client,
            version: proposal.version + 1,
            lastUsedAt: before.lastUsedAt
        )
        try await commit(
            [
                .replaceClient(proposal.client, version: proposal.version),
                .closeProposal(proposal.id),
            ] + events.map { .audit($0) } + more(next)
        )
        return next
    }

    /// Refuses a change that waits; a client that waited to be created is revoked. `author` is another
    /// administrator than who asked for it.
    public func refuse(
        _ id: String,
        by author: AuditAuthor,
        at now: Timestamp,
        with more: [AccessChange] = []
    ) async throws(Refusal) -> ClientProposal {
        let (proposal, before) = try await open(id, author, now)
        let author = author.confirming(proposal)
        let event = author.event("client.change_refused", at: now, Self.about(proposal))
        var changes: [AccessChange] = [.closeProposal(proposal.id), .audit(event)]
        if before.client.status == .pending {
            let revoked: APIClient
            do { revoked = try before.client.revoked() } catch { throw .problem(error) }
            changes.append(.replaceClient(revoked, version: before.version))
            changes += Self.events(before.client, revoked, author, now).map { .audit($0) }
        }
        try await commit(changes + more)
        return proposal
    }

    private func commit(_ changes: [AccessChange]) async throws(Refusal) {
        let refusal: AccessRefusal?
        do { refusal = try await store.commit(changes) } catch { throw .store(error) }
        switch refusal {
        case nil: return
        case .used: throw .used
        case .exists: throw .exists
        case .missing: throw .missing
        case .changed: throw .changed
        }
    }

    // MARK: What the audit says

    private static func name(_ key: APIClientKey) -> JSONValue {
        .members(["kid": .string(key.id), "thumbprint": .string(key.thumbprint)])
    }

    /// One event for each kind of difference.
    private static func events(
        _ before: APIClient,
        _ after: APIClient,
        _ author: AuditAuthor,
        _ now: Timestamp
    ) -> [AuditEvent] {
        var events: [AuditEvent] = []
        let id = JSONValue.string(after.id.value)
        if before.status != after.status {
            let kind =
                switch after.status {
                case .active: before.status == .pending ? "client.confirmed" : "client.resumed"
                case .suspended: "client.suspended"
                case .revoked: "client.revoked"
                case .pending: "client.pending"
                }
            events.append(author.event(kind, at: now, ["client": id]))
        }
        for key in after.keys where !before.keys.contains(where: { $0.id == key.id }) {
            let ending = after.keys.filter { $0.notAfter != nil }.map(\.id)
            events.append(
                author.event(
                    "client.key_added",
                    at: now,
                    ["client": id, "key": name(key), "ending": .texts(ending)]
                )
            )
        }
        for key in before.keys where !after.keys.contains(where: { $0.id == key.id }) {
            events.append(
                author.event("client.key_removed", at: now, ["client": id, "key": name(key)])
            )
        }
        let changed = differences(before, after)
        if !changed.isEmpty {
            events.append(
                author.event(
                    "client.changed",
                    at: now,
                    ["client": id, "changes": .object(JSONObject(changed))]
                )
            )
        }
        return events
    }

    /// The new values of the other members; of a secret only that it is new.
    private static func differences(
        _ before: APIClient,
        _ after: APIClient
    ) -> [JSONObject.Member] {
        let own = ["status", "keys"]
        let (old, new) = (before.document.object, after.document.object)
        let changed: [JSONObject.Member] = (new?.members ?? []).compactMap { member in
            guard !own.contains(member.name), old?[member.name] != member.value else { return nil }
            return member.name == "secret_hash"
                ? JSONObject.Member(name: "secret", value: .string("replaced")) : member
        }
        let removed = (old?.members ?? []).filter { new?[$0.name] == nil && $0.name != "keys" }
        return changed
            + removed.map { member in
                JSONObject.Member(
                    name: member.name == "secret_hash" ? "secret" : member.name,
                    value: .null
                )
            }
    }
}

/// The changes that administrators make.
extension APIClient {
    /// With one more key. Those that it had end after the overlap, or earlier if they would anyway.
    ///
    /// - Throws: `APIClientProblem` if there is a key with that name.
    public func adding(
        _ key: APIClientKey,
        overlap: Duration,
        at now: Timestamp
    ) throws(APIClientProblem) -> APIClient {
        let end = now + overlap
        var kept: [APIClientKey] = []
        // One that has ended is no longer of use.
        for old in keys where old.isValid(at: now) {
            kept.append(try old.ending(at: min(old.notAfter ?? end, end)))
        }
        return try with(keys: kept + [key])
    }

    /// Without a key; nil if it has no such key.
    ///
    /// - Throws: `APIClientProblem` if it needs the key.
    public func removing(key id: String) throws(APIClientProblem) -> APIClient? {
        guard keys.contains(where: { $0.id == id }) else { return nil }
        return try with(keys: keys.filter { $0.id != id })
    }

    /// Suspended or active; a client that is neither cannot become so.
    ///
    /// - Throws: `APIClientProblem`.
    public func suspended(_ isSuspended: Bool) throws(APIClientProblem) -> APIClient {
        guard status == .active || status == .suspended else {
            throw APIClientProblem(
                member: "status",
                rule: "must not change from \(status.rawValue)"
            )
        }
        return try with(status: isSuspended ? .suspended : .active)
    }

    /// Revoked, for good.
    public func revoked() throws(APIClientProblem) -> APIClient { try with(status: .revoked) }
}

extension APIClientKey {
    fileprivate func ending(at moment: Timestamp) throws(APIClientProblem) -> APIClientKey {
        try APIClientKey(id: id, key: key, addedAt: addedAt, notAfter: moment)
    }
}

extension ClientDesk.Refusal: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .problem(let problem): "\(problem)"
        case .exists: "there is a client with that identifier"
        case .missing: "there is no such client"
        case .changed: "the client was changed in the meantime"
        case .revoked: "the client is revoked, which is final"
        case .used: "the request was made before"
        case .waits(let proposal): "change \(proposal.id) waits for a second administrator"
        case .busy: "another change of the client waits for a second administrator"
        case .ownProposal: "another administrator than who asked for the change must decide it"
        case .expired: "the time to confirm the change is over"
        case .store(let error): "\(error)"
        }
    }
}

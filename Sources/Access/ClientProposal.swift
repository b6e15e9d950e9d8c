import HTTP
import JOSE
public import JSON
public import Logins

/// A change of a client that waits for a second administrator.
public struct ClientProposal: Hashable, Sendable {
    /// How long it can be confirmed.
    public static let life = Duration.seconds(7 * 86_400)

    /// What the change does.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The client was created, and is not active before it is confirmed.
        case create
        /// The client gets a key, a way to authenticate, or more that it may do.
        case change
    }

    /// 160 random bits in base64url, after `cc_`.
    public let id: String
    public let kind: Kind
    /// The client as it will be.
    public let client: APIClient
    /// The version that it replaces: a client that was changed since is not replaced.
    public let version: Int64
    /// Who asked for it (`AuditAuthor.principal`).
    public let author: String
    public let requestedAt: Timestamp
    public let expiresAt: Timestamp

    public init(
        id: String,
        kind: Kind,
        client: APIClient,
        version: Int64,
        author: String,
        requestedAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.client = client
        self.version = version
        self.author = author
        self.requestedAt = requestedAt
        self.expiresAt = expiresAt
    }

    /// As administrators see it, without key material and secrets.
    public var view: JSONValue {
        let stored = StoredClient(client: client, version: version, lastUsedAt: nil)
        return .members([
            "id": .string(id),
            "kind": .string(kind.rawValue),
            "client_id": .string(client.id.value),
            "requested_by": .string(author),
            "requested_at": .string(StoredClient.text(requestedAt)),
            "expires_at": .string(StoredClient.text(expiresAt)),
            "client": stored.view,
        ])
    }
}

extension APIClient {
    /// Whether the client could do more than before, or prove itself in another way.
    func isWider(than before: APIClient) -> Bool {
        let newKeys = keys.contains { key in
            !before.keys.contains { old in
                old.id == key.id && old.key == key.key
                    && (key.notAfter.map { new in old.notAfter.map { new <= $0 } ?? true }
                        ?? (old.notAfter == nil))
            }
        }
        return newKeys || authentication != before.authentication
            || !scopes.isSubset(of: before.scopes) || !grants.isSubset(of: before.grants)
            || !Set(redirectURIs).isSubset(of: before.redirectURIs)
            || usesProofKey != before.usesProofKey || isFirstParty && !before.isFirstParty
            || hasMoreAddresses(than: before)
    }

    private func hasMoreAddresses(than before: APIClient) -> Bool {
        // Without ranges, a delegated client can call from nowhere, any other from everywhere.
        switch (kind, sourceAddresses.isEmpty, before.sourceAddresses.isEmpty) {
        case (.user, _, true), (.delegated, true, _): return false
        case (.user, true, false): return true
        case (.user, false, false), (.delegated, false, _):
            return !sourceAddresses.allSatisfy { range in
                before.sourceAddresses.contains { $0.contains(range) }
            }
        }
    }
}

import HTTP
public import JSON
import Logins

/// A client as administrators see it: no key material beyond thumbprints, no secrets.
extension StoredClient {
    /// The row of a list.
    public var row: JSONValue {
        .members([
            "client_id": .string(client.id.value),
            "name": .string(client.name),
            "type": .string(client.kind.rawValue),
            "status": .string(client.status.rawValue),
            "created_at": .string(Self.text(client.createdAt)),
            "keys": .array(client.keys.map(Self.view)),
            "source_addresses": .texts(client.sourceAddresses.map(\.description)),
            "last_used_at": lastUsedAt.map { .string(Self.text($0)) } ?? .null,
        ])
    }

    /// Everything.
    public var view: JSONValue {
        let more = JSONValue.members([
            "token_endpoint_auth_method": .string(client.authentication.name),
            "certificate": client.authentication.certificateName,
            "grants": .texts(GrantType.allCases.filter(client.grants.contains).map(\.rawValue)),
            "scope": .string(AccessScope.text(client.scopes)),
            "redirect_uris": .texts(client.redirectURIs),
            "dpop_bound_access_tokens": .bool(client.usesProofKey),
            "first_party": .bool(client.isFirstParty),
        ])
        return .object(JSONObject((row.object?.members ?? []) + (more.object?.members ?? [])))
    }

    private static func view(_ key: APIClientKey) -> JSONValue {
        .members([
            "kid": .string(key.id),
            "kty": .string(key.type),
            "bits": .integer(key.bits),
            "thumbprint": .string(key.thumbprint),
            "not_after": key.notAfter.map { .string(text($0)) } ?? .null,
        ])
    }

    static func text(_ moment: Timestamp) -> String {
        RFC3339.format(milliseconds: moment.milliseconds)
    }
}

import Cryptography
import HTTP
import JOSE
public import JSON
import Logins
import Texts

/// A client as a JSON object: the document that is stored, and the base of what the admin API shows.
extension APIClient {
    /// Everything, also the hash of a secret.
    public var document: JSONValue {
        .members([
            "client_id": .string(id.value),
            "type": .string(kind.rawValue),
            "name": .string(name),
            "status": .string(status.rawValue),
            "created_at": .integer(createdAt.milliseconds),
            "token_endpoint_auth_method": .string(authentication.name),
            "certificate": authentication.certificateName,
            "secret_hash": .text(authentication.secret?.hash.text),
            "keys": keys.isEmpty ? nil : .array(keys.map(\.document)),
            "grants": .texts(GrantType.allCases.filter(grants.contains).map(\.rawValue)),
            "scope": .string(AccessScope.text(scopes)),
            "source_addresses": .texts(sourceAddresses.map(\.description)),
            "redirect_uris": redirectURIs.isEmpty ? nil : .texts(redirectURIs),
            "dpop_bound_access_tokens": usesProofKey ? .bool(true) : nil,
            "first_party": isFirstParty ? .bool(true) : nil,
        ])
    }

    /// Reads a document.
    ///
    /// - Throws: `APIClientProblem` with the first member that is missing or breaks a rule.
    public init(document: JSONValue) throws(APIClientProblem) {
        func text(_ name: String) throws(APIClientProblem) -> String {
            guard let text = document[name]?.string else {
                throw APIClientProblem(member: name, rule: "must be a text")
            }
            return text
        }
        func texts(_ name: String) throws(APIClientProblem) -> [String] {
            guard let value = document[name] else { return [] }
            guard let texts = value.strings else {
                throw APIClientProblem(member: name, rule: "must be a list of texts")
            }
            return texts
        }
        func flag(_ name: String) throws(APIClientProblem) -> Bool {
            switch document[name] {
            case nil: return false
            case .bool(let flag): return flag
            default: throw APIClientProblem(member: name, rule: "must be true or false")
            }
        }
        func choice<Value: RawRepresentable<String> & CaseIterable>(
            _ name: String,
            _ text: String
        ) throws(APIClientProblem) -> Value {
            guard let value = Value(exactly: text) else {
                let names = Value.allCases.map { $0.rawValue }.joined(separator: ", ")
                throw APIClientProblem(member: name, rule: "must be one of \(names)")
            }
            return value
        }
        guard let id = APIClientID(try text("client_id")) else {
            throw APIClientProblem(member: "client_id", rule: "must have 1 to 512 characters")
        }
        guard let createdAt = document["created_at"]?.integer else {
            throw APIClientProblem(member: "created_at", rule: "must be a number")
        }
        var grants: Set<GrantType> = []
        for name in try texts("grants") { grants.insert(try choice("grants", name)) }
        guard let scopes = AccessScope.list(try text("scope")) else {
            let names = AccessScope.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIClientProblem(member: "scope", rule: "must be a list of \(names)")
        }
        var ranges: [AddressRange] = []
        for text in try texts("source_addresses") {
            guard let range = AddressRange(text) else {
                throw APIClientProblem(
                    member: "source_addresses",
                    rule: "must be addresses and ranges such as 203.0.113.0/28"
                )
            }
            ranges.append(range)
        }
        var keys: [APIClientKey] = []
        if let value = document["keys"] {
            guard let values = value.array else {
                throw APIClientProblem(member: "keys", rule: "must be a list")
            }
            for value in values { keys.append(try APIClientKey(document: value)) }
        }
        try self.init(
            id: id,
            kind: try choice("type", try text("type")),
            name: try text("name"),
            status: try choice("status", try text("status")),
            createdAt: Timestamp(milliseconds: Int64(createdAt)),
            authentication: try APIClientAuthentication(document: document),
            keys: keys,
            grants: grants,
            scopes: scopes,
            sourceAddresses: ranges,
            redirectURIs: try texts("redirect_uris"),
            usesProofKey: try flag("dpop_bound_access_tokens"),
            isFirstParty: try flag("first_party")
        )
    }
}

extension APIClientAuthentication {
    var certificateName: JSONValue? {
        guard case .tlsClientAuth(let name) = self else { return nil }
        return .members([name.key: .string(name.text)])
    }

    /// The secret's hash, if there is one.
    public var secret: ClientSecret? {
        switch self {
        case .secretBasic(let secret), .secretPost(let secret): secret
        case .privateKeyJWT, .tlsClientAuth, .selfSignedTLSClientAuth: nil
        }
    }

    /// Reads `token_endpoint_auth_method` and what belongs to it.
    ///
    /// - Throws: `APIClientProblem`.
    public init(document: JSONValue) throws(APIClientProblem) {
        let member = "token_endpoint_auth_method"
        func secret() throws(APIClientProblem) -> ClientSecret {
            guard let hash = document["secret_hash"]?.string.flatMap(SecretHash.init) else {
                throw APIClientProblem(
                    member: "secret_hash",
                    rule: "must be a hash made by beckon hash-secret"
                )
            }
            return ClientSecret(allowed: hash)
        }
        switch document[member]?.string {
        case "private_key_jwt": self = .privateKeyJWT
        case "self_signed_tls_client_auth": self = .selfSignedTLSClientAuth
        case "tls_client_auth":
            // Exactly one field (RFC 8705 §2.1.2).
            guard let members = document["certificate"]?.object?.members, members.count == 1,
                let value = members[0].value.string,
                let name = CertificateName(key: members[0].name, value)
            else {
                throw APIClientProblem(
                    member: "certificate",
                    rule: "must have exactly one of \(CertificateName.keys.joined(separator: ", "))"
                )
            }
            self = .tlsClientAuth(name)
        case "client_secret_basic": self = .secretBasic(try secret())
        case "client_secret_post": self = .secretPost(try secret())
        default:
            throw APIClientProblem(
                member: member,
                rule: "must be one of \(Self.names.joined(separator: ", "))"
            )
        }
    }
}

extension APIClientKey {
    fileprivate var document: JSONValue {
        .members([
            "kid": .string(id),
            "jwk": key.jwk,
            "added_at": .integer(addedAt.milliseconds),
            "not_after": notAfter.map { .integer($0.milliseconds) },
        ])
    }

    fileprivate init(document: JSONValue) throws(APIClientProblem) {
        guard let id = document["kid"]?.string, let addedAt = document["added_at"]?.integer,
            let jwk = document["jwk"]
        else { throw APIClientProblem(member: "keys", rule: "must have kid, jwk and added_at") }
        let key: VerificationKey
        do { key = try JWK(jwk).verificationKey() } catch {
            throw APIClientProblem(member: "keys", rule: "must be usable: \(error)")
        }
        try self.init(
            id: id,
            key: key,
            addedAt: Timestamp(milliseconds: Int64(addedAt)),
            notAfter: document["not_after"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
        )
    }
}

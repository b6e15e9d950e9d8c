import AuthorizationServers
import Configuration
public import Cryptography
public import HTTP
public import Logins

/// What an authorization server sends us and how it authenticates (`Contract.md`, section 1).
public struct InboundSettings: Sendable {
    /// A user name and the hash of its password.
    public struct BasicCredential: Hashable, Sendable {
        /// Without a colon (RFC 7617 §2).
        public var user: String
        /// Of the password.
        public var passwordHash: SecretHash
    }

    /// A key in a header of the operator's naming.
    public struct APIKey: Hashable, Sendable {
        /// The field's name.
        public var name: String
        /// Several during rotation.
        public var hashes: [SecretHash]
    }

    /// How bodies are read [DE-1 to DE-11].
    public enum Decoding: String, CaseIterable, Sendable {
        case lenient, strict
    }

    /// Before `/user/verify` and `/authentication/start`; empty or `/…` without a slash at its end.
    public var basePath: String
    /// Any of these is accepted.
    public var basic: [BasicCredential]
    /// Accepted instead of Basic; nil accepts none.
    public var apiKey: APIKey?
    /// The workspaces whose logins are accepted; empty accepts any. With the tenants they tell
    /// apart servers that call with one credential.
    public var workspaces: [WorkspaceID]
    /// Peers from elsewhere are answered 403; empty allows every address.
    public var allow: [AddressRange]
    /// Whether a peer must also have proved a certificate.
    public var requiresClientCertificate: Bool
    /// Default `lenient`.
    public var decoding: Decoding
    /// Whether a start without `login_state` is refused. Default false.
    public var requiresLoginState: Bool
    /// The lifetime of a login without `expires_at`. Default 120 s.
    public var defaultTTL: Duration

    init(_ section: Section) {
        basePath = Self.basePath(section)
        basic = Self.basic(section)
        let key = section.group(
            "api_key",
            "The server sends a key in a header instead of Basic credentials."
        )
        apiKey = Self.apiKey(key)
        workspaces = section.texts(
            "workspaces",
            example: ["retail"],
            "The workspaces (server_id) whose logins are accepted. By default all of them."
        ).compactMap { text in
            let workspace = WorkspaceID(text)
            if workspace == nil { section.problem("workspaces", "contains an invalid name") }
            return workspace
        }
        allow = section.addressRanges(
            "allow",
            example: ["10.20.0.0/16", "2001:db8:20::/48"],
            "Addresses that the server may call from; others are answered 403. By default all."
        )
        requiresClientCertificate = section.flag(
            "require_client_certificate",
            default: false,
            "Also require a client certificate, see listen.tls."
        )
        decoding = section.choice(
            "decoding",
            default: .lenient,
            "lenient accepts what every known version sends, strict only what is documented."
        )
        requiresLoginState = section.flag(
            "require_login_state",
            default: false,
            "Refuse a start without login_state."
        )
        defaultTTL = section.duration(
            "default_ttl",
            default: .seconds(120),
            .seconds(15)...(.seconds(3600)),
            "The lifetime of a login whose start has no expires_at."
        )
        // [IN-6]: an empty configuration must not accept everybody.
        if section.isPresent, !section.has("basic"), !key.isPresent {
            section.problem("basic", "is missing: the server authenticates by basic or api_key")
        }
        section.end()
    }

    private static func basePath(_ section: Section) -> String {
        let node = section.node(
            "base_path",
            default: "\"\"",
            example: "\"/acp\"",
            "The path before /user/verify and /authentication/start."
        )
        guard let node, node.value != .string("") else { return "" }
        guard case .string(let path) = node.value else {
            section.problem("base_path", "must be a text, not \(node.kind)")
            return ""
        }
        let isPlain = path.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"?#%{}\\\"<>".utf8.contains(byte)
        }
        guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.contains("//"), isPlain else {
            section.problem(
                "base_path",
                "must be empty, or begin with a slash and not end with one, as /acp/retail"
            )
            return ""
        }
        return path
    }

    private static func basic(_ section: Section) -> [BasicCredential] {
        let groups = section.groups(
            "basic",
            """
            Basic credentials of the server. Any of them is accepted, so that they can be rotated. \
            Either basic or api_key is required.
            """
        )
        if section.has("basic"), groups.isEmpty {
            section.problem("basic", "must not be empty")
        }
        return groups.compactMap { group in
            let user = group.requiredText("user", example: "acp", "The user name.")
            if user.contains(":") { group.problem("user", "must not contain a colon") }
            let hash = group.secretHash(
                "password_hash",
                example: "\"\(exampleHash)\"",
                required: true,
                "The password's hash, made by `beckon hash-secret`; or { file: … } or { env: … }."
            )
            group.end()
            return hash.map { BasicCredential(user: user, passwordHash: $0) }
        }
    }

    private static let exampleHash =
        "sha256:AAECAwQFBgcICQoLDA0ODw:PT7NB1B2A4OlzWox1NgpSt0YKawNe-BkcIP3OEfdMl4"

    private static func apiKey(_ section: Section) -> APIKey? {
        let name = section.requiredText("name", example: "X-API-Key", "The header's name.")
        let hashes = section.secretHashes(
            "value_hashes",
            example: "[{ env: \"ACP_API_KEY_HASH\" }]",
            required: true,
            "Hashes of keys, made by `beckon hash-secret`. Any of them is accepted."
        )
        section.end()
        guard section.isPresent else { return nil }
        if section.isEmptyList("value_hashes") {
            section.problem("value_hashes", "must not be empty")
        }
        let isToken = name.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
        if !isToken { section.problem("name", "must be the name of a header field") }
        return APIKey(name: name, hashes: hashes)
    }
}

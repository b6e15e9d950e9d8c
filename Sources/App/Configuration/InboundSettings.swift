public import Cryptography
public import HTTP
public import Logins

/// What an authorization server sends us and how it proves itself (`cloudentity.md` 1).
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
        /// Several while one replaces another.
        public var hashes: [SecretHash]
    }

    /// How bodies are read (`cloudentity.md` 1.4).
    public enum Decoding: String, CaseIterable, Sendable {
        case lenient, strict
    }

    /// What happens to a login that is delivered again with other content.
    public enum StartConflict: String, CaseIterable, Sendable {
        case keepFirst = "keep_first"
    }

    /// Before `/user/verify` and `/authentication/start`; empty or `/…` without a slash at its end.
    public var basePath: String
    /// Any of these is taken.
    public var basic: [BasicCredential]
    /// Taken instead of Basic; nil takes none.
    public var apiKey: APIKey?
    /// The workspaces whose logins are taken; empty takes any. With the tenants they tell apart
    /// servers that call with one credential.
    public var workspaces: [WorkspaceID]
    /// Peers from elsewhere are answered 403; empty allows every address.
    public var allow: [AddressRange]
    /// Whether a peer must also have proved a certificate.
    public var requiresClientCertificate: Bool
    /// Default `lenient`.
    public var decoding: Decoding
    /// Whether a start without `login_state` is refused. Default false.
    public var requiresLoginState: Bool
    /// Default `keep_first`.
    public var startConflict: StartConflict
    /// The lifetime of a login that says none. Default 120 s.
    public var defaultTTL: Duration

    init(_ section: Section) {
        basePath = Self.basePath(section)
        basic = Self.basic(section)
        let key = section.group("api_key")
        apiKey = Self.apiKey(key)
        workspaces = section.texts("workspaces").compactMap { text in
            let workspace = WorkspaceID(text)
            if workspace == nil { section.problem("workspaces", "holds a name that is not one") }
            return workspace
        }
        allow = section.addressRanges("allow")
        requiresClientCertificate = section.flag("require_client_certificate", default: false)
        decoding = section.choice("decoding", default: .lenient)
        requiresLoginState = section.flag("require_login_state", default: false)
        startConflict = section.choice("start_conflict", default: .keepFirst)
        defaultTTL = section.duration(
            "default_ttl",
            default: .seconds(120),
            .seconds(15)...(.seconds(3600))
        )
        // `cloudentity.md` IN-6: no empty configuration that lets everybody in.
        if section.isPresent, !section.has("basic"), !key.isPresent {
            section.problem("basic", "is missing: the server proves itself by basic or api_key")
        }
        section.end()
    }

    private static func basePath(_ section: Section) -> String {
        guard section.has("base_path"), let node = section.node("base_path") else {
            _ = section.node("base_path")
            return ""
        }
        if case .string("") = node.value { return "" }
        guard let path = section.text("base_path") else { return "" }
        let isPlain = path.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"?#%{}\\\"<>".utf8.contains(byte)
        }
        guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.contains("//"), isPlain else {
            section.problem(
                "base_path",
                "must be empty or begin with a slash and not end with one, as /acp/retail"
            )
            return ""
        }
        return path
    }

    private static func basic(_ section: Section) -> [BasicCredential] {
        let groups = section.groups("basic")
        if section.has("basic"), groups.isEmpty {
            section.problem("basic", "must not be empty")
        }
        return groups.compactMap { group in
            let user = group.requiredText("user")
            if user.contains(":") { group.problem("user", "must not hold a colon") }
            let hash = group.secretHash("password_hash")
            if !group.has("password_hash") { group.missing("password_hash") }
            group.end()
            return hash.map { BasicCredential(user: user, passwordHash: $0) }
        }
    }

    private static func apiKey(_ section: Section) -> APIKey? {
        let name = section.text("name") ?? ""
        if let place = section.text("in"), place != "header" {
            section.problem("in", "must be \"header\": a key in a query ends up in logs")
        }
        let hashes = section.secretHashes("value_hashes")
        section.end()
        guard section.isPresent else { return nil }
        if !section.has("name") { section.missing("name") }
        if !section.has("value_hashes") {
            section.missing("value_hashes")
        } else if section.isEmptyList("value_hashes") {
            section.problem("value_hashes", "must not be empty")
        }
        let isToken = name.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
        if !isToken { section.problem("name", "must be the name of a header field") }
        return APIKey(name: name, hashes: hashes)
    }
}

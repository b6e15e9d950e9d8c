import Configuration
import Logins

extension CloudentityInbound {
    /// Reads the group `inbound`.
    init(_ server: AuthorizationServerID, _ section: Section) {
        self.init(
            server: server,
            basePath: Self.basePath(section),
            peers: InboundGuard(section),
            decoding: section.choice(
                "decoding",
                default: .lenient,
                "lenient accepts what every known version sends, strict only what is documented."
            ),
            requiresLoginState: section.flag(
                "require_login_state",
                default: false,
                "Refuse requests to /authentication/start without login_state."
            ),
            allowedWorkspaces: Self.workspaces(section)
        )
        timing.defaultLifetime = section.duration(
            "default_ttl",
            default: .seconds(120),
            .seconds(15)...(.seconds(3600)),
            "The lifetime of a login whose start has no expires_at."
        )
        requestContext = RequestContextRule.read(section)
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
        guard !Section.hasDotSegments(path) else {
            section.problem("base_path", "must not contain a segment . or ..")
            return ""
        }
        let pasted = ["/user/verify", "/authentication/start"]
        if let route = pasted.first(where: { "\(path)/".lowercased().contains($0 + "/") }) {
            section.problem(
                "base_path",
                "must be the path before \(route), which Beckon adds by itself"
            )
            return ""
        }
        return path
    }

    private static func workspaces(_ section: Section) -> Set<WorkspaceID> {
        let workspaces = section.texts(
            "workspaces",
            example: ["retail"],
            "The workspaces (server_id) whose logins are accepted. By default all of them."
        ).compactMap { text in
            let workspace = WorkspaceID(text)
            if workspace == nil { section.problem("workspaces", "contains an invalid name") }
            return workspace
        }
        return Set(workspaces)
    }
}

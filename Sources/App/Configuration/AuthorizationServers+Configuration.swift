import AuthorizationServers
import Configuration
import Logins

extension AuthorizationServerKind {
    /// Every kind of authorization server that Beckon supports.
    static let all: [AuthorizationServerKind] = [
        .cloudentity
    ]

    /// Reads every server of the file, and returns them by kind.
    static func read(_ root: Section, requestsCertificates: Bool) -> [any ConfiguredServers] {
        let sections = root.groups(
            "authorization_servers",
            kinds: all.map(\.name),
            """
            The authorization servers that send logins and receive their outcomes; at least one. \
            Each has its own queues, so that one that fails does not delay the others. Servers may \
            share a base_path if their credentials differ, or if a credential is shared and their \
            tenants or workspaces differ. /user/verify names neither: servers that share a \
            credential share their users.
            """
        )
        if sections.isEmpty {
            root.problem("authorization_servers", "must name at least one server")
        }
        var paths: [AuthorizationServerID: String] = [:]
        var byKind: [String: [ServerSection]] = [:]
        for section in sections {
            let text = section.requiredText(
                "id",
                example: "acp",
                "Your name for the server. It is part of each login's identity: never change it."
            )
            let kind = section.kind(
                among: all.map { (key: $0.name, value: $0) },
                default: all.first?.name,
                "The kind of server."
            )
            let id = AuthorizationServerID(text)
            if let id, let path = paths.updateValue(section.path, forKey: id) {
                section.problem("id", "is already used by \(path)")
            }
            // The other keys are read even if the name is invalid, to find every problem.
            guard let kind, let id = id ?? AuthorizationServerID("invalid") else { continue }
            byKind[kind.name, default: []].append(
                ServerSection(
                    id: id,
                    section: section,
                    requestsCertificates: requestsCertificates
                )
            )
        }
        return all.compactMap { kind in byKind[kind.name].map(kind.read) }
    }
}

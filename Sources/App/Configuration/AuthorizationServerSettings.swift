import Configuration
public import Logins

/// An authorization server that calls us and that we report to.
public struct AuthorizationServerSettings: Sendable {
    /// The kinds of server there are adapters for.
    public enum Kind: String, CaseIterable, Sendable {
        case cloudentity
    }

    /// The operator's name for it; part of each login's key, so it must never change.
    public var id: AuthorizationServerID
    /// Whose wire contract it speaks.
    public var kind: Kind
    /// What it sends us.
    public var inbound: InboundSettings
    /// How we report to it.
    public var outbound: OutboundSettings

    /// Every server of the file, with what must be unique among them checked.
    static func all(
        _ root: Section,
        clientCertificates: TLSListenSettings.ClientCertificates
    ) -> [AuthorizationServerSettings] {
        let sections = root.groups(
            "authorization_servers",
            kinds: Kind.allCases.map(\.rawValue),
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
        var seen: [AuthorizationServerID: String] = [:]
        var earlier: [(path: String, server: AuthorizationServerSettings)] = []
        return sections.compactMap { section in
            let server = AuthorizationServerSettings(section)
            if server?.inbound.requiresClientCertificate ?? false, clientCertificates == .off {
                section.problem(
                    "inbound.require_client_certificate",
                    "needs listen.tls.client_certificates to be optional or required"
                )
            }
            guard let server else { return nil }
            if let earlier = seen.updateValue(section.path, forKey: server.id) {
                section.problem("id", "is already used by \(earlier)")
            }
            for (path, other) in earlier {
                if let shared = server.sharedCredential(with: other) {
                    section.problem(
                        "inbound.base_path",
                        "is already used by \(path), and so is \(shared): use different "
                            + "credentials, or list different workspaces or tenants for both"
                    )
                }
            }
            earlier.append((section.path, server))
            return server
        }
    }

    /// The credential by which a call could be either server's; nil when calls identify one.
    ///
    /// Passwords are known by salted hashes, so that one user name may have one password.
    private func sharedCredential(with other: AuthorizationServerSettings) -> String? {
        func areApart<Name: Hashable>(_ names: [Name], _ others: [Name]) -> Bool {
            !names.isEmpty && !others.isEmpty && Set(names).isDisjoint(with: others)
        }
        guard inbound.basePath == other.inbound.basePath,
            !areApart(outbound.tenants, other.outbound.tenants),
            !areApart(inbound.workspaces, other.inbound.workspaces)
        else { return nil }
        let users = Set(other.inbound.basic.map(\.user))
        if let user = inbound.basic.map(\.user).first(where: users.contains) {
            return "the user \(user)"
        }
        if let key = inbound.apiKey, let others = other.inbound.apiKey,
            key.name.lowercased() == others.name.lowercased(),
            !Set(key.hashes).isDisjoint(with: others.hashes)
        {
            return "a key in \(key.name)"
        }
        return nil
    }

    private init?(_ section: Section) {
        let id = section.requiredText(
            "id",
            example: "acp",
            "Your name for the server. It is part of each login's identity: never change it."
        )
        kind = section.choice("kind", default: .cloudentity, "The kind of server.")
        inbound = InboundSettings(
            section.group("inbound", required: true, "What the server sends to Beckon.")
        )
        outbound = OutboundSettings(
            section.group("outbound", required: true, "How Beckon reports to the server.")
        )
        section.end()
        guard let id = AuthorizationServerID(id) else { return nil }
        self.id = id
    }
}

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
        development: Bool,
        clientCertificates: TLSListenSettings.ClientCertificates
    ) -> [AuthorizationServerSettings] {
        let sections = root.groups("authorization_servers")
        if sections.isEmpty {
            root.problem("authorization_servers", "must name at least one server")
        }
        var seen: [AuthorizationServerID: String] = [:]
        var earlier: [(path: String, server: AuthorizationServerSettings)] = []
        return sections.compactMap { section in
            let server = AuthorizationServerSettings(section, development: development)
            if server?.inbound.requiresClientCertificate ?? false, clientCertificates == .off {
                section.problem(
                    "inbound.require_client_certificate",
                    "needs listen.tls.client_certificates to be optional or required"
                )
            }
            guard let server else { return nil }
            if let earlier = seen.updateValue(section.path, forKey: server.id) {
                section.problem("id", "is that of \(earlier) already")
            }
            for (path, other) in earlier {
                if let shared = server.sharedCredential(with: other) {
                    section.problem(
                        "inbound.base_path",
                        "is that of \(path) already, and \(shared) is that of both: they need other "
                            + "credentials, or workspaces or tenants of which none is the other's"
                    )
                }
            }
            earlier.append((section.path, server))
            return server
        }
    }

    /// The credential by which a call could be either server's; nil when calls tell which one it is.
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

    private init?(_ section: Section, development: Bool) {
        let id = AuthorizationServerID(section.requiredText("id"))
        kind = section.choice("kind", default: .cloudentity)
        inbound = InboundSettings(section.group("inbound"))
        outbound = OutboundSettings(section.group("outbound"), development: development)
        for key in ["inbound", "outbound"] where !section.has(key) { section.missing(key) }
        section.end()
        guard let id else { return nil }
        self.id = id
    }
}
